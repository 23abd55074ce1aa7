"""One channel of a device at run time: its session, its parts, and what happens on its line."""
