"""The commands of the console, one row each: how it is written, what it does, what it can destroy, how it answers.

    $ meross e2p mac 34:29:8f:00:00:01        $ is the prompt; words are separated by spaces, and there is no quoting
      └─── name ───┘ └──── argument ────┘

A name may stand in several rows, with and without arguments: ``meross e2p mac`` reads, with an argument it writes.
Source: docs/protocols/meross_console.md §3.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError

PROMPT = "$ "
LONGEST = 200  # characters of a command; no source gives the limit of the shell
INCOMPLETE = "incomplete command, more options:"  # what is printed before the list of a name that is not complete

RELAY_WARNING = (
    "The relay needs mains power. Never connect the board to mains while a serial adapter is connected to it:"
    " its ground is at mains potential, which destroys the computer and can kill you."
)


class ConsoleArgument(msgspec.Struct, frozen=True):
    """One argument. ``options``: the values that it can have, where there are few. ``secret``: it is never shown."""

    name: str
    words: str
    options: tuple[str, ...] = ()
    secret: bool = False


class ConsoleCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command. ``help``: the text behind its name in the device's own list, "" where no list has it.

    ``words``: what it does, for people. ``danger``: what would be lost; such a command must be confirmed. ``relay``: it
    switches the relay (RELAY_WARNING). ``is_list``: it only lists what can follow. ``usage``: it only shows how it is
    written. ``restarts``: the board starts again. ``until``: the text of the line with which its output ends, where
    that comes after the prompt. ``timeout_s``: how long its output may take. ``shown``: a source shows its answer.
    """

    name: str
    words: str
    help: str = ""
    args: tuple[ConsoleArgument, ...] = ()
    danger: str = ""
    relay: bool = False
    is_list: bool = False
    usage: str = ""
    restarts: bool = False
    until: str = ""
    timeout_s: float = 3.0
    shown: bool = True

    @property
    def action(self) -> str:
        """The name of the action that runs it, where it must be confirmed: console_e2p_mac."""
        return "console_" + "_".join(self.name.removeprefix("meross ").split())

    def line(self, args: Mapping[str, str]) -> str:
        """The command as it is typed. Raises CommandError for arguments that it does not have."""
        for name in args:
            if all(name != one.name for one in self.args):
                raise CommandError(f"{self.name} has no argument {name[:80]!r}. It is written: {self.form}.")
        return " ".join((self.name, *(_checked(self, one, args.get(one.name, "")) for one in self.args)))

    @property
    def form(self) -> str:
        """How it is written, with names in place of arguments: config read <group> <item>."""
        return " ".join((self.name, *(f"<{one.name}>" for one in self.args)))


def _checked(row: ConsoleCommand, argument: ConsoleArgument, value: str) -> str:
    """Raises CommandError for a value that cannot be typed; a secret is not repeated."""
    if not value:
        raise CommandError(f"{row.name} needs <{argument.name}>: {argument.words}.")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise CommandError(f"<{argument.name}> of {row.name} has a character that this console cannot take.")
    if argument.options and value not in argument.options:
        raise CommandError(f"<{argument.name}> of {row.name} is {' or '.join(argument.options)}, not {value[:80]!r}.")
    return value


# --- the table ------------------------------------------------------------------------------------

_GROUP = ConsoleArgument("group", "a group of settings", ("common", "STA", "AP", "network", "meross", "factory"))
_ITEM = ConsoleArgument("item", "a key of the group")
_WRITES = "A wrong setting can make the plug unreachable. Write down config show first."
_IDENTITY = "This is the identity of the plug: its keys and its history depend on it, and the old value is lost."

