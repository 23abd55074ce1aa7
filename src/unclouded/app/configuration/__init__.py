"""The configuration of a hub: reading, checking and editing its file."""
