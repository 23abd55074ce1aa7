"""Writes stored data to files of other programs: CSV, JSON lines, Parquet, SQLite."""
