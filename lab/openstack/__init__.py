"""A real OpenStack on one machine: the release's own services, in front of a rack's machines."""
