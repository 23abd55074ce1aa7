"""Decoded frames explained: their parts by bytes, what changes between frames of one kind, what no profile names."""
