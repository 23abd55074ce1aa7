"""The controller's end of the console."""
