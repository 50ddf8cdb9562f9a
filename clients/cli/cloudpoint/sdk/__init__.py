"""The SDK: one class a noun, over one transport."""
