"""The command line: one module per verb, imported when the verb is typed.

Exit codes: 0 done, 1 the device or the link failed, 2 the command or the configuration is invalid.
"""

import sys
from importlib import import_module
from io import TextIOWrapper

import click

from unclouded import VERSION
from unclouded.core.errors import CommandError, ConfigError, UncloudedError
from unclouded.core.text.printable import printable

VERBS = {
    "demo": "Run the hub with simulated devices and show live readings.",
    "run": "Run the hub with your devices.",
    "init": "Find what is here, test it, and add it to the configuration.",
    "service": "Install the hub as a service of systemd, or show its unit.",
    "config": "Show, edit and reload the configuration.",
    "check": "Check the configuration without touching a device.",
    "doctor": "Check this computer, the configuration and the hub, and say what to do.",
    "devices": "List the devices and their states.",
    "alerts": "List what needs attention.",
    "read": "Print the newest values of a device.",
    "set": "Set a point of a device and print the outcome.",
    "do": "List or run the actions of a device.",
    "console": "Open the serial console of an opened plug, or run a command on it.",
    "schedule": "List, make, change or delete the rules that a device carries out by itself.",
    "rules": "List, test, run and switch off the schedules and rules of the hub.",
    "costs": "Print what devices, rooms and the home cost.",
    "bill": "Print the bill of a billing period.",
    "tariffs": "List, check and compare tariffs; the price at a time, and why.",
    "feeds": "List, show, fetch and set prices and other values that change with time.",
    "timer": "Set a point of a device for some time.",
    "setup": "Set up a Meross plug: its Wi-Fi, and this hub as its server.",
    "discover": "List the Meross plugs in this network.",
    "admit": "Admit a plug that has connected to the broker.",
    "forget": "Forget a plug that was admitted; its history stays.",
    "reconnect": "Connect to a device now, not when its next attempt is due.",
    "watch": "Show all devices live.",
    "history": "Print stored readings.",
    "export": "Write stored data to a file: CSV, JSON lines, Parquet or SQLite.",
    "backup": "Make a backup of the hub, list backups, or check one.",
    "restore": "Put a backup back, with the hub stopped.",
    "import": "Import energy that other programs and apps have kept.",
    "retention": "List how long stored values are kept, and what is deleted, when.",
    "store": "Compact the store, or copy the readable history of a damaged one.",
    "web": "Show where the page is and who may open it; set passwords and tokens.",
    "publish": "Show which programs get values of the hub, and what they get.",
    "homekit": "Show the code that adds the hub to Apple Home.",
    "notify": "Send a test message to people.",
    "decode": "Decode bytes, hex or a capture of any family.",
    "commands": "List the commands of a protocol.",
    "firmware": "Show what is in a firmware file, unpack it, or compare two.",
    "record": "Record the bytes on a wire without adding any.",
    "disturb": "Put faults into the line between two real ends.",
    "replay": "Print the readings that the hub would make of a capture.",
    "products": "Search the supported products.",
    "probe": "Query an unknown Tuya MCU and propose a profile for it.",
    "dump": "Print the facts of a device's product, for a report of it.",
    "conform": "Test whether the other end of a line keeps its protocol.",
    "sim": "Simulate a device on a real link.",
    "join": "Join a fleet of many homes, with a code of its operator.",
    "leave": "Leave the fleet: nothing more is sent.",
    "fleet": "Many homes: run the server that their hubs report to, and look at them together.",
}


class Verbs(click.Group):
    """A group that imports a verb when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the help; imports none of them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Imports the module of this verb only."""
        if name not in VERBS:
            return None
        command = getattr(import_module(f"unclouded.cli.verbs.{_module(name)}"), "command")  # noqa: B009  (each verb has one)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help from the table; click would import every verb for its first line."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _module(name: str) -> str:
    return {"set": "set_", "do": "do_", "import": "import_"}.get(name, name)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="unclouded")
def cli() -> None:
    """Smart plugs, Tuya-inside appliances and smart meters, without a cloud."""


def main() -> None:
    """The entry point: every UncloudedError is one sentence and an exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks our characters shows others
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except UncloudedError as error:
        code = print_error(error, "--json" in sys.argv)
    except ModuleNotFoundError as error:
        code = print_error(_without_extra(error), "--json" in sys.argv)
    except BaseExceptionGroup as group:
        _, rest = group.split(UncloudedError)
        if rest is not None:
            raise
        code = print_error(first_of(group), "--json" in sys.argv)
    except BrokenPipeError:
        code = 0  # the reader closed the pipe
        sys.stderr.close()
    sys.exit(code if isinstance(code, int) else 0)


def _without_extra(missing: ModuleNotFoundError) -> UncloudedError:
    """The error of a module that belongs to an extra. Raises ``missing`` where it does not."""
    from unclouded.core.system.extras import missing_extra

    if not (text := missing_extra(missing)):
        raise missing
    return CommandError(text)


def first_of(group: BaseExceptionGroup[BaseException]) -> UncloudedError:
    """The first UncloudedError in a group of errors."""
    for error in group.exceptions:
        if isinstance(error, UncloudedError):
            return error
        if isinstance(error, BaseExceptionGroup):
            return first_of(error)
    raise group


def print_error(error: UncloudedError, as_json: bool) -> int:
    """Print the error; 2 where the command or the configuration is invalid, else 1."""
    code = 2 if isinstance(error, (ConfigError, CommandError)) else 1
    click.echo(printable(f"unclouded: {error}"), err=True)
    if as_json:
        from unclouded.cli.output.lines import print_json

        print_json({"error": {"message": str(error), "exit": code}})
    return code
