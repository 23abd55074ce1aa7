"""Setting up a plug: the steps, their checks, and the hub that it is set up for."""
