"""HTTP of secrets: translate, no more."""
