"""What the node service calls: Ironic, and nothing else."""
