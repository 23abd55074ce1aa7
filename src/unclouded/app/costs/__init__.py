"""Costs of a home from its store: energy by quarters of an hour, bills, costs of devices, comparison of tariffs."""
