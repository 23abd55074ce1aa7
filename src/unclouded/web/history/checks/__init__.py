"""Validation of the history: ranges that are suspicious, each with a command that repairs it."""
