"""The smallest service with a database: a tenant table, outbox and inbox."""
