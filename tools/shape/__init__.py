"""Figures that show whether the structure of the source is kept, and a picture of its imports."""
