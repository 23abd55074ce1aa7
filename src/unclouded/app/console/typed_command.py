"""What a person types on a console, checked before it is sent: which action runs it, and what it can destroy."""

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.session import WireAction
from unclouded.families.meross.console.controller.actions import action_of, danger_of
from unclouded.families.meross.console.wire.command_line import typed
from unclouded.families.meross.console.wire.commands import RELAY_WARNING

FAMILY = "meross_console"
ACTION = "console"  # a device with this action has a console


class CheckedCommand(msgspec.Struct, frozen=True):
    """``action``: what runs the command. ``warning``: to be shown before, "" = nothing."""

    line: str
    action: WireAction
    warning: str = ""


def checked(text: str, *, confirmed: bool, show_secrets: bool = False) -> CheckedCommand:
    """The command of a line. Raises CommandError for one that is wrong, or dangerous and not confirmed."""
    found = typed(text)
    danger = danger_of(found.row)
    if found.row.danger and not confirmed:
        raise CommandError(f"{found.row.form}: {danger} Confirm it with --yes.")
    return CheckedCommand(found.line, action_of(found, show_secrets), RELAY_WARNING if found.row.relay else "")
