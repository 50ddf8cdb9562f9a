"""What decides about blueprints and elements: pure functions over files, no HTTP, no SQL."""
