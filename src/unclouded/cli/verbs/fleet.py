"""`fleet`: the verbs of `unclouded.cli.fleet`."""

from unclouded.cli.fleet import command as fleet_command

command = fleet_command
