"""The terminal on a console: on a screen (screen.py, prompt_toolkit), and for lines from a pipe (script.py)."""
