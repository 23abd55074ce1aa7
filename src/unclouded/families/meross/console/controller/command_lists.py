"""What the device lists of its commands: what this program knows, and what it learns.

?  meross  config  meross iot     the lists that are asked for at the start; others come with use
meross foo - a new thing          not in the table: offered as the device describes it, and confirmed before it runs
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.families.meross.console.wire.answer_types import CommandList
from unclouded.families.meross.console.wire.command_line import UNKNOWN_DANGER
from unclouded.families.meross.console.wire.commands import COMMANDS, NAMES

LISTS = ("?", "meross", "config", "meross iot")
MOST_LEARNED = 200
LONGEST_NAME = 60


class OfferedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command for completion. ``form``: how it is written. ``listed``: by the device. ``danger``: what is lost."""

    name: str
    form: str
    help: str
    danger: str = ""
    action: str = ""
    relay: bool = False
    listed: bool = False
    options: Mapping[str, Sequence[str]] = {}


class LearnedCommands:
    """The lists that the device has given."""

    def __init__(self) -> None:
        self._help: dict[str, str] = {}

    def take(self, line: str, answer: CommandList) -> None:
        """The list that came after ``line``."""
        before = "" if line == "?" else f"{line} "
        for one in answer.commands:
            name = f"{before}{one.name}"
            if len(self._help) < MOST_LEARNED and len(name) <= LONGEST_NAME and one.name.isprintable():
                self._help[name] = one.help

    @property
    def new(self) -> Sequence[str]:
        """The names that the table does not have."""
        return [name for name in self._help if name not in NAMES]

    def offered(self) -> list[OfferedCommand]:
        """All commands: those of the table, then the new ones."""
        known = [
            OfferedCommand(
                name=row.name,
                form=row.form,
                help=self._help.get(row.name, "") or row.help or row.words,
                danger=row.danger,
                action=row.action if row.danger else "console",
                relay=row.relay,
                listed=row.name in self._help,
                options={one.name: one.options for one in row.args if one.options},
            )
            for row in COMMANDS
        ]
        return [
            *known,
            *(
                OfferedCommand(
                    name=name,
                    form=name,
                    help=self._help[name],
                    danger=UNKNOWN_DANGER,
                    action="console_unknown",
                    listed=True,
                )
                for name in self.new
            ),
        ]
