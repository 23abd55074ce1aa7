"""Inputs that are read as a whole: hex in every dress, dumps with offsets, literals, lists."""
