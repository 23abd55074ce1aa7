"""A typed line -> the row of its command and its arguments.

    meross e2p mac 34:29:8f:00:00:01   ──►  the row that writes the MAC, {mac: 34:29:8f:00:00:01}

A line that begins with no known name is a command that this program does not know; it may be known to the device.
"""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.wire.commands import COMMANDS, LONGEST, ConsoleCommand, rows_of

UNKNOWN_DANGER = (
    "This program does not know this command (? lists those of the device): it may change or destroy anything."
)
FIRST_WORDS = frozenset(row.name.split()[0] for row in COMMANDS)


class TypedCommand(msgspec.Struct, frozen=True):
    """A command with its arguments by name, and the line to send."""

    row: ConsoleCommand
    args: Mapping[str, str]
    line: str


def typed(text: str) -> TypedCommand:
    """The command that a person typed. Raises CommandError for a line that cannot be sent, or lacks an argument."""
    line = " ".join(text.split())
    if not line:
        raise CommandError("Which command? The device lists its commands with: ?")
    if len(line) > LONGEST or not (line.isascii() and line.isprintable()):
        raise CommandError(f"A command of this console has at most {LONGEST} characters, all of them ASCII.")
    row = command_of(line)
    if row is None:
        return TypedCommand(unknown(line), {}, line)
    args = _arguments(row, line)
    return TypedCommand(row, args, row.line(args))


@lru_cache(maxsize=256)
def command_of(line: str) -> ConsoleCommand | None:
    """The row of a line; None where it begins with no known name. Of several with the name, that which fits best."""
    words = line.split()[:40]
    for count in range(min(len(words), 4), 0, -1):
        rows = rows_of(" ".join(words[:count]))
        if rows:
            given = len(words) - count
            if given > len(rows[-1].args) and rows[0].is_list:
                return None
            return next((row for row in rows if len(row.args) >= given), rows[-1])
    return None


def unknown(line: str) -> ConsoleCommand:
    """The row of a command that the table does not have."""
    return ConsoleCommand(name=line, words="not known", danger=UNKNOWN_DANGER, shown=False)


def _arguments(row: ConsoleCommand, line: str) -> Mapping[str, str]:
    """Raises CommandError for more arguments than the command has; fewer are reported when the line is made."""
    values = line.split()[len(row.name.split()) :]
    if len(values) > len(row.args):
        forms = " or ".join(dict.fromkeys(one.form for one in rows_of(row.name)))
        if row.args and row.args[-1].secret:  # a secret of several words
            raise CommandError(f"<{row.args[-1].name}> of {row.name} cannot have a space. It is written: {forms}.")
        raise CommandError(
            f"{row.name} does not know {' '.join(values[len(row.args) :])[:80]!r}. It is written: {forms}."
        )
    return {argument.name: value for argument, value in zip(row.args, values, strict=False)}
