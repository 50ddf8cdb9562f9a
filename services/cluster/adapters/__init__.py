"""What the cluster service calls: Heat and its sibling services. Each module speaks for one of them."""
