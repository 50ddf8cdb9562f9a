"""A rack of bare-metal machines on one Linux machine: namespaces, systemd, consoles, and a Redfish BMC for each."""
