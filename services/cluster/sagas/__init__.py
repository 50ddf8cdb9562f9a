"""What takes longer than a request: each file one saga, or the steps that several share."""
