"""What crosses the wire between services: types only, no behaviour beyond what a type says of itself."""
