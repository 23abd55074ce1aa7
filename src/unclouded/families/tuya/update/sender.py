"""The module's end of an update: a file goes to the MCU, and the MCU must show that it has taken it.

    file? ─► 0a size ─► 0b block, 0b block … ─► 0b end ─► 01? 01? … a new version ─► confirmed
                           └─ it restarted: refused

While it runs nothing else is asked of the MCU; what it says of itself is heard, and answered. How a packet gets
through is the business of update_packets. File transfer by 37 is another kind and not spoken.
Source: docs/protocols/tuya_wifi.md §2.4.12, §2.4.23.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping

from unclouded.core.model import Result as Fate
from unclouded.core.session import Advanced, Answer, Event, Refusal, SessionCommand, Settled, Ticket, WireAction
from unclouded.core.session_parts import DeferredEvents, Timers, earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.line.shapes import OVERHEAD
from unclouded.families.tuya.messages import MODULE_VERSION, Bare, Result, Unknown, frame_of
from unclouded.families.tuya.update.action import UpdateCommand, kilobytes, order_of, so_far
from unclouded.families.tuya.update.messages import (
    BLOCK_HEAD,
    BLOCK_SIZES,
    DIGEST,
    LARGEST_BLOCK,
    SUB_VERSION,
    TransferKind,
    UpdateBlock,
    UpdateStart,
)
from unclouded.families.tuya.update.packets import ALIVE, PACKET, Packets
from unclouded.families.tuya.update.source_file import SourceFile

PROVING = 60.0  # s for the new version; docs/protocols/tuya_wifi.md §2.4.12
AGAIN = 1.0  # s between two questions for it; ours
HOUSE = 10.0  # s for the house to hand out a block; ours
TELLING = 0.25  # s between two words of how far it is

VERSION = "update version"  # a request, and its timer
NAMES = frozenset({PACKET, ALIVE, VERSION})
ASKED, LAST = "asked the house", "last"  # timers, beside VERSION

FIRST_ID = 1 << 32  # tickets and questions of updates are numbered from here: the session's own stay below
_PACKETS = {"starting": "start", "sending": "block", "ending": "end"}
RUNNING = "an update is running"
GRAIN = 16  # bytes that a block is a multiple of, where it is made to fit a buffer: flash is written in words


class _Run:
    """One update. ``sent``: bytes of the file that the MCU has acknowledged; ``size``: of the block under way."""

    def __init__(self, ticket: Ticket, order: UpdateCommand, before: str, file: SourceFile) -> None:
        self.ticket = ticket
        self.order = order
        self.before = before
        self.file = file
        self.phase = "asking"
        self.sent = self.size = 0
        self.began = self.told = 0.0
        self.latest = ""

    def words(self, now: float) -> str:
        passed = now - self.began
        rate = f", {self.sent / 1000 / passed:.1f} kB/s" if self.sent and passed > 0 else ""
        return f"{so_far(self.sent, self.file.size)}{rate}"


class Updater:
    """At most one update at a time, of one session.

    ``courses``: by kind. ``buffer``: bytes of a frame that the MCU takes, 0 = any. ``done``: called when the line is
    free again, with whether the MCU starts anew. ``doubts``: whether the MCU can be asked by a heartbeat if it lives.
    """

    def __init__(
        self,
        courses: Mapping[str, TransferKind],
        pace: RequestQueue,
        counts: Counter[str],
        buffer: Callable[[], int] = lambda: 0,
        done: Callable[[bool], None] = lambda restarts: None,
        doubts: bool = True,
    ) -> None:
        self._courses = courses
        self._answers = frozenset(code for course in courses.values() for code in (course.start, course.block))
        self._pace = pace
        self._packets = Packets(pace, counts, doubts)
        self._buffer = buffer
        self._done = done
        self._run: _Run | None = None
        self._timers = Timers()
        self._later = DeferredEvents()
        self._versions: Mapping[str, str] = {}
        self._numbers = itertools.count(FIRST_ID)

    @property
    def busy(self) -> bool:
        return self._run is not None

    def submit(self, command: SessionCommand, now: float, why_not: str = "") -> Ticket:
        """Any action; and any wish at all while an update runs. Raises CommandError."""
        order = order_of(command, self._courses) if isinstance(command, WireAction) else None
        ticket = next(self._numbers)
        if why_not:
            self._later.add([Settled(ticket, "unreachable", why_not)], now)
        elif self._run is not None or order is None:
            self._later.add([Settled(ticket, "refused", RUNNING)], now)
        else:
            before = self._versions.get(_version_key(order), "")
            run = self._run = _Run(ticket, order, before, SourceFile(order.file, self._numbers))
            self._timers.set(ASKED, now + HOUSE)
            self._later.add(run.file.begin(), now)
        return ticket

    def owns(self, id: int) -> bool:
        """Is this a question of ours?"""
        return id >= FIRST_ID

    def answer(self, id: int, value: Answer | Refusal, now: float) -> list[Event]:
        run = self._run
        if run is None or not run.file.answer(id, value):
            return []
        if run.file.trouble:
            return self._settle("refused", run.file.trouble)
        if run.phase == "asking":
            return self._begin(run, now)
        return self._next(run, now) if run.phase == "sending" and self._packets.is_free else []

    def hear(self, message: Message, request: Request | None, now: float) -> list[Event] | None:
        """An answer of the MCU to an update; None = it is none, or there is no update."""
        run = self._run
        if run is None or message.command not in self._answers:
            return None
        return self._acknowledged(run, message, now) if self._packets.hear(message.command, request, now) else []

    def restarted(self, now: float) -> list[Event]:
        """The MCU says that it has started again. Before the first block it may: some take updates only then."""
        run = self._run
        if run is None or run.phase not in ("sending", "ending"):
            return []
        if run.phase == "ending" and run.order.course.replaces:  # it has the end marker, and its answer was lost
            self._packets.done()
            return self._ended(run, now)
        return self._settle(
            "refused", f"the MCU restarted in the middle of the update at {so_far(run.sent, run.file.size)}"
        )

    def identified(self, info: Mapping[str, str]) -> list[Event]:
        """What the MCU says of itself, each time it does."""
        self._versions = info
        run = self._run
        if run is None or run.phase != "proving":
            return []
        version = info.get(_version_key(run.order), "")
        if not version:
            return []
        run.latest = version
        wanted = run.order.version
        if version == wanted or (not wanted and version != run.before):
            return self._settle("confirmed", f"version {version}")
        if version != run.before:
            return self._settle("refused", f"the MCU says version {version} now, not {wanted}")
        return []

    def unanswered(self, request: Request, now: float) -> list[Event]:
        """This request was given up."""
        run = self._run
        if run is None or not self._packets.unanswered(request, now):
            return []
        what = _PACKETS[run.phase]
        where = f" at {so_far(run.sent, run.file.size)}" if run.phase == "sending" else ""
        return self._settle("timeout", f"the MCU does not answer the {what} of the update{where}")

    def lost(self, reason: str) -> list[Event]:
        """There is no way to the MCU any more."""
        run = self._run
        if run is None:
            return []
        where = f"the update came to {so_far(run.sent, run.file.size)}" if run.file.size else "the update had not begun"
        self._forget()
        return [Settled(run.ticket, "unreachable", f"{reason.rstrip('.')}: {where}")]

    def asleep(self, reason: str) -> list[Event]:
        """The device sleeps. After the end of an update that is no loss: it will tell its version when it wakes."""
        return [] if self._run is not None and self._run.phase == "proving" else self.lost(reason)

    def tick(self, now: float) -> list[Event]:
        events = self._later.take()
        run = self._run
        if self._packets.tick(now) and run is not None and run.phase == "sending":
            events += self._next(run, now)
        for name in self._timers.due(now):
            run = self._run
            if run is not None:
                events += self._due(name, run, now)
        return events

    def deadline(self) -> float | None:
        return earliest(self._later.deadline(), self._packets.deadline(), self._timers.earliest())

    # --- step by step ------------------------------------------------------------------------------

    def _begin(self, run: _Run, now: float) -> list[Event]:
        """The file is there: tell the MCU how long it is."""
        order, file = run.order, run.file
        if order.channel is not None and len(file.md5) != DIGEST:
            return self._settle("refused", f"the house does not say the MD5 of {file.name}")
        run.phase = "starting"
        self._timers.clear(ASKED)
        self._pace.reserve(NAMES)
        if order.channel is None:
            self._say(run, UpdateStart(order.course.start, file.size))
        else:
            version = tuple(map(int, order.version.split(".")))
            self._say(run, UpdateStart(order.course.start, file.size, file.md5, order.channel, version))
        return [Advanced(run.ticket, 0, file.size, run.words(now))]

    def _acknowledged(self, run: _Run, message: Message, now: float) -> list[Event]:
        """The packet under way has come to the MCU."""
        if run.phase == "starting":
            return self._cut(run, message, now)
        if run.phase == "ending":
            return self._ended(run, now)
        run.sent += run.size
        events = self._advance(run, now)
        events += run.file.ask_ahead(run.sent)
        return [*events, *self._next(run, now)] if self._packets.is_free else events

    def _cut(self, run: _Run, message: Message, now: float) -> list[Event]:
        """The MCU has said how long blocks shall be."""
        step = self._step(run.order.course, message)
        if not step:
            return self._settle("refused", "the MCU asks for blocks of a size that is not known, or too long for it")
        run.phase = "sending"
        run.began = run.told = now
        self._timers.set(ASKED, now + HOUSE)
        return run.file.cut(step)

    def _step(self, course: TransferKind, message: Message) -> int:
        """Bytes in a block; 0 = it cannot be. MCUs that answer nothing more are old and take the shortest."""
        match message:
            case _ if course.step:
                step = course.step
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
        course, channel = run.order.course, run.order.channel
        if run.sent >= run.file.size:
            run.phase = "ending"
            self._say(run, UpdateBlock(course.block, run.file.size, b"", channel))
            return []
        data = run.file.block(run.sent)
        if data is None:
            self._timers.set(ASKED, now + HOUSE)
            return []
        self._timers.clear(ASKED)
        run.size = len(data)
        self._say(run, UpdateBlock(course.block, run.sent, data, channel))
        return []

    def _ended(self, run: _Run, now: float) -> list[Event]:
        """All of it is there: what does the MCU say of itself now?"""
        if not run.order.course.replaces:
            return self._settle("confirmed", f"{kilobytes(run.file.size)} sent")
        run.phase = "proving"
        self._pace.release()
        self._done(True)
        self._timers.set(LAST, now + PROVING)
        self._timers.set(VERSION, now + AGAIN)
        return [Advanced(run.ticket, run.file.size, run.file.size, "waiting for the MCU to restart")]

    def _due(self, timer: str, run: _Run, now: float) -> list[Event]:
        if timer == ASKED:
            return self._settle("timeout", f"the house did not hand out {run.order.file}")
        if timer == LAST and run.latest:
            return self._settle("refused", f"the MCU still says version {run.latest} a minute after the update")
        if timer == LAST:
            return self._settle("timeout", "the MCU took the update, and has not told its version for a minute")
        self._pace.forget(VERSION)
        self._pace.ask(Request(bytes(frame_of(Bare(0x01))), 0x01, AGAIN, name=VERSION, must=True))
        self._timers.set(VERSION, now + AGAIN)
        return []

    # --- inside ------------------------------------------------------------------------------------

    def _say(self, run: _Run, message: UpdateStart | UpdateBlock) -> None:
        version = MODULE_VERSION if run.order.channel is None else SUB_VERSION
        self._packets.say(bytes(frame_of(message, version)), message.command)

    def _advance(self, run: _Run, now: float) -> list[Event]:
        if run.sent < run.file.size and now < run.told + TELLING:
            return []
        run.told = now
        return [Advanced(run.ticket, run.sent, run.file.size, run.words(now))]

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
        self._run = None
        self._timers.clear_all()
        self._packets.forget()
        self._pace.forget(VERSION)
        self._pace.release()


def _version_key(order: UpdateCommand) -> str:
    return "version" if order.channel is None else f"version_{order.channel}"
