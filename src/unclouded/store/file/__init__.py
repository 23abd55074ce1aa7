"""The file of a store as a whole: its tables, its size, a snapshot, and what is readable of a damaged one."""
