"""Edits of stored values: what is void, what is corrected; the values themselves stay as they are."""
