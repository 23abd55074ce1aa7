"""What a person types on a console, checked before it is sent: which action runs it, and what it can destroy."""

from collections.abc import Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import WireAction
from unclouded.families.meross.console.controller.actions import action_of, danger_of
from unclouded.families.meross.console.controller.answer_events import masked_lines
from unclouded.families.meross.console.wire.answers import HIDDEN
from unclouded.families.meross.console.wire.command_line import TypedCommand, typed
from unclouded.families.meross.console.wire.commands import RELAY_WARNING, ConsoleCommand
from unclouded.families.meross.console.wire.secret_words import may_hold_secret

FAMILY = "meross_console"
ACTION = "console"  # a device with this action has a console


class CheckedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """``action``: what runs the command. ``warning``: to be shown before, "" = nothing.

    ``danger``: what must be known before it is confirmed, "" = nothing. ``shown``: the line without secrets.
    """

    line: str
    shown: str
    row: ConsoleCommand
    action: WireAction
    warning: str = ""
    danger: str = ""

    @property
    def has_secret(self) -> bool:
        return self.shown != self.line

    def masked(self, lines: Sequence[str]) -> list[str]:
        """Lines of its answer without secrets."""
        return masked_lines(self.line, lines)


def parsed(text: str, *, show_secrets: bool = False, show_lines: bool = False) -> CheckedCommand:
    """The command of a line. Raises CommandError for one that is wrong."""
    found = typed(text)
    return CheckedCommand(
        line=found.line,
        shown=_without_secrets(found),
        row=found.row,
        action=action_of(found, show_secrets, show_lines),
        warning=RELAY_WARNING if found.row.relay else "",
        danger=danger_of(found.row) if found.row.danger else "",
    )


def checked(text: str, *, confirmed: bool, show_secrets: bool = False, show_lines: bool = False) -> CheckedCommand:
    """The command of a line. Raises CommandError for one that is wrong, or dangerous and not confirmed."""
    found = parsed(text, show_secrets=show_secrets, show_lines=show_lines)
    if found.danger and not confirmed:
        raise CommandError(f"{found.row.form}: {found.danger} Confirm it with --yes.")
    return found


def may_be_kept(text: str) -> bool:
    """Whether a line may be stored: a command without a secret; of others, those without a word that precedes one."""
    try:
        return not parsed(text).has_secret
    except CommandError:
        return not may_hold_secret(text)


def _without_secrets(command: TypedCommand) -> str:
    """The line with secret arguments hidden; of a command that is not known, all that follows its first words."""
    row = command.row
    if any(one.secret for one in row.args):
        return row.line({one.name: HIDDEN if one.secret else command.args[one.name] for one in row.args})
    if row.name == command.line and row.danger and may_hold_secret(command.line):
        return f"{' '.join(command.line.split()[:2])} {HIDDEN}"
    return command.line
