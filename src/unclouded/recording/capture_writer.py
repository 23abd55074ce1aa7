"""Writes a capture in a thread of its own, so that a slow disk never delays the line.

    loop    received(sender, data) ─► backlog ─┐
    thread                                     └─► LineMonitor ─► TimeOrder ─┬─► capture file
                                                                             └─► ``report``: pieces for display

Bytes that exceed the backlog are counted and not recorded; a full disk, or an error in a decoder, ends only the
recording. Secrets are blanked before a piece is written or reported.
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
from unclouded.recording.line_monitor import GAP_S, LineMonitor, MonitoredPiece, TimeOrder
from unclouded.recording.tap import ErrorBarrier, wall_clock, write_piece, writer_for

log = logging.getLogger("unclouded.record")

BACKLOG_LIMIT = 4 * 1024 * 1024  # bytes waiting for the thread
CLOSE_TIMEOUT_S = 5.0  # s that ``close`` waits for the thread

TIMER_TOLERANCE_S = 0.001  # s by which timers may fire early
TICK_S = 1.0  # s between reports of the time without new pieces

Report = Callable[[float, Sequence[MonitoredPiece]], None]


class WriterItem(msgspec.Struct, frozen=True, gc=False):
    """Received bytes and their time; no data: the direction paused or ended; no sender: a tick of the clock."""

    at: float
    sender: Sender | None
    path: str
    data: bytes


class DirectionCount(msgspec.Struct, kw_only=True):
    """Counts of one side. ``missed_bytes``: received, but not recorded; known after ``close``."""

    bytes: int = 0
    frames: int = 0
    noise_bytes: int = 0
    missed_bytes: int = 0


class CaptureWriter:
    """Writes the capture at ``path``.

    ``report`` is called in the thread with a time (Unix seconds) and the pieces up to that time, in order; also
    without pieces, about every TICK_S. To be made in a running loop. Raises CommandError where the file is not such a
    capture or cannot be written.
    """

    def __init__(self, path: Path, family: Family, report: Report | None = None) -> None:
        self.counts: dict[Sender, DirectionCount] = {"controller": DirectionCount(), "device": DirectionCount()}
        self.recording = True
        self._path = path
        self._clock = wall_clock()
        self._writer = _opened(path, family, self._clock())
        self._report = report
        self._monitor: LineMonitor | None = LineMonitor(family)
        self._order = TimeOrder()
        self._backlog: queue.SimpleQueue[WriterItem | None] = queue.SimpleQueue()
        self._put = 0  # bytes, counted by the loop
        self._taken = 0  # bytes, counted by the thread
        self._written: dict[Sender, int] = {"controller": 0, "device": 0}  # bytes, counted by the thread
        self._silence_timers: dict[tuple[Sender, str], SilenceTimer] = {}
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._on_tick)
        self._thread = threading.Thread(target=self._run, name="capture writer", daemon=True)
        self._thread.start()

    @property
    def began(self) -> float:
        """Unix seconds at which the capture's times begin."""
        return self._writer.began

    # --- in the loop ---------------------------------------------------------------------------

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        """Queue received bytes. Never blocks."""
        self.counts[sender].bytes += len(data)
        timer = self._silence_timers.get((sender, path))
        if timer is None:
            timer = self._silence_timers[sender, path] = SilenceTimer(
                lambda: self._backlog.put(WriterItem(self._clock(), sender, path, b""))
            )
        if self._put - self._taken + len(data) > BACKLOG_LIMIT:
            timer.end()
            return
        self._put += len(data)
        self._backlog.put(WriterItem(self._clock(), sender, path, data))
        timer.restart()

    def paused(self, sender: Sender, path: str = "") -> None:
        """The connection of this side is closed: an incomplete frame will not be completed."""
        timer = self._silence_timers.get((sender, path))
        if timer is not None:
            timer.end()

    async def close(self) -> None:
        """Write the rest, for CLOSE_TIMEOUT_S at most. Afterwards ``counts`` are complete."""
        self._ticker.cancel()
        for timer in self._silence_timers.values():
            timer.end()
        self._backlog.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            log.warning("%s could not be written in time: the end of the recording is missing.", self._path)
        for sender, count in self.counts.items():
            count.missed_bytes = count.bytes - self._written[sender]

    def _on_tick(self) -> None:
        self._backlog.put(WriterItem(self._clock(), None, "", b""))
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._on_tick)

    # --- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        at = 0.0
        while (item := self._backlog.get()) is not None:
            at = item.at
            with ErrorBarrier(self._reading_failed):
                self._take(item)
            self._taken += len(item.data)
        with ErrorBarrier(self._reading_failed):
            if self._monitor is not None:
                self._handle(self._monitor, self._monitor.flush(), at)
        self._writer.close()

    def _take(self, item: WriterItem) -> None:
        monitor = self._monitor
        if monitor is None:
            return
        if item.sender is None:
            self._handle(monitor, (), item.at)
        elif item.data:
            self._handle(monitor, monitor.feed(item.at, item.sender, item.data, item.path), item.at)
        else:
            self._handle(monitor, monitor.flush(item.path, item.sender), item.at)

    def _handle(self, monitor: LineMonitor, pieces: Sequence[MonitoredPiece], at: float) -> None:
        held_since = monitor.held_since
        ordered = self._order.put(pieces, held_since)
        for piece in ordered:
            self._count(piece)
            self._write(piece)
        report = self._report
        if report is not None:
            with ErrorBarrier(self._report_failed):
                report(at if held_since is None else min(at, held_since), ordered)

    def _count(self, piece: MonitoredPiece) -> None:
        count = self.counts[piece.sender]
        if piece.piece.kind == "frame":
            count.frames += 1
        else:
            count.noise_bytes += len(piece.piece.data)

    def _write(self, piece: MonitoredPiece) -> None:
        if self.recording:
            with ErrorBarrier(self._write_failed):
                write_piece(self._writer, piece)
                self._written[piece.sender] += len(piece.piece.data)

    def _write_failed(self, error: Exception) -> None:
        self.recording = False
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        log.warning("%s cannot be written: %s. The recording has stopped; the line continues.", self._path, why)

    def _report_failed(self, error: Exception) -> None:
        self._report = None
        log.error("Internal error while reporting the recorded data. The recording continues.", exc_info=error)

    def _reading_failed(self, error: Exception) -> None:
        """Stop recording: a decoder that has failed once may misread the rest."""
        self._monitor, self.recording = None, False
        log.error(
            "Internal error while decoding the recorded data. The recording has stopped; the line continues.",
            exc_info=error,
        )


class SilenceTimer:
    """Calls ``on_silence`` once when a direction has been silent for GAP_S after bytes, or is ended."""

    def __init__(self, on_silence: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_silence = on_silence
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Bytes were received. Called for every chunk: a running timer is kept and checks the new deadline."""
        self._due = self._loop.time() + GAP_S
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._on_timer)

    def end(self) -> None:
        """Calls ``on_silence`` now where bytes were received since it was last called; else nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._on_silence()

    def _on_timer(self) -> None:
        if self._loop.time() > self._due - TIMER_TOLERANCE_S:
            self.end()
        else:
            self._timer = self._loop.call_at(self._due, self._on_timer)


def _opened(path: Path, family: Family, now: float) -> CaptureAppender:
    try:
        return writer_for(path, family, now)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}. Record to another place.") from error
