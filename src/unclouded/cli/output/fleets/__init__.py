"""A fleet as text: its homes, and what it gets of a home."""
