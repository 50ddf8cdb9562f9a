"""What identity decides, without HTTP and SQL."""
