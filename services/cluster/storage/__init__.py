"""SQL of the cluster service: rows in, contracts out. Transactions are opened by the caller."""
