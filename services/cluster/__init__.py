"""Clusters: planned, built by sagas, watched by reconcilers."""
