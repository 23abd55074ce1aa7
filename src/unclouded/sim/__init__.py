"""The simulated home and simulated devices, which run on real links."""
