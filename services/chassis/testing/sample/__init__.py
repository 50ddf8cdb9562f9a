"""The smallest service with a database: a tenant table, outbox and inbox, and a saga on a world of files."""
