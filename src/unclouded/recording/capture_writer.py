"""A scribe: writes down what a wire says in a thread of its own, so that a slow disk never holds up the wire.

    loop    heard(sender, data) ─► backlog ─┐
    thread                                  └─► Hearing ─► InOrder ─┬─► Capture
                                                                    └─► ``tell``: pieces for people

What the disk cannot take meanwhile is not recorded and counted; a full disk, or a mistake in a decoder, ends the
recording and nothing else. Secrets are blanked before anything leaves here.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.recording.capture import CaptureAppender
from unclouded.recording.line_monitor import GAP, LineMonitor, MonitoredPiece, TimeOrder
from unclouded.recording.tap import ErrorBarrier, wall_clock, write, writer_for

log = logging.getLogger("unclouded.record")

BACKLOG = 4 * 1024 * 1024  # bytes that wait for the thread at the most
END_PATIENCE = 5.0  # s that the end waits for what is not written yet

EARLY = 0.001  # s: timers may be a hair early
BEAT = 1.0  # s between two words that time has passed

Tell = Callable[[float, Sequence[MonitoredPiece]], None]


class WriterItem(msgspec.Struct, frozen=True, gc=False):
    """What was heard, and when; without data: this direction has paused or ended; without a sender: time has passed."""

    at: float
    sender: Sender | None
    path: str
    data: bytes


class DirectionCount(msgspec.Struct, kw_only=True):
    """What one side said. ``missed_bytes``: heard, but not recorded; known at the end."""

    bytes: int = 0
    frames: int = 0
    noise_bytes: int = 0
    missed_bytes: int = 0


class CaptureWriter:
    """Writes the Capture at ``path``.

    ``tell``: is called in the thread with what was said, in the order of time, and with a time (Unix seconds) up to
    which everything has been told; also without news, about once a BEAT.
    To be made in a running loop. Raises CommandError where the file is something else or cannot be written.
    """

    def __init__(self, path: Path, family: Family, tell: Tell | None = None) -> None:
        self.counts: dict[Sender, DirectionCount] = {"controller": DirectionCount(), "device": DirectionCount()}
        self.recording = True
        self._path = path
        self._clock = wall_clock()
        self._writer = _opened(path, family, self._clock())
        self._tell = tell
        self._hearing: LineMonitor | None = LineMonitor(family)
        self._order = TimeOrder()
        self._backlog: queue.SimpleQueue[WriterItem | None] = queue.SimpleQueue()
        self._put = 0  # bytes, counted by the loop
        self._taken = 0  # bytes, counted by the thread
        self._written: dict[Sender, int] = {"controller": 0, "device": 0}  # bytes, counted by the thread
        self._gaps: dict[tuple[Sender, str], SilenceTimer] = {}
        self._beat = asyncio.get_running_loop().call_later(BEAT, self._on_beat)
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    @property
    def began(self) -> float:
        """Unix seconds at which the Capture began: its times count from there."""
        return self._writer.began

    # --- in the loop ---------------------------------------------------------------------------

    def heard(self, sender: Sender, data: bytes, path: str = "") -> None:
        """Never waits."""
        self.counts[sender].bytes += len(data)
        gap = self._gaps.get((sender, path))
        if gap is None:
            gap = self._gaps[sender, path] = SilenceTimer(
                lambda: self._backlog.put(WriterItem(self._clock(), sender, path, b""))
            )
        if self._put - self._taken + len(data) > BACKLOG:
            gap.end()
            return
        self._put += len(data)
        self._backlog.put(WriterItem(self._clock(), sender, path, data))
        gap.restart()

    def paused(self, sender: Sender, path: str = "") -> None:
        """What this side has half said is over: it has hung up."""
        gap = self._gaps.get((sender, path))
        if gap is not None:
            gap.end()

    async def close(self) -> None:
        """Write what is left, but do not wait for ever. Afterwards ``counts`` are whole."""
        self._beat.cancel()
        for gap in self._gaps.values():
            gap.end()
        self._backlog.put(None)
        await asyncio.to_thread(self._thread.join, END_PATIENCE)
        if self._thread.is_alive():
            log.warning("%s takes no more: the end of what was said is not in it.", self._path)
        for sender, count in self.counts.items():
            count.missed_bytes = count.bytes - self._written[sender]

    def _on_beat(self) -> None:
        self._backlog.put(WriterItem(self._clock(), None, "", b""))
        self._beat = asyncio.get_running_loop().call_later(BEAT, self._on_beat)

    # --- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        at = 0.0
        while (chunk := self._backlog.get()) is not None:
            at = chunk.at
            with ErrorBarrier(self._stumbled):
                self._take(chunk)
            self._taken += len(chunk.data)
        with ErrorBarrier(self._stumbled):
            if self._hearing is not None:
                self._settle(self._hearing, self._hearing.flush(), at)
        self._writer.close()

    def _take(self, chunk: WriterItem) -> None:
        hearing = self._hearing
        if hearing is None:
            return
        if chunk.sender is None:
            self._settle(hearing, (), chunk.at)
        elif chunk.data:
            self._settle(hearing, hearing.hear(chunk.at, chunk.sender, chunk.data, chunk.path), chunk.at)
        else:
            self._settle(hearing, hearing.flush(chunk.path, chunk.sender), chunk.at)

    def _settle(self, hearing: LineMonitor, said: Sequence[MonitoredPiece], at: float) -> None:
        held_since = hearing.held_since
        told = self._order.put(said, held_since)
        for one in told:
            self._count(one)
            self._write(one)
        tell = self._tell
        if tell is not None:
            with ErrorBarrier(self._fell_silent):
                tell(at if held_since is None else min(at, held_since), told)

    def _count(self, said: MonitoredPiece) -> None:
        count = self.counts[said.sender]
        if said.piece.kind == "frame":
            count.frames += 1
        else:
            count.noise_bytes += len(said.piece.data)

    def _write(self, said: MonitoredPiece) -> None:
        if self.recording:
            with ErrorBarrier(self._full):
                write(self._writer, said)
                self._written[said.sender] += len(said.piece.data)

    def _full(self, error: Exception) -> None:
        self.recording = False
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        log.warning("%s cannot be written: %s. The recording has stopped; the line goes on.", self._path, why)

    def _fell_silent(self, error: Exception) -> None:
        self._tell = None
        log.error("A mistake of ours met while telling what is said. It is recorded all the same.", exc_info=error)

    def _stumbled(self, error: Exception) -> None:
        """A decoder that has failed once is not to be trusted with the rest."""
        self._hearing, self.recording = None, False
        log.error(
            "A mistake of ours met while reading what was said. The recording has stopped; the line goes on.",
            exc_info=error,
        )


class SilenceTimer:
    """Calls ``over`` once when a direction has been silent for GAP, or is ended, after having spoken."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = over
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """It has spoken. The timer stays where it is and looks when it is due: this is called for every chunk."""
        self._due = self._loop.time() + GAP
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._over()

    def _look(self) -> None:
        if self._loop.time() > self._due - EARLY:
            self.end()
        else:
            self._timer = self._loop.call_at(self._due, self._look)


def _opened(path: Path, family: Family, now: float) -> CaptureAppender:
    try:
        return writer_for(path, family, now)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}. Record to another place.") from error
