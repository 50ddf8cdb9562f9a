"""What the relay decides: who gets which stream, and until when."""
