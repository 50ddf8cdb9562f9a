"""What happened: history of each project, and live streams of it."""
