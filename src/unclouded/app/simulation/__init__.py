"""Runs simulated devices on real links."""
