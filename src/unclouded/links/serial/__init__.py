"""Serial ports of this computer, and what stands in their place."""
