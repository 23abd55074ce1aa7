"""The publishers of the hub: which table of the configuration runs which, and their life beside the hub."""
