"""How the relay speaks to the kernel and to the hosts."""
