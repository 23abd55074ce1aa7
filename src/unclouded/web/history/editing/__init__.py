"""Edits of the history as people ask for them: checked, with the value that replaces, and what would change."""
