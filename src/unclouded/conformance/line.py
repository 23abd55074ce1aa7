"""The line as a check sees it: what went over it, what is sent, and how a script waits.

    def product_is_answered(line):                        # a Script: a generator without a clock
        mark = line.log.mark()
        line.send(bytes(Frame(0, 1)))
        yield from line.expect(is_product, 1.0, "no answer to 01")
        ...                                               # line.fail("…") ends the check

A script never waits by itself: it yields a Wait, and is resumed with the first entry that the Wait accepts, or with
None when its time is up. Time comes in as ``line.now`` (monotonic seconds), so that the same script runs under the
driver on a real link and on a fake wire under a virtual clock.
"""

import heapq
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Generic, Literal, NoReturn, Protocol, TypeVar

import msgspec

from unclouded.conformance.check import PersonTask, ResultKind
from unclouded.core.family import Sender
from unclouded.core.sessions.session import Ambient, LinkPath, Out
from unclouded.core.sessions.session_parts import earliest

LOG_LIMIT = 100_000  # entries; what is older is dropped
# Payloads that are too short, hold what cannot be, or (JSON) have another shape.
UNREADABLE = (LookupError, ValueError, OverflowError, TypeError, AttributeError)

T = TypeVar("T")


class LineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One piece that went over the wire. ``frame``: as the suite's reader has it, None = noise, and ``reason`` why.

    ``at``: monotonic seconds. ``id``, ``re``, ``path``: as in Out and Session.receive. ``failed``: a datagram of ours
    that got no answer, and why. ``connection``: nothing was received; the connection was made, or is gone.
    """

    at: float
    sender: Sender
    data: bytes
    frame: Any = None  # Any: the frame type of the suite's protocol
    reason: str = ""
    path: str = ""
    id: int = 0
    re: int = 0
    failed: str = ""
    connection: Literal["", "made", "gone"] = ""


Wanted = Callable[[LineEntry], bool]


class Wait(msgspec.Struct, frozen=True):
    """Wait until ``until`` (monotonic seconds), or for an entry of the other end that ``wanted`` accepts."""

    until: float
    wanted: Wanted | None = None


Script = Generator[Wait, LineEntry | None, T]


class CheckEndedError(Exception):
    """A script has come to its end early: with this result, for this reason."""

    def __init__(self, kind: ResultKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class RunEndedError(Exception):
    """A script has found that nothing can be checked, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FrameReader(Protocol):
    """Bytes of the other end into frames. A piece is (its bytes, the frame or None, why it is noise)."""

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: a frame
        """Bytes as they arrived at ``now``; the pieces that are whole with them."""

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:
        """The pieces that end because nothing followed until ``now``."""

    def deadline(self) -> float | None:
        """When ``tick`` is due; None while nothing waits."""


class EmulatedEnd(Protocol):
    """What our end does by itself while scripts run: it answers as its role must, unless a script changes that."""

    def reset(self) -> None:
        """Forget what the last check changed."""

    def received(self, entry: LineEntry) -> None:
        """A piece of the other end: answer it, if the role must."""

    def tick(self, now: float) -> None:
        """Send what is due at ``now``."""

    def deadline(self) -> float | None:
        """When ``tick`` is due; None while nothing waits."""

    def connected(self, path: LinkPath) -> None:
        """The connection was made, or made again. A reader that depends on the path is chosen here."""
        return

    def disconnected(self) -> None:
        """The connection is gone."""
        return


class PassiveEnd(EmulatedEnd):
    """An end that does nothing by itself: scripts send what is sent."""

    def __init__(self, line: "CheckLine[Any]") -> None:  # Any: this end
        """Nothing is kept."""

    def reset(self) -> None:
        """Nothing was changed."""

    def received(self, entry: LineEntry) -> None:
        """Nothing is answered."""

    def tick(self, now: float) -> None:
        """Nothing is due."""

    def deadline(self) -> float | None:
        return None


E = TypeVar("E", bound=EmulatedEnd)


