"""SQL, and the notifications of PostgreSQL."""
