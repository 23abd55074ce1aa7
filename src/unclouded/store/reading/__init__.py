"""Reads a store: steps of time, columns of counters, and what a window of time contains."""