class WireLog:
    """The entries of a run in order, the newest LOG_LIMIT of them. A mark is a place in it."""

    def __init__(self) -> None:
        self._entries: list[LineEntry] = []
        self._dropped = 0

    def put(self, entry: LineEntry) -> None:
        """Add the newest entry."""
        self._entries.append(entry)
        if len(self._entries) > 2 * LOG_LIMIT:
            self._dropped += LOG_LIMIT
            del self._entries[:LOG_LIMIT]

    def mark(self) -> int:
        """The place behind the newest entry."""
        return self._dropped + len(self._entries)

    def since(self, mark: int = 0) -> list[LineEntry]:
        """The entries from a mark on, as far as they are kept."""
        return self._entries[max(mark - self._dropped, 0) :]

    def newest(self) -> LineEntry | None:
        """The last entry; None where there is none."""
        return self._entries[-1] if self._entries else None


class CheckLine(Generic[E]):
    """What scripts and emulated ends work with.

    ``end``: our own end. ``other``: the role of the end under test. ``facts``: what the run found out, by name.
    ``observed``: what preparations recorded, by their name. ``firmware``: the update file of the person, b"" = none.
    ``key``: the secret that both ends know, "" = none. ``advise``: shows a person what to do now.
    ``shows_connections``: the log has an entry where the connection was made, and where it is gone.
    """

    def __init__(
        self,
        other: Sender,
        reader: FrameReader,
        make_end: Callable[["CheckLine[E]"], E],
        ambient: Ambient,
        *,
        firmware: bytes = b"",
        advise: Callable[[PersonTask], None] = lambda task: None,
        shows_connections: bool = False,
    ) -> None:
        self.now = 0.0
        self.path: LinkPath | None = None
        self.other: Sender = other
        self.own: Sender = "device" if other == "controller" else "controller"
        self.log = WireLog()
        self.facts: dict[str, Any] = {}  # Any: JSON values
        self.observed: dict[str, Sequence[LineEntry]] = {}
        self.firmware = firmware
        self.key = ""
        self.advise = advise
        self.ambient = ambient
        self._reader = reader
        self._shows_connections = shows_connections
        self._outs: list[Out] = []
        self._late: list[tuple[float, int, Out, Any, bytes]] = []
        self._count = 0
        self.end = make_end(self)

    # --- what scripts use --------------------------------------------------------------------------

    def send(
        self,
        data: bytes,
        frame: Any = None,  # Any: as the reader has them
        *,
        after: float = 0.0,
        id: int = 0,
        re: int = 0,
        kept: bytes | None = None,
    ) -> None:
        """Send these bytes, ``after`` seconds from now. ``frame``, ``kept``: what the log has of them; None = them."""
        self._count += 1
        path = self.path.name if self.path is not None else ""
        kept = data if kept is None else kept
        heapq.heappush(self._late, (self.now + after, self._count, Out(data, id, path, re), frame, kept))
        self._release()

    def pause(self, seconds: float) -> Script[None]:
        """Let time pass; what is received meanwhile is in the log."""
        yield Wait(self.now + seconds)

    def wait_for(self, wanted: Wanted, seconds: float) -> Script[LineEntry | None]:
        """The first entry of the other end that is wanted; None = there was none within so many seconds."""
        return (yield Wait(self.now + seconds, wanted))

    def expect(self, wanted: Wanted, seconds: float, otherwise: str) -> Script[LineEntry]:
        """The same; without one the check has failed, for the reason ``otherwise``."""
        entry = yield from self.wait_for(wanted, seconds)
        return entry if entry is not None else self.fail(otherwise)

    def expect_none(self, wanted: Wanted, seconds: float, otherwise: str) -> Script[None]:
        """Nothing of that kind may be received within so many seconds."""
        if (yield from self.wait_for(wanted, seconds)) is not None:
            self.fail(otherwise)

    def received(self, mark: int = 0) -> list[LineEntry]:
        """What the other end sent since a mark."""
        return [entry for entry in self.log.since(mark) if entry.sender == self.other]

    def why_not_reached(self, mark: int, seconds: float) -> str:
        """What was received since a mark, where no frame of the other end was."""
        size = sum(len(entry.data) for entry in self.received(mark))
        if size:
            return f"{size} bytes were received within {seconds:g} s, and none of them is a frame of this line."
        return f"Nothing was received within {seconds:g} s."

    def fail(self, reason: str) -> NoReturn:
        """End the check: the other end did not do what the section asks for."""
        raise CheckEndedError("failed", reason)

    def require(self, holds: object, reason: str) -> None:
        """The check has failed unless this holds."""
        if not holds:
            self.fail(reason)

    def not_applicable(self, reason: str) -> NoReturn:
        """End the check: the other end does not have what is checked, and need not."""
        raise CheckEndedError("not applicable", reason)

    def skip(self, reason: str) -> NoReturn:
        """End the check: it could not be made."""
        raise CheckEndedError("skipped", reason)

    def end_run(self, reason: str) -> NoReturn:
        """Nothing can be checked any more: the run ends."""
        raise RunEndedError(reason)

    def unix(self) -> float:
        """Unix seconds now."""
        return self.ambient.wall(self.now)

    # --- what the run uses ---------------------------------------------------------------------------

    def connected(self, path: LinkPath) -> list[LineEntry]:
        """The connection was made, or made again."""
        self.path = path
        self.end.connected(path)
        return self._connection("made", path.name)

    def disconnected(self) -> list[LineEntry]:
        """The connection is gone: what was to be sent is not."""
        name = self.path.name if self.path is not None else ""
        self.path = None
        self.drop()
        self.end.disconnected()
        return self._connection("gone", name)

    def feed(self, data: bytes, path: str = "", re: int = 0) -> list[LineEntry]:
        """Bytes were received: the entries that they are."""
        return self._put(self._reader.feed(data, self.now), path, re)

    def failed(self, id: int, why: str) -> list[LineEntry]:
        """A datagram of ours got no answer."""
        entry = LineEntry(at=self.now, sender=self.other, data=b"", re=id, failed=why)
        self.log.put(entry)
        return [entry]

    def tick(self) -> list[LineEntry]:
        """Send what is due; the entries that the silence settled."""
        self._release()
        return self.settle()

    def settle(self) -> list[LineEntry]:
        """The entries that the silence settled."""
        return self._put(self._reader.tick(self.now))

    def reading_deadline(self) -> float | None:
        """When silence settles something."""
        return self._reader.deadline()

    def deadline(self) -> float | None:
        return earliest(self._late[0][0] if self._late else None, self._reader.deadline())

    def outgoing(self) -> list[Out]:
        """What is to be sent now; each is given once."""
        outs, self._outs = self._outs, []
        return outs

    def drop(self) -> None:
        """What was to be sent is not."""
        self._late.clear()
        self._outs.clear()

    # --- inside ----------------------------------------------------------------------------------

    def _connection(self, what: Literal["made", "gone"], path: str) -> list[LineEntry]:
        if not self._shows_connections:
            return []
        entry = LineEntry(at=self.now, sender=self.other, data=b"", path=path, connection=what)
        self.log.put(entry)
        return [entry]

    def _put(
        self, pieces: Sequence[tuple[bytes, Any, str]], path: str = "", re: int = 0
    ) -> list[LineEntry]:  # Any: as above
        entries = [
            LineEntry(at=self.now, sender=self.other, data=data, frame=frame, reason=reason, path=path, re=re)
            for data, frame, reason in pieces
        ]
        for entry in entries:
            self.log.put(entry)
        return entries

    def _release(self) -> None:
        while self._late and self._late[0][0] <= self.now:
            _, _, out, frame, kept = heapq.heappop(self._late)
            if self.path is None:
                continue
            self._outs.append(out)
            self.log.put(
                LineEntry(at=self.now, sender=self.own, data=kept, frame=frame, path=out.path, id=out.id, re=out.re)
            )


def bounded(script: Script[T], until: float, otherwise: Callable[[], CheckEndedError]) -> Script[T]:
    """The script, ended at ``until`` whatever it waits for."""
    got: LineEntry | None = None
    while True:
        try:
            wait = script.send(got)
        except StopIteration as end:
            result: T = end.value
            return result
        is_last = wait.until > until
        got = yield Wait(until, wait.wanted) if is_last else wait
        if is_last and got is None:
            script.close()
            raise otherwise()


Facts = Mapping[str, Any]  # Any: JSON values
