"""Readings, states, events and alerts as JSON to an address of the owner's."""
