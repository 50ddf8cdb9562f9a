"""The only process with a route to hosts: streams to one (host, port) each, for as long as somebody may have them."""