COMMANDS: Sequence[ConsoleCommand] = (
    ConsoleCommand(name="?", help="show the commands available", words="the commands that there are", is_list=True),
    ConsoleCommand(name="ip", help="show current IP config", words="the network interfaces"),
    ConsoleCommand(name="stat", help="show statistics", words="statistics; no source shows them", shown=False),
    ConsoleCommand(name="meross", help="meross module tools", words="the commands of the plug", is_list=True),
    ConsoleCommand(
        name="config", help="user config read/write/reset/show", words="the commands of the settings", is_list=True
    ),
    ConsoleCommand(name="reboot", help="reboot", words="start the board again", restarts=True, timeout_s=15.0),
    ConsoleCommand(name="ver", help="f/w ver", words="the versions of the chip's software"),
    ConsoleCommand(
        name="config read",
        help="config read <group_name> <data_item_name>",
        words="one setting",
        args=(_GROUP, _ITEM),
        shown=False,
    ),
    ConsoleCommand(
        name="config write",
        help="config write <group_name> <data_item_name> <value>",
        words="change one setting",
        args=(_GROUP, _ITEM, ConsoleArgument("value", "the new value", secret=True)),
        danger=_WRITES,
        timeout_s=5.0,
        shown=False,
    ),
    ConsoleCommand(
        name="config reset",
        help="config reset <group_name>",
        words="give a group of settings its initial values",
        args=(_GROUP,),
        danger=f"All settings of the group are lost. {_WRITES}",
        timeout_s=5.0,
        shown=False,
    ),
    ConsoleCommand(name="config show", help="config show <group_name>", words="all settings", timeout_s=8.0),
    ConsoleCommand(name="config show", words="the settings of a group", args=(_GROUP,), timeout_s=8.0, shown=False),
    ConsoleCommand(name="meross hw", help="hardware info", words="model, region, hardware version, UUID and MAC"),
    ConsoleCommand(name="meross fw", help="firmware info", words="the firmware and its date"),
    ConsoleCommand(name="meross net", help="network info", words="the address and the router"),
    ConsoleCommand(name="meross task", help="task info", words="the running tasks"),
    ConsoleCommand(name="meross mem", help="heap info", words="the free memory"),
    ConsoleCommand(name="meross time", help="time info", words="the clock and how long the plug runs"),
    ConsoleCommand(name="meross sun", help="suncal info", words="sunrise and sunset, and of which place"),
    ConsoleCommand(
        name="meross e2p",
        help="e2p info",
        words="how the identity is read and written",
        usage="meross e2p uuid|mac [value]",
    ),
    ConsoleCommand(name="meross e2p uuid", words="the UUID", shown=False),
    ConsoleCommand(
        name="meross e2p uuid",
        words="write the UUID",
        args=(ConsoleArgument("uuid", "32 characters, the last 12 of them the MAC"),),
        danger=_IDENTITY,
        shown=False,
    ),
    ConsoleCommand(name="meross e2p mac", words="the MAC", shown=False),
    ConsoleCommand(
        name="meross e2p mac",
        words="write the MAC",
        args=(ConsoleArgument("mac", "six pairs of hexadecimal digits with colons"),),
        danger=_IDENTITY,
        shown=False,
    ),
    ConsoleCommand(
        name="meross ping",
        help="ping tool",
        words="send one ping",
        args=(ConsoleArgument("address", "an IP address"),),
        until="ping: recv",
        timeout_s=8.0,
    ),
    ConsoleCommand(name="meross power", help="energy info", words="what the plug measures, and the days it keeps"),
    ConsoleCommand(
        name="meross scan", help="scan wifi", words="the Wi-Fi networks around it", until="Scan Done!", timeout_s=15.0
    ),
    ConsoleCommand(
        name="meross switch", help="switch", words="how the relay is switched", usage="meross switch <uuid> on/off"
    ),
    ConsoleCommand(
        name="meross switch",
        words="switch the relay",
        args=(
            ConsoleArgument("uuid", "the UUID of the plug"),
            ConsoleArgument("state", "on or off", ("on", "off")),
        ),
        relay=True,
        shown=False,
    ),
    ConsoleCommand(
        name="meross led",
        help="status led",
        words="how the LEDs are set",
        usage="meross led red/green on/off/quick/slow",
    ),
    ConsoleCommand(
        name="meross led",
        words="set an LED until the plug changes it itself",
        args=(
            ConsoleArgument("led", "red or green", ("red", "green")),
            ConsoleArgument("state", "on, off, or how it flashes", ("on", "off", "quick", "slow")),
        ),
        shown=False,
    ),
    ConsoleCommand(
        name="meross crash",
        help="crash test",
        words="make the system crash; the board starts again",
        danger="The relay may switch off while the board starts again, and values that are not stored yet are lost.",
        restarts=True,
        timeout_s=30.0,
    ),
    ConsoleCommand(name="meross fac", help="fac info", words="whether it is in factory mode"),
    ConsoleCommand(name="meross fac 0", words="end factory mode; then reboot", timeout_s=5.0, shown=False),
    ConsoleCommand(
        name="meross fac 1",
        words="begin factory mode",
        danger="In factory mode the plug leaves your network. Back: meross fac 0, then reboot, on this console.",
        timeout_s=5.0,
        shown=False,
    ),
    ConsoleCommand(
        name="meross test", help="hw test", words="how the hardware is tested", usage="meross test relay count interval"
    ),
    ConsoleCommand(
        name="meross test relay",
        words="switch the relay again and again",
        args=(
            ConsoleArgument("count", "how often"),
            ConsoleArgument("interval", "how long after each other; the unit is not known"),
        ),
        danger="The load behind the plug is switched on and off many times.",
        relay=True,
        timeout_s=60.0,
    ),
    ConsoleCommand(name="meross iot", help="iot command", words="the commands of the connection", is_list=True),
    ConsoleCommand(name="meross iot status", help="show status", words="the states of Wi-Fi and server"),
    ConsoleCommand(
        name="meross iot unbind",
        help="unbind",
        words="forget Wi-Fi, server and account",
        danger="The plug forgets its Wi-Fi, its server and its rules, and must be set up again.",
        restarts=True,
        timeout_s=30.0,
    ),
    ConsoleCommand(
        name="meross iot upgrade",
        help="upgrade",
        words="how firmware is loaded",
        usage="meross iot upgrade <url>",
    ),
    ConsoleCommand(
        name="meross iot upgrade",
        words="load other firmware and start it",
        args=(ConsoleArgument("url", "http://… of the file"),),
        danger="Firmware of another hardware version makes the plug useless.",
        timeout_s=10.0,
        shown=False,
    ),
    ConsoleCommand(name="meross iot rule", help="show rules", words="the timers and the rules that switch it off"),
    ConsoleCommand(
        name="meross iot log",
        help="log on|off",
        words="print the messages of the connection, or no longer",
        args=(ConsoleArgument("state", "on or off", ("on", "off")),),
    ),
    ConsoleCommand(name="meross iot dbg", help="show debug", words="the state of system, network and cloud"),
)

NAMES = tuple(dict.fromkeys(row.name for row in COMMANDS))


def rows_of(name: str) -> list[ConsoleCommand]:
    """The rows with this name: without arguments first."""
    return sorted((row for row in COMMANDS if row.name == name), key=lambda row: len(row.args))


def listed_under(name: str) -> list[ConsoleCommand]:
    """What the device lists after an incomplete command, in its order; ``?``: the commands of the first level."""
    before = "" if name == "?" else f"{name} "
    return [row for row in COMMANDS if row.help and re.fullmatch(rf"{re.escape(before)}\S+", row.name)]
