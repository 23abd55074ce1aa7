"""What the frames of a gateway's line mean: the command table, its messages and how they are read."""
