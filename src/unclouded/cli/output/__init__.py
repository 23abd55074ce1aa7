"""What the verbs print: lines, tables, progress, and how values, times and frames look as text."""
