"""The module's end of the ordinary line."""
