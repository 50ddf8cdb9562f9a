"""How the runner speaks to the kernel, to Ansible and to sibling services."""
