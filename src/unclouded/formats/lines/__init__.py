"""Text in which each line has its own time, direction and bytes, whatever program wrote it."""
