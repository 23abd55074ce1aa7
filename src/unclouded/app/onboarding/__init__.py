"""From nothing to the first device: what is here, a test of it, and its entry in the configuration."""
