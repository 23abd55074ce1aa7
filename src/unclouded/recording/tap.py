"""A tap: wraps a link and writes a capture of what both sides send.

    driver ◄──► Tap ◄──► link          bytes ─► the family's decoder ─► frames, noise ─► redact ─► capture

With a family, frames and the noise between them are written, with secrets blanked: except for those, the capture
replays the same bytes. A frame is written when it is complete, held bytes when the path goes down; each with the time
at which its last byte was received. Without a family, each chunk or datagram is one line, with nothing blanked. A tap
never interrupts its link: where it cannot write, it logs the reason once and stops recording.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.recording.capture import CaptureAppender
from unclouded.recording.line_monitor import LineMonitor, MonitoredPiece

log = logging.getLogger("unclouded.tap")


class Tap(Inlet):
    """``link``, recorded at ``path``. ``own_side``: the role of this process on the link.

    ``plaintext``: what is recorded of a datagram that may be encrypted.
    """

    def __init__(
        self,
        link: Link,
        path: Path,
        family: Family | None = None,
        *,
        own_side: Sender = "controller",
        plaintext: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.link = link
        self._path = path
        self._family = family
        self._plaintext = plaintext
        self._own_side: Sender = own_side
        self._other_side: Sender = "device" if own_side == "controller" else "controller"
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
        self._record(self._own_side, out.data, out.path)
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
        self._record(self._other_side, data, path)
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
            self._guarded(lambda: recorder.feed(self._clock(), sender, self._plaintext(data), path))

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
                why = f"Internal error while writing {self._path}."
                log.error("The tap crashed", exc_info=error)
        log.warning("%s The recording has stopped; the link continues.", why)
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.abandon()


def wall_clock() -> Callable[[], float]:
    """Unix seconds that advance with the loop's clock: a step of the system clock is not a gap in the recording."""
    loop = asyncio.get_running_loop()
    ahead = time.time() - loop.time()
    return lambda: ahead + loop.time()


class ErrorBarrier:
    """A context manager that passes an exception to ``stop`` and suppresses it.

    A full disk, or an error in a decoder or a redactor, must not interrupt the monitored link.
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
    """Turns received and sent bytes into the lines of a capture. Times are Unix seconds.

    Raises CommandError where the file is not such a capture, and OSError where it cannot be written.
    """

    def __init__(self, path: Path, family: Family | None, now: float) -> None:
        self._monitor = LineMonitor(family) if family is not None else None
        self._writer = writer_for(path, family, now)

    def feed(self, at: float, sender: Sender, data: bytes, path: str) -> None:
        if self._monitor is None:
            self._writer.write(at, sender, data, path=path)
        else:
            self._write(self._monitor.feed(at, sender, data, path))

    def flush(self, path: str | None = None) -> None:
        """Write the bytes that the decoders of a path (else of all paths) still hold."""
        if self._monitor is not None:
            self._write(self._monitor.flush(path))

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._writer.close()

    def abandon(self) -> None:
        """Close the file without writing held bytes."""
        self._writer.close()

    def _write(self, pieces: Iterable[MonitoredPiece]) -> None:
        for piece in pieces:
            write_piece(self._writer, piece)


def writer_for(path: Path, family: Family | None, now: float) -> CaptureAppender:
    """The capture at ``path``, new or continued. Raises CommandError and OSError as CaptureAppender does."""
    as_text = family is not None and family.capture_as == "text"
    return CaptureAppender(path, family.name if family is not None else "", now, as_text=as_text)


def write_piece(writer: CaptureAppender, piece: MonitoredPiece) -> None:
    """Write one line of the capture."""
    writer.write(piece.at, piece.sender, piece.piece.data, path=piece.path, redacted=piece.redacted)
