"""Ways to a hub: from the command line, from browsers, and its name in the network."""
