"""The actions that a console offers: one for all commands without danger, one for each that must be confirmed."""

from collections.abc import Mapping

from unclouded.core.errors import CommandError
from unclouded.core.model import ActionSpec
from unclouded.core.sessions.session import WireAction
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.families.meross.console.wire.command_line import UNKNOWN_DANGER, TypedCommand, typed
from unclouded.families.meross.console.wire.commands import COMMANDS, RELAY_WARNING, ConsoleCommand

RUN, UNKNOWN, LIST, CANCEL = "console", "console_unknown", "console_commands", "console_cancel"
SECRETS = "secrets"  # the argument that asks for one's own secrets
LINES = "lines"  # the argument that asks for the lines as they were received

_DANGEROUS: Mapping[str, ConsoleCommand] = {row.action: row for row in COMMANDS if row.danger}


def danger_of(row: ConsoleCommand) -> str:
    """What must be known before a command is confirmed."""
    return " ".join(text for text in (row.danger, RELAY_WARNING if row.relay else "") if text)


ACTIONS = (
    ActionSpec(
        name=RUN,
        words="run a command on the console",
        args={
            "command": "as it is typed: meross mem",
            SECRETS: "show, to see your own passwords and keys in the answer",
            LINES: "show, to have the lines of the answer as they were received too",
        },
    ),
    ActionSpec(name=LIST, words="list the commands of the console"),
    ActionSpec(name=CANCEL, words="cancel the command that runs, and those that wait"),
    *(
        ActionSpec(
            name=name,
            words=f"run {row.form}: {row.words}",
            args={one.name: one.words for one in row.args},
            danger=danger_of(row),
        )
        for name, row in _DANGEROUS.items()
    ),
    ActionSpec(
        name=UNKNOWN,
        words="run a command that this program does not know",
        args={"command": "as it is typed"},
        danger=UNKNOWN_DANGER,
    ),
)


def command_of_action(action: WireAction) -> TypedCommand:
    """The command that an action runs. Raises CommandError, also for one that another action must confirm."""
    if action.name in _DANGEROUS:
        row = _DANGEROUS[action.name]
        return TypedCommand(row, action.args, row.line(action.args))
    if action.name not in (RUN, UNKNOWN):
        raise refuse_action(action)
    found = typed(action.args.get("command", ""))
    if action_of(found).name != action.name:
        danger = f" {danger_of(found.row)}" if found.row.danger else ""
        raise CommandError(f"{found.row.form} is the action {action_of(found).name}.{danger}")
    return found


def action_of(command: TypedCommand, show_secrets: bool = False, show_lines: bool = False) -> WireAction:
    """The action that runs a command; where it has a danger, the action must be confirmed."""
    row = command.row
    if not row.danger:
        more = {name: "show" for name, is_shown in ((SECRETS, show_secrets), (LINES, show_lines)) if is_shown}
        return WireAction(RUN, {"command": command.line, **more})
    if _DANGEROUS.get(row.action) is row:
        return WireAction(row.action, command.args)
    return WireAction(UNKNOWN, {"command": command.line})
