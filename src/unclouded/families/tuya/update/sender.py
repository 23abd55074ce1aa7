"""The module's end of an update: a file goes to the MCU, and the MCU must show that it has taken it.

    file? ─► 0a size ─► 0b block, 0b block … ─► 0b end ─► version? version? … a new one ─► confirmed
                           └─ it restarted: refused

While it runs no other request is sent to the MCU; what the MCU sends is received, and answered. How a packet gets
through is in packets.py. File transfer by 37 is another kind and not implemented.
Source: docs/protocols/tuya_wifi.md §2.4.12, §2.4.23.
"""

from collections.abc import Callable, Mapping

from unclouded.core.model import Result as Fate
from unclouded.core.sessions.session import Advanced, Event, SessionCommand, Settled, Ticket, WireAction
from unclouded.core.sessions.session_parts import Timers, earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.line.shapes import OVERHEAD
from unclouded.families.tuya.messages import MODULE_VERSION, Result, Unknown
from unclouded.families.tuya.update.action import UpdateCommand, kilobytes, so_far, update_command_of
from unclouded.families.tuya.update.messages import (
    BLOCK_HEAD,
    BLOCK_SIZES,
    DIGEST,
    LARGEST_BLOCK,
    SUB_VERSION,
    UpdateBlock,
    UpdateStart,
)
from unclouded.families.tuya.update.packets import LIVENESS, PACKET, Packets
from unclouded.families.tuya.update.source_file import SourceFile
from unclouded.families.tuya.update.transfer_kind import TransferKind

PROOF_TIMEOUT_S = 60.0  # for the new version; docs/protocols/tuya_wifi.md §2.4.12
VERSION_PERIOD_S = 1.0  # between two questions for it; ours
HUB_TIMEOUT_S = 10.0  # for the hub to hand out a block; ours
PROGRESS_PERIOD_S = 0.25  # between two reports of how far it is; ours

VERSION = "update version"  # a request, and its timer
NAMES = frozenset({PACKET, LIVENESS, VERSION})
FILE_LATE, PROOF_LATE = "file late", "proof late"  # timers, beside VERSION

_PACKETS = {"starting": "start", "sending": "block", "ending": "end"}
RUNNING = "an update is running"
GRAIN = 16  # bytes that a block is a multiple of, where it is made to fit a buffer: flash is written in words


class _Run:
    """One update. ``sent``: bytes of the file that the MCU has acknowledged; ``size``: of the block under way."""

    def __init__(self, ticket: Ticket, command: UpdateCommand, before: str, file: SourceFile) -> None:
        self.ticket = ticket
        self.command = command
        self.before = before
        self.file = file
        self.phase = "asking"
        self.sent = self.size = 0
        self.began = self.reported = 0.0
        self.latest = ""

    def progress(self, now: float) -> str:
        passed = now - self.began
        rate = f", {self.sent / 1000 / passed:.1f} kB/s" if self.sent and passed > 0 else ""
        return f"{so_far(self.sent, self.file.size)}{rate}"


