"""Readings, energy and costs as text."""
