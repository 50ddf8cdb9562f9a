"""The catalogue: blueprints and elements as immutable versions, their forms, their validation."""
