"""The action "update": a plug fetches its firmware from the hub, restarts, and must report another version.

    submit ──► AskFile, AskBlock ──► the right file? ──► AskDownload ──► SET Upgrade {url, md5} ──► SETACK
    every second: AskDownload (how far is it?), and from its end on System.All (which version?)
    ──► another version: confirmed     ──► still the old one, never fetched, stopped, PUSH "failed": refused

While it runs the plug is not switched. Source: docs/protocols/meross.md §1.8.18, §1.11.5.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import ActionSpec, Result
from unclouded.core.sessions.session import (
    Advanced,
    Answer,
    AskBlock,
    AskDownload,
    Asked,
    AskFile,
    Event,
    Question,
    Refusal,
    Settled,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import Ids, Timers
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.controller.paths.requests import POLLS, STATE
from unclouded.families.meross.firmware.image_file import read_firmware, why_not
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET
from unclouded.families.meross.wire.messages import Hardware, System, payload_of

HUB_TIMEOUT_S = 10.0  # for an answer of the hub; all of these are ours
FETCH_TIMEOUT_S = 60.0  # from the acknowledgement to the first byte
STALL_TIMEOUT_S = 60.0  # without a further byte
PROOF_TIMEOUT_S = 180.0  # from the last byte to another version: written to flash, restart, Wi-Fi
LOOK_EVERY_S = 1.0  # how far is it?
ASK_VERSION_EVERY_S = 3.0
FAILED_STATUS = {3: "it could not download the file", 4: "it rejects the signature of the file"}
SET_UPGRADE = "upgrade"
LATE, LOOK, ASK_VERSION = "late", "look", "version"  # the timers
RUNNING = "An update of this plug is running."

UPDATE = ActionSpec(
    name="update",
    words="Install other firmware from a file",
    args={
        "file": "the file to install",
        "version": "what the plug must report afterwards, as 2.1.17; left out: anything but what it reports now",
        "force": "yes: install a file of unknown kind or for other hardware",
    },
    danger="Firmware of other hardware, or a power cut half-way, can leave the plug dead.",
    files=("file",),
)


class _Progress(msgspec.Struct, frozen=True):
    """The hub's answer to AskDownload."""

    url: str
    md5: str
    size: int
    sent: int
    whole: int


