"""What a run is, how it goes, and what is known of it."""
