"""Windows of homes: opened, written, and read as they stand."""
