"""What chassis's own tests stand on; no service imports it."""
