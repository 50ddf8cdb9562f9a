"""What secrets decides and computes, without HTTP and SQL."""
