"""The tables of the base, made and kept."""
