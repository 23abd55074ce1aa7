"""`fleet`: a server of many homes. One module for each sub-verb, imported when it is typed."""

from importlib import import_module

import click

SUB_VERBS = {
    "demo": "Run a fleet on this computer, with simulated homes.",
    "sent": "Print exactly what left this home.",
    "init": "Make the folder of a new fleet: keys, certificates, configuration.",
    "doctor": "Check the fleet's folder, NATS, the database and the page, and say what to do.",
    "enrol": "Make a code with which homes join.",
    "revoke": "Revoke a hub: it is disconnected, and its key is refused.",
    "replace": "Replace keys or certificates.",
    "serve": "Run a server of the fleet.",
    "hubs": "List the hubs: which are offline, behind or need attention.",
    "show": "Show a home: its state, its devices, and what the fleet has of it.",
    "history": "Print the history of a device of a home.",
    "energy": "Print the energy of all homes, or of some, by day or month.",
    "set": "Set a point of a device in a home.",
    "do": "List or run the actions of a device in a home.",
    "commands": "List commands with their outcomes.",
    "export": "Write a table over all homes to a file: CSV, JSON lines or Parquet.",
    "restore": "Write the history of a home to a file that gives it back to its hub.",
    "again": "Have everything since a time sent again.",
    "organisation": "List, make, rename and remove organisations.",
    "person": "Set who may log in, with which role; set passwords, make tokens.",
    "forget": "Delete a home and everything that the fleet has of it.",
}


class FleetVerbs(click.Group):
    """A group that imports a sub-verb when it is called; each module has it as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help; imports none of them."""
        return list(SUB_VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Imports the module of this sub-verb only."""
        if name not in SUB_VERBS:
            return None
        command = getattr(import_module(f"unclouded.cli.fleet.{_module(name)}"), "command")  # noqa: B009  (each has one)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help from the table; click would import every sub-verb for its first line."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUB_VERBS.items()))


def _module(name: str) -> str:
    return {"set": "set_", "do": "do_"}.get(name, name)


@click.group("fleet", cls=FleetVerbs)
def command() -> None:
    """Many homes: run the server that their hubs report to, and look at them together. docs/fleet.md

    All sub-verbs but `sent` are for the operator of the fleet, and work on its folder: who may read the folder may
    do everything.
    """
