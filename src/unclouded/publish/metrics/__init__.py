"""Metrics for Prometheus: names, the text formats, what is counted between two requests."""
