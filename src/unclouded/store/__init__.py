"""The SQLite store: one writer thread, rollups, readers."""
