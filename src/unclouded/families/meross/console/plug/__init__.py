"""The plug's end of the console: the shell of the simulated plug, which is the same one as on Wi-Fi.

console_device.py    the session: the plug's own paths, and the console beside them
shell.py             what is typed ─► a command ─► its answer; the start of the board
line_editor.py       bytes ─► typed lines, with echo      shell_output.py    lines, log, driver; faults of the line
commands_*.py        the answers                          config_store.py    the settings behind ``config``
boot_log.py          the log of a start                   console_faults.py, baud_error.py
"""
