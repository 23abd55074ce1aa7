"""Setting up an opened plug over its serial console: to one's own broker, and back from a backup.

console_commands.py commands on the console, on a link of this process or on the hub that holds it
stored_settings.py  reading all settings, writing one and verifying it
backup_file.py      the file of a backup
console_setup.py    the steps
"""
