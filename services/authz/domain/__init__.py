"""What authz decides, without HTTP and SQL."""
