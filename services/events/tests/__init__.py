"""Tests of events, on a real PostgreSQL and RabbitMQ."""
