"""Any product that has a profile, simulated: what it measures follows from the names of its points."""
