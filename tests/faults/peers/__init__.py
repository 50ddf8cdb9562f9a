"""What our saga engine is compared with: the same sagas' steps under a naive worker, and under DBOS."""
