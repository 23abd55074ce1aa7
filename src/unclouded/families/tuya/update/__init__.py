"""Firmware updates over the line: both ends."""
