"""secrets: sealed values, and an SSH certificate authority for each cluster."""
