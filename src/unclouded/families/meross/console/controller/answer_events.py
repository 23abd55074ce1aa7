"""What follows from an answer, whoever asked for it: identity, values, new commands, the outcome of a command."""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.model import Result
from unclouded.core.sessions.session import Event, Identified, Remember, Reported, Settled
from unclouded.families.meross.console.controller.command_lists import LearnedCommands
from unclouded.families.meross.console.controller.last_start import LAST_START, LastStart
from unclouded.families.meross.console.controller.polling import ConsolePolling
from unclouded.families.meross.console.controller.running_command import ConsoleRequest
from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.answer_types import CommandList, ConfigEntries, FirmwareInfo, HardwareInfo
from unclouded.families.meross.console.wire.answers import without_secrets
from unclouded.families.meross.console.wire.redact import masked_line, reads_secret, redact
from unclouded.families.meross.console.wire.values import ON, relay_state, values_of

E2P = "meross e2p"  # its list shows how it is written, not what follows


class AnswerEvents:
    """``uuid``: of the plug, once it has reported it, "" before. ``learned``: its lists of commands.

    ``expected``: the plug that must answer; "" = any. The values of another one are not reported.
    """

    def __init__(self, polling: ConsolePolling, last_start: LastStart, expected: str = "") -> None:
        self.uuid = ""
        self._expected = expected.lower()
        self.learned = LearnedCommands()
        self._info: dict[str, str] = {}
        self._polling = polling
        self._last_start = last_start

    @property
    def why_foreign(self) -> str:
        """Where another plug answers than the expected one: that, as a sentence."""
        if not self._expected or self.uuid.lower() in ("", self._expected):
            return ""
        return (
            f"Another plug is on this console: {self.uuid.lower()} answers instead of {self._expected}."
            " Connect the right one, or correct `uuid` in its [[device]]."
        )

    def of(self, request: ConsoleRequest, answer: ConsoleAnswer) -> list[Event]:
        """The events of an answer, apart from the outcome of its command."""
        if isinstance(answer, HardwareInfo) and answer.uuid:
            self.uuid = answer.uuid
        if self.why_foreign:
            return []
        match answer:
            case HardwareInfo() if answer.uuid:
                return self._identified(_hardware(answer))
            case FirmwareInfo() if answer.version:
                return self._identified({"version": answer.version, "built": answer.built})
            case CommandList() if request.row.name != E2P:
                self.learned.take(request.line, answer)
            case ConfigEntries() if request.line == self._polling.relay_line:
                return self._relay_shown(answer)
        values = values_of(answer)
        events: list[Event] = [Reported(values)] if values else []
        return [*events, *(self.started() if self._last_start.answered(answer) else [])]

    def started(self) -> list[Event]:
        """A start has ended, or more is known of it."""
        remembered = Remember(LAST_START, self._last_start.memory)
        return [remembered, *(self._identified({}) if self.uuid and not self.why_foreign else [])]

    def _identified(self, info: Mapping[str, str]) -> list[Event]:
        self._info = {**self._info, **{name: text for name, text in info.items() if text}}
        return [Identified({**self._info, **self._last_start.info})]

    def _relay_shown(self, answer: ConfigEntries) -> list[Event]:
        state = relay_of(answer)
        if state is None:
            self._polling.reads_by_show = True
            return []
        return [Reported({ON: state})]


def settled(
    request: ConsoleRequest,
    result: Result,
    reason: str,
    answer: ConsoleAnswer | None = None,
    lines: Sequence[str] = (),
) -> list[Event]:
    """The outcome of a request, without secrets unless their owner asks; nothing where no request waits for it.

    ``lines``: of the answer, as they were received; they are part of the outcome where they are asked for.
    """
    if request.ticket is None:
        return []
    if answer is None:
        return [Settled(request.ticket, result, reason)]
    if request.show_secrets:
        return [Settled(request.ticket, result, reason, _plain(answer) | _lines(request, lines))]
    (text,) = masked_lines(request.line, [reason])
    shown = _lines(request, masked_lines(request.line, lines))
    return [Settled(request.ticket, result, text, _plain(_without_secrets(request.line, answer)) | shown)]


def _without_secrets(command: str, answer: ConsoleAnswer) -> ConsoleAnswer:
    shown = without_secrets(answer)
    if _may_show_bare_secrets(command):
        return shown
    return msgspec.structs.replace(shown, unread=tuple(masked_lines(command, answer.unread)))


def masked_lines(command: str, lines: Sequence[str]) -> list[str]:
    """The lines of a command's answer with their secrets blanked; the command may have asked for one, or written it."""
    if not _may_show_bare_secrets(command):
        written = _written_secret(command)
        shown = (line.replace(written, "*" * len(written)) if written else line for line in lines)
        return [masked_line(line.encode()).decode("utf-8", "replace") for line in shown]
    whole = "\r\n".join([command, *lines])
    return redact(None, whole.encode()).decode("utf-8", "replace").split("\r\n")[1:]


def _may_show_bare_secrets(command: str) -> bool:
    """Whether a line of the answer may be a secret, or the rest of one, without its name."""
    return reads_secret(command) or command.split()[:2] == ["config", "show"]


def _written_secret(command: str) -> str:
    """The secret that a command writes; "" where it writes none."""
    parts = command.split(None, 4)
    is_secret = (
        len(parts) == 5 and parts[:2] == ["config", "write"] and masked_line(command.encode()) != command.encode()
    )
    return parts[4] if is_secret else ""


def _lines(request: ConsoleRequest, lines: Sequence[str]) -> dict[str, object]:
    return {"lines": list(lines)} if request.show_lines else {}


def _plain(answer: ConsoleAnswer) -> dict[str, object]:
    """The answer as JSON values; lines that are not understood only where there are some."""
    fields: dict[str, object] = msgspec.to_builtins(answer)
    return fields if answer.unread else {name: value for name, value in fields.items() if name != "unread"}


def relay_of(answer: ConsoleAnswer) -> bool | None:
    """The state of the relay in an answer of ``config``, which may be the value alone."""
    state = values_of(answer).get(ON)
    if isinstance(state, bool):
        return state
    return relay_state(answer.unread[0]) if len(answer.unread) == 1 else None


def _hardware(answer: HardwareInfo) -> Mapping[str, str]:
    """The description of the plug, as the family meross has it."""
    return {
        "identity": answer.uuid.lower(),
        "product": answer.model.lower(),
        "hardware": answer.hardware,
        "region": answer.region,
        "chip": answer.chip.lower(),
        "mac": answer.mac.lower(),
    }
