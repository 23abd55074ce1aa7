"""One end of a Tuya line as bytes: what both ends of both dialects share below their conversations.

receive ─► Framer ─► frames, noise, counted          put ─► outgoing, while the way is up
"""

from collections import Counter
from collections.abc import Sequence

from unclouded.core.session import Out, Rejected
from unclouded.core.session_parts import count_noise
from unclouded.families.tuya.line.framing import GAP, Frame, Framer, Noise
from unclouded.families.tuya.line.redact import veil_piece
from unclouded.families.tuya.line.shapes import OVERHEAD, DialectShapes

NO_PATH = "there is no connection to the device"
Pieces = Sequence[Frame | Noise]
ZEROS = ("bytes_in", "frames_in", "frames_out", "frame_bytes", "noise_bytes")


class LineEndpoint:
    """``path``: the name of the one that is up, None = none is."""

    def __init__(self, dialect: DialectShapes, gap: float | None = GAP) -> None:
        self.path: str | None = None
        self.counts: Counter[str] = Counter()
        self._framer = Framer((dialect,), gap=gap)
        self._outs: list[Out] = []

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame."""
        return self._framer.held

    # --- what comes in ---------------------------------------------------------------------------

    def feed(self, data: bytes, now: float) -> Pieces:
        self.counts["bytes_in"] += len(data)
        return self._framer.feed(data, now)

    def tick(self, now: float) -> Pieces:
        """What silence has settled."""
        return self._framer.tick(now) if self._framer.held else ()

    def close(self) -> Pieces:
        """What was half received; the connection is over, or another begins."""
        return self._framer.close()

    def deadline(self) -> float | None:
        return self._framer.deadline()

    def heard(self, frame: Frame) -> None:
        """Count a frame."""
        self.counts["frames_in"] += 1
        self.counts["frame_bytes"] += len(frame.payload) + OVERHEAD

    def lost(self, noise: Noise) -> Rejected:
        """Count bytes that were no frame, and tell of them without what might be secret."""
        count_noise(self.counts, noise.reason, len(noise.data))
        return Rejected(noise.reason, veil_piece(noise.data))

    # --- what goes out ---------------------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Send this, if anybody is there."""
        if self.path is not None:
            self._outs.append(Out(data, path=self.path))

    def drain(self) -> list[Out]:
        outs, self._outs = self._outs, []
        if outs:
            self.counts["frames_out"] += len(outs)
        return outs

    def drop(self) -> None:
        """What is not sent yet will not be."""
        self._outs.clear()

    def stats(self, *zeros: str) -> dict[str, float]:
        """The counts, with 0 for ``zeros`` too where nothing was counted."""
        return {**dict.fromkeys((*ZEROS, *zeros), 0), **self.counts, "held_bytes": self.held}
