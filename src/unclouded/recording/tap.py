"""A tap: any link, with a Capture written of what both sides say on it.

    driver ◄──► Tap ◄──► link          bytes ─► the family's decoder ─► frames, noise ─► redact ─► Capture

With a family, what is written are its frames and the noise between them, each with its secrets blanked: the
capture replays the same bytes but for those. A frame is written when it is whole, what is held back when the way
goes down; each with the time at which its last byte came. Without a family, each chunk or datagram is a line of
its own, with nothing blanked. A tap never breaks its link: where it cannot write, it says so once and stops recording.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.recording.capture import CaptureAppender
from unclouded.recording.line_monitor import LineMonitor, MonitoredPiece

log = logging.getLogger("unclouded.tap")


class Tap(Inlet):
    """``link``, recorded at ``path``. ``we``: which side the one that holds this link plays."""

    def __init__(self, link: Link, path: Path, family: Family | None = None, *, we: Sender = "controller") -> None:
        self.link = link
        self._path = path
        self._family = family
        self._we: Sender = we
        self._they: Sender = "device" if we == "controller" else "controller"
        self._inlet: Inlet | None = None
        self._recorder: Recorder | None = None
        self._clock: Callable[[], float] = time.time

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._clock = wall_clock()
        self._guarded(self._begin)
        try:
            self.link.start(self)
        except BaseException:
            self._guarded(self._finish)
            raise

    def send(self, out: Out) -> None:
        self._record(self._we, out.data, out.path)
        self.link.send(out)

    async def close(self) -> None:
        self._inlet = None
        await self.link.close()
        self._guarded(self._finish)

    # --- Inlet ---------------------------------------------------------------------------------

    def up(self, path: LinkPath) -> None:
        self._flush(path.name)
        if self._inlet is not None:
            self._inlet.up(path)

    def down(self, path: str, reason: str) -> None:
        self._flush(path)
        if self._inlet is not None:
            self._inlet.down(path, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        self._record(self._they, data, path)
        if self._inlet is not None:
            self._inlet.received(data, path, re)

    def failed(self, id: int, why: Failure) -> None:
        if self._inlet is not None:
            self._inlet.failed(id, why)

    # --- inside --------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._recorder = Recorder(self._path, self._family, self._clock())

    def _finish(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()

    def _record(self, sender: Sender, data: bytes, path: str) -> None:
        recorder = self._recorder
        if recorder is not None and data:
            self._guarded(lambda: recorder.hear(self._clock(), sender, data, path))

    def _flush(self, path: str) -> None:
        recorder = self._recorder
        if recorder is not None:
            self._guarded(lambda: recorder.flush(path))

    def _guarded(self, step: Callable[[], None]) -> None:
        with ErrorBarrier(self._stop):
            step()

    def _stop(self, error: Exception) -> None:
        match error:
            case OSError():
                why = f"{self._path} cannot be written: {error.strerror}."
            case CommandError():
                why = str(error)
            case _:
                why = f"A mistake of ours met while writing {self._path}."
                log.error("The tap crashed", exc_info=error)
        log.warning("%s The recording has stopped; the link goes on.", why)
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.abandon()


def wall_clock() -> Callable[[], float]:
    """Unix seconds that go as the running loop's clock goes: a step of the system's clock is no pause on the wire."""
    loop = asyncio.get_running_loop()
    ahead = time.time() - loop.time()
    return lambda: ahead + loop.time()


class ErrorBarrier:
    """A context manager that hands an exception to ``stop`` and lets the program go on.

    A full disk, or a mistake in a decoder or a redactor, must not break the link that is listened to.
    """

    def __init__(self, stop: Callable[[Exception], None]) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._stop(error)
        return True


class Recorder:
    """Turns what is said into the lines of a Capture. Times are Unix seconds.

    Raises CommandError where the file is something else, and OSError where it cannot be written.
    """

    def __init__(self, path: Path, family: Family | None, now: float) -> None:
        self._hearing = LineMonitor(family) if family is not None else None
        self._writer = writer_for(path, family, now)

    def hear(self, at: float, sender: Sender, data: bytes, path: str) -> None:
        if self._hearing is None:
            self._writer.write(at, sender, data, path=path)
        else:
            self._write(self._hearing.hear(at, sender, data, path))

    def flush(self, path: str | None = None) -> None:
        """Write what the decoders of a way (else of all) hold back: that conversation is over."""
        if self._hearing is not None:
            self._write(self._hearing.flush(path))

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._writer.close()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._writer.close()

    def _write(self, said: Iterable[MonitoredPiece]) -> None:
        for one in said:
            write(self._writer, one)


def writer_for(path: Path, family: Family | None, now: float) -> CaptureAppender:
    """The Capture at ``path``, begun or continued. Raises CommandError and OSError as Writer does."""
    as_text = family is not None and family.capture_as == "text"
    return CaptureAppender(path, family.name if family is not None else "", now, as_text=as_text)


def write(writer: CaptureAppender, said: MonitoredPiece) -> None:
    """One line of the Capture."""
    writer.write(said.at, said.sender, said.piece.data, path=said.path, redacted=said.redacted)
