"""HTTP of identity: translate, no more."""
