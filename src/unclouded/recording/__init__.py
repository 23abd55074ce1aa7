"""Captures, and what records them: a tap on a link, a bridge between two real ends, a monitor of a line."""
