"""How the lab comes by what machines need: as root, or without, as root of a user namespace of one's own."""
