"""What decides: no HTTP, no SQL."""
