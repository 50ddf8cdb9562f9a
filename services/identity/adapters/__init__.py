"""How identity speaks to other services and to Keystone."""