class Updater:
    """At most one update at a time, of one endpoint.

    ``kinds``: by the name that people write. ``buffer``: bytes of a frame that the MCU takes, 0 = any. ``done``: called
    when the line is free for others again, with whether the MCU starts again. ``alone``: while an update runs, no other
    request is sent.
    """

    def __init__(
        self,
        kinds: Mapping[str, TransferKind],
        parts: EndpointParts,
        buffer: Callable[[], int] = lambda: 0,
        done: Callable[[bool], None] = lambda restarts: None,
        alone: bool = True,
    ) -> None:
        self._kinds = kinds
        self._answers = frozenset(code for kind in kinds.values() for code in (kind.start, kind.block))
        self._ids = parts.ids
        self._queue = parts.queue
        self._deferred = parts.deferred
        self._questions = parts.questions
        self._packets = Packets(parts.queue, parts.counts)
        self._buffer = buffer
        self._done = done
        self._alone = alone
        self._run: _Run | None = None
        self._timers = Timers()
        self._versions: Mapping[str, str] = {}

    @property
    def is_busy(self) -> bool:
        return self._run is not None

    def submit(self, command: SessionCommand, now: float, why_not: str = "", ticket: Ticket = 0) -> Ticket:
        """Any action; and any command at all while an update runs. ``ticket``: one that was taken before.

        Raises CommandError.
        """
        update = update_command_of(command, self._kinds) if isinstance(command, WireAction) else None
        ticket = ticket or self._ids.next()
        if why_not:
            self._deferred.add([Settled(ticket, "unreachable", why_not)], now)
        elif self._run is not None or update is None:
            self._deferred.add([Settled(ticket, "refused", RUNNING)], now)
        else:
            before = self._versions.get(_version_key(update), "")
            file = SourceFile(update.file, self._questions, self._file_changed, is_forced=update.is_forced)
            self._run = _Run(ticket, update, before, file)
            self._timers.set(FILE_LATE, now + HUB_TIMEOUT_S)
            self._deferred.add(file.begin(now), now)
        return ticket

    def received(self, message: Message, request: Request | None, now: float) -> list[Event] | None:
        """An answer of the MCU to an update; None = it is none, or there is no update."""
        run = self._run
        if run is None or message.command not in self._answers:
            return None
        is_awaited = self._packets.received(message.command, request, now)
        return self._acknowledged(run, message, now) if is_awaited else []

    def restarted(self, now: float) -> list[Event]:
        """The MCU reports a restart. Before the first block it may: some take updates only then."""
        run = self._run
        if run is None or run.phase not in ("sending", "ending"):
            return []
        if run.phase == "ending" and run.command.kind.replaces:  # it has the end marker, and its answer was lost
            self._packets.done()
            return self._ended(run, now)
        return self._settle(
            "refused", f"the MCU restarted in the middle of the update at {so_far(run.sent, run.file.size)}"
        )

    def identified(self, info: Mapping[str, str]) -> list[Event]:
        """The product info of the MCU, each time it reports one."""
        self._versions = info
        run = self._run
        if run is None or run.phase != "proving":
            return []
        version = info.get(_version_key(run.command), "")
        if not version:
            return []
        run.latest = version
        wanted = run.command.version
        if version == wanted or (not wanted and version != run.before):
            return self._settle("confirmed", f"version {version}")
        if version != run.before:
            return self._settle("refused", f"the MCU reports version {version} now, not {wanted}")
        return []

    def unanswered(self, request: Request, now: float) -> list[Event]:
        """The last try of this request has timed out."""
        run = self._run
        if run is None or not self._packets.unanswered(request, now):
            return []
        if run.phase == "ending" and run.command.kind.silent_end:
            self._packets.done()
            return self._ended(run, now)
        what = _PACKETS[run.phase]
        where = f" at {so_far(run.sent, run.file.size)}" if run.phase == "sending" else ""
        return self._settle("timeout", f"the MCU does not answer the {what} of the update{where}")

    def lost(self, reason: str) -> list[Event]:
        """There is no path to the MCU any more."""
        run = self._run
        if run is None:
            return []
        where = f"the update came to {so_far(run.sent, run.file.size)}" if run.file.size else "the update had not begun"
        self._forget()
        return [Settled(run.ticket, "unreachable", f"{reason.rstrip('.')}: {where}")]

    def asleep(self, reason: str) -> list[Event]:
        """The device sleeps. After the end of an update that is not a loss: it reports its version when it wakes."""
        return [] if self._run is not None and self._run.phase == "proving" else self.lost(reason)

    def tick(self, now: float) -> list[Event]:
        """Do what is due at ``now``: send the next packet again, or end the update."""
        events: list[Event] = []
        run = self._run
        if self._packets.tick(now) and run is not None and run.phase == "sending":
            events += self._next(run, now)
        for name in self._timers.due(now):
            run = self._run
            if run is not None:
                events += self._due(name, run, now)
        return events

    def deadline(self) -> float | None:
        """When the update has something to do, in monotonic seconds; None = it waits for an answer, or none runs."""
        return earliest(self._packets.deadline(), self._timers.earliest())

    # --- step by step ------------------------------------------------------------------------------

    def _file_changed(self, file: SourceFile, now: float) -> list[Event]:
        """The hub has answered."""
        run = self._run
        if run is None or run.file is not file:
            return []
        if file.problem:
            return self._settle("refused", file.problem)
        if run.phase == "asking":
            return self._begin(run, now)
        return self._next(run, now) if run.phase == "sending" and self._packets.is_free else []

    def _begin(self, run: _Run, now: float) -> list[Event]:
        """The file is there: send the MCU its size."""
        command, file = run.command, run.file
        if command.channel is not None and len(file.md5) != DIGEST:
            return self._settle("refused", f"the hub does not know the MD5 of {file.name}")
        run.phase = "starting"
        self._timers.clear(FILE_LATE)
        if self._alone:
            self._queue.reserve(NAMES)
        if command.channel is None:
            self._send(run, UpdateStart(command.kind.start, file.size))
        else:
            version = tuple(map(int, command.version.split(".")))
            self._send(run, UpdateStart(command.kind.start, file.size, file.md5, command.channel, version))
        return [Advanced(run.ticket, 0, file.size, run.progress(now))]

    def _acknowledged(self, run: _Run, message: Message, now: float) -> list[Event]:
        """The packet under way has come to the MCU."""
        if run.phase == "starting":
            return self._cut(run, message, now)
        if run.phase == "ending":
            return self._ended(run, now)
        run.sent += run.size
        events = self._advance(run, now)
        events += run.file.ask_ahead(run.sent, now)
        return [*events, *self._next(run, now)] if self._packets.is_free else events

    def _cut(self, run: _Run, message: Message, now: float) -> list[Event]:
        """The MCU has answered how long the blocks are to be."""
        step = self._step(run.command.kind, message)
        if not step:
            return self._settle("refused", "the MCU asks for blocks of a size that is not known, or too long for it")
        run.phase = "sending"
        run.began = run.reported = now
        self._timers.set(FILE_LATE, now + HUB_TIMEOUT_S)
        return run.file.cut(step, now)

    def _step(self, kind: TransferKind, message: Message) -> int:
        """Bytes in a block; 0 = it cannot be. MCUs that answer nothing more are old and take the shortest."""
        match message:
            case _ if kind.step:
                step = kind.step
            case Result(code=code):
                step = BLOCK_SIZES.get(code, 0)
            case Unknown(data=b""):
                step = min(BLOCK_SIZES.values())
            case _:
                step = 0
        buffer = self._buffer()
        room = buffer - OVERHEAD - BLOCK_HEAD if buffer else LARGEST_BLOCK
        return step if step <= room else max(room // GRAIN * GRAIN, 0)

    def _next(self, run: _Run, now: float) -> list[Event]:
        """The next block, or the end of the file."""
        kind, channel = run.command.kind, run.command.channel
        if run.sent >= run.file.size:
            run.phase = "ending"
            self._send(run, UpdateBlock(kind.block, run.file.size, b"", channel))
            return []
        data = run.file.block(run.sent)
        if data is None:
            self._timers.set(FILE_LATE, now + HUB_TIMEOUT_S)
            return []
        self._timers.clear(FILE_LATE)
        run.size = len(data)
        self._send(run, UpdateBlock(kind.block, run.sent, data, channel))
        return []

    def _ended(self, run: _Run, now: float) -> list[Event]:
        """All of it is there: what does the MCU report now?"""
        if not run.command.kind.replaces:
            return self._settle("confirmed", f"{kilobytes(run.file.size)} sent")
        run.phase = "proving"
        self._release()
        self._done(True)
        self._timers.set(PROOF_LATE, now + PROOF_TIMEOUT_S)
        self._timers.set(VERSION, now + VERSION_PERIOD_S)
        return [Advanced(run.ticket, run.file.size, run.file.size, "waiting for the MCU to restart")]

    def _due(self, timer: str, run: _Run, now: float) -> list[Event]:
        if timer == FILE_LATE:
            return self._settle("timeout", f"the hub did not hand out {run.command.file}")
        if timer == PROOF_LATE and run.latest:
            return self._settle("refused", f"the MCU still reports version {run.latest} a minute after the update")
        if timer == PROOF_LATE:
            return self._settle("timeout", "the MCU took the update, and has not reported its version for a minute")
        self._queue.cancel(VERSION)
        question = run.command.kind.version
        if question is None:
            return []
        request = Request(bytes(question.frame), question.rule, VERSION_PERIOD_S, name=VERSION, must=True)
        self._queue.add(request)
        self._timers.set(VERSION, now + VERSION_PERIOD_S)
        return []

    # --- inside ------------------------------------------------------------------------------------

    def _send(self, run: _Run, message: UpdateStart | UpdateBlock) -> None:
        version = MODULE_VERSION if run.command.channel is None else SUB_VERSION
        kind = run.command.kind
        frame = Frame(version, message.command, kind.head + message.payload())
        self._packets.send(bytes(frame), message.command, kind.liveness)

    def _release(self) -> None:
        """The line is free for other requests again."""
        if self._alone:
            self._queue.release()

    def _advance(self, run: _Run, now: float) -> list[Event]:
        if run.sent < run.file.size and now < run.reported + PROGRESS_PERIOD_S:
            return []
        run.reported = now
        return [Advanced(run.ticket, run.sent, run.file.size, run.progress(now))]

    def _settle(self, fate: Fate, reason: str) -> list[Event]:
        """The end of it; the line is free for other things."""
        run = self._run
        self._forget()
        if run is None:
            return []
        if run.phase in ("starting", "sending", "ending"):
            self._done(False)
        return [Settled(run.ticket, fate, reason)]

    def _forget(self) -> None:
        if self._run is not None:
            self._run.file.close()
        self._run = None
        self._timers.clear_all()
        self._packets.forget()
        self._queue.cancel(VERSION)
        self._release()


def _version_key(command: UpdateCommand) -> str:
    return "version" if command.channel is None else f"version_{command.channel}"
