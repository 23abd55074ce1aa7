"""Retention: how long samples and rolled-up rows are kept, and their deletion in small steps."""
