"""Levels of lines, as logic analysers record them -> bytes of a UART."""
