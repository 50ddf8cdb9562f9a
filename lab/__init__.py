"""A bare-metal cloud on one machine: machines, the APIs in front of them, and what starts it all."""
