"""Number, fan out, put into words: no HTTP, no SQL."""
