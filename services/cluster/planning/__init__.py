"""Pure functions from a blueprint, parameters and capacity to an immutable plan. No choice is left to its execution."""
