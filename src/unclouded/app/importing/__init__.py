"""Import of energy that other programs have kept: files are read, planned against the store, written, undone."""
