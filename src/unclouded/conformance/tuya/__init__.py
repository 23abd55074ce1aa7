"""What the checks of all Tuya lines have in common."""
