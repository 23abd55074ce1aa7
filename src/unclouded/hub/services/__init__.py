"""What the hub answers to the questions of devices."""
