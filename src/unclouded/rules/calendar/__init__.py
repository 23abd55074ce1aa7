"""When something is due: moments of the day, the sun."""
