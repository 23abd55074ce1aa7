"""Logs of named programs, each with its own grammar: firmware of modules, and programs for serial ports."""
