"""Changing the stored settings of a plug over its console: what is to be written, and the backup of all of it."""