class FirmwareUpdate:
    """At most one update of one plug. ``send``: queues a request to the plug."""

    def __init__(self, ids: Ids, send: Callable[[WindowRequest], None]) -> None:
        self._ids = ids
        self._send = send
        self._timers = Timers()
        self._questions: dict[int, Question] = {}
        self._ticket: Ticket = 0
        self._args: Mapping[str, str] = {}
        self._plug = System(Hardware())
        self._latest: _Progress | None = None
        self._is_acknowledged = False

    @property
    def is_running(self) -> bool:
        return bool(self._ticket)

    def submit(self, command: WireAction, plug: System, now: float) -> tuple[Ticket, list[Event]]:
        """``plug``: what it reported last. Raises CommandError, which names what to write."""
        _check(command)
        if self.is_running:
            raise CommandError(RUNNING)
        if not plug.firmware.inner_ip:
            raise CommandError("The plug has not reported its address, so it cannot be offered a file.")
        self._ticket, self._args, self._plug = self._ids.next(), command.args, plug
        self._latest, self._is_acknowledged = None, False
        self._timers.set(LATE, now + HUB_TIMEOUT_S)
        return self._ticket, [self._ask(AskFile(self._file))]

    # --- what comes ----------------------------------------------------------------------------

    def answer(self, id: int, value: Answer | Refusal, now: float) -> list[Event]:
        """The hub's answer to a question; nothing where it is none of ours."""
        question = self._questions.pop(id, None)
        if question is None or not self.is_running:
            return []
        if isinstance(value, Refusal):
            return self._settle("refused", value.reason)
        match question:
            case AskFile() if isinstance(value, Mapping):
                return [self._ask(AskBlock(0, int(value["size"]), self._file))]
            case AskBlock() if isinstance(value, bytes):
                return self._checked(value)
            case AskDownload() if isinstance(value, Mapping):
                return self._advanced(msgspec.convert(value, _Progress), now)
        return self._settle("refused", "The hub gave an answer of another kind.")

    def acknowledged(self, now: float) -> None:
        """The plug has acknowledged the request."""
        if self.is_running and not self._is_acknowledged:
            self._is_acknowledged = True
            self._timers.set(LATE, now + FETCH_TIMEOUT_S)
            self._timers.set(LOOK, now + LOOK_EVERY_S)

    def failed(self, result: Result, why: str) -> list[Event]:
        """The request was refused, or there is no path left on which it could be sent."""
        return self._settle(result, why) if self.is_running and not self._is_acknowledged else []

    def pushed(self, status: int) -> list[Event]:
        """PUSH upgradeInfo. Sources disagree about 1 and 2; only its failures count."""
        if not self.is_running or status not in FAILED_STATUS:
            return []
        return self._settle("refused", f"The plug reports that {FAILED_STATUS[status]}. {self._unchanged()}")

    def identified(self, plug: System, now: float) -> list[Event]:
        """The plug has reported its state."""
        if not self.is_running or self._latest is None or not self._latest.whole:
            return []
        version, expected = plug.firmware.version, self._args.get("version", "")
        if version == self._plug.firmware.version or not version:
            return []
        if expected and version != expected:
            return self._settle("refused", f"The plug reports version {version}, not {expected}.")
        return self._settle("confirmed", f"version {version}")

    def tick(self, now: float) -> list[Event]:
        """Do what is due at ``now``: ask for the version, or end an update that takes too long."""
        events: list[Event] = []
        for name in self._timers.due(now):
            if name == LATE:
                return [*events, *self._late()]
            if name == ASK_VERSION:
                self._timers.set(ASK_VERSION, now + ASK_VERSION_EVERY_S)
                self._send(POLLS[STATE])
            else:
                self._timers.set(LOOK, now + LOOK_EVERY_S)
                events += self._look()
        return events

    def deadline(self) -> float | None:
        """When the update is late or the plug is asked how far it is, in monotonic seconds; None = none runs."""
        return self._timers.earliest()

    # --- inside --------------------------------------------------------------------------------

    @property
    def _file(self) -> str:
        return self._args["file"]

    def _ask(self, question: Question) -> Asked:
        id = self._ids.next()
        self._questions[id] = question
        return Asked(id, question)

    def _look(self) -> list[Event]:
        if self._questions:
            return []
        return [self._ask(AskDownload(self._file, self._plug.firmware.inner_ip))]

    def _checked(self, data: bytes) -> list[Event]:
        """The whole file is here: is it one for this plug?"""
        hardware = self._plug.hardware
        file = read_firmware(self._file, data)
        reason = why_not(file, hardware.type, hardware.version, hardware.sub_type)
        if reason and (file.faults or self._args.get("force") != "yes"):
            return self._settle("refused", reason)
        return self._look()

    def _advanced(self, progress: _Progress, now: float) -> list[Event]:
        before, self._latest = self._latest, progress
        if before is None:
            self._send(WindowRequest(SET_UPGRADE, SET, namespaces.UPGRADE, _upgrade(progress)))
            return []
        if progress == before:
            return []
        if progress.whole and not before.whole:
            self._timers.clear(LOOK)
            self._timers.set(LATE, now + PROOF_TIMEOUT_S)
            self._timers.set(ASK_VERSION, now + ASK_VERSION_EVERY_S)
            return [Advanced(self._ticket, progress.size, progress.size, "the plug installs it and restarts")]
        self._timers.set(LATE, now + STALL_TIMEOUT_S)
        return [Advanced(self._ticket, progress.sent, progress.size, "the plug fetches the file")]

    def _late(self) -> list[Event]:
        """A time-out: what has not happened."""
        latest = self._latest
        if latest is None:
            return self._settle("timeout", f"The hub did not answer within {HUB_TIMEOUT_S:g} s.")
        if not self._is_acknowledged:
            return self._settle("timeout", "The plug did not acknowledge the update.")
        if latest.whole:
            version = self._plug.firmware.version
            return self._settle(
                "refused",
                f"The plug has fetched the file, but did not report another version than {version} "
                f"within {PROOF_TIMEOUT_S:g} s. It may have rejected the file.",
            )
        if not latest.sent:
            return self._settle(
                "timeout",
                f"The plug did not fetch the file from {latest.url} within {FETCH_TIMEOUT_S:g} s. Does a firewall on "
                f"this computer block that port? {self._unchanged()}",
            )
        return self._settle(
            "timeout", f"The download stopped at {latest.sent} of {latest.size} bytes. {self._unchanged()}"
        )

    def _unchanged(self) -> str:
        return f"It still has version {self._plug.firmware.version}."

    def _settle(self, result: Result, reason: str) -> list[Event]:
        ticket, self._ticket = self._ticket, 0
        self._timers.clear_all()
        self._questions.clear()
        return [Settled(ticket, result, reason)]


def _upgrade(progress: _Progress) -> bytes:
    return payload_of(upgrade={"md5": progress.md5, "url": progress.url})


def _check(command: WireAction) -> None:
    """Raises CommandError."""
    args: Mapping[str, Any] = command.args
    for name in args:
        if name not in UPDATE.args:
            raise CommandError(
                f"update has no argument {name}=; it takes {', '.join(f'{one}=' for one in UPDATE.args)}."
            )
    if not args.get("file"):
        raise CommandError("Which file? Write file=NAME.")
    if args.get("force", "yes") != "yes":
        raise CommandError("Write force=yes, or leave it out.")
