"""The store beside the hub, or without one: read, edited, kept small, salvaged."""
