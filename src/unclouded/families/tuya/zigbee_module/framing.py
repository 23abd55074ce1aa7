"""Framing of the Zigbee modules' line: frames with a sequence number.

    55 AA | VV | QQ QQ | CC | LL LL | payload | SS      Q sequence number, SS = sum of all bytes before, mod 256

Frames and noise come out in the order of the stream, together they are the stream, and how it was chunked makes no
difference: the first header of the bytes that are held is settled before any other. Cost is linear, as what a
header promises is bounded by PAYLOAD_CAP. Source: docs/protocols/tuya_zigbee_module.md §1.
"""

from unclouded.families.tuya.line.framing import Frame, Noise
from unclouded.families.tuya.line.resync import BAD_SUM, CUT_OFF, HEADER, NO_HEADER, NO_TILING, OVER_CAP
from unclouded.families.tuya.line.shapes import OTHER, DialectShapes, fits

SEQUENCED_HEADER_SIZE = 8  # 55 AA, version, sequence number, command, length
SEQUENCED_OVERHEAD = 9  # the header and the checksum
PAYLOAD_CAP = 256  # bytes; docs/protocols/tuya_zigbee_module.md §1
FIRST_SEQUENCED_VERSION = 2  # version 1 had no sequence number; docs/protocols/tuya_zigbee_module.md §1
OLD_VERSION = "a version without sequence number"


class SequencedFrame(Frame, frozen=True, gc=False):
    """One frame; ``bytes(frame)`` is exact. An answer has the sequence number of its request."""

    sequence: int = 0

    def __bytes__(self) -> bytes:
        head = bytes((self.version,)) + self.sequence.to_bytes(2) + bytes((self.command,))
        body = HEADER + head + len(self.payload).to_bytes(2) + self.payload
        return body + bytes((sum(body) & 0xFF,))


def sequenced_frame_of(data: bytes) -> SequencedFrame:
    """The frame that these bytes are; they were checked."""
    return SequencedFrame(data[2], data[5], data[SEQUENCED_HEADER_SIZE:-1], int.from_bytes(data[3:5]))


class SequencedFramer:
    """Bytes in, SequencedFrames and Noise out. ``shapes``: what frames of each command may hold."""

    def __init__(self, shapes: DialectShapes) -> None:
        self._shapes = shapes.shapes
        self._held = b""
        self._label = NO_HEADER  # why the byte before the held ones was noise

    def feed(self, data: bytes, now: float = 0.0) -> list[Frame | Noise]:
        """What is settled now."""
        return self._run(self._held + data, closing=False)

    def close(self) -> list[Frame | Noise]:
        """The stream has ended, or a gap has passed: whatever is still open is settled now."""
        return self._run(self._held, closing=True)

    # --- inside --------------------------------------------------------------------------------

    def _run(self, data: bytes, closing: bool) -> list[Frame | Noise]:
        out: list[Frame | Noise] = []
        start = at = 0  # of what is not put out yet, and of what is looked at
        while True:
            header = data.find(HEADER, at)
            if header < 0:
                at = len(data) - (not closing and data.endswith(HEADER[:1]))
                break
            settled = self._settle(data, header) or (CUT_OFF if closing else 0)
            if not settled:
                at = header
                break
            if isinstance(settled, str):
                start = self._noise(data, start, header, out, settled)
                at = header + len(HEADER)
                continue
            self._noise(data, start, header, out, NO_HEADER)
            out.append(sequenced_frame_of(data[header:settled]))
            start = at = settled
        self._noise(data, start, at, out, self._label)
        self._held = data[at:]
        if closing:
            self._label = NO_HEADER
        return out

    def _settle(self, data: bytes, at: int) -> int | str:
        """Where the frame at ``at`` ends, or why there is none; 0 = more bytes are needed."""
        if len(data) < at + SEQUENCED_HEADER_SIZE:
            return 0
        size = int.from_bytes(data[at + 6 : at + SEQUENCED_HEADER_SIZE])
        if data[at + 2] < FIRST_SEQUENCED_VERSION:
            return OLD_VERSION
        if size > PAYLOAD_CAP:
            return OVER_CAP
        end = at + SEQUENCED_OVERHEAD + size
        if len(data) < end:
            return 0
        if sum(data[at : end - 1]) & 0xFF != data[end - 1]:
            return BAD_SUM
        fitting = fits(self._shapes.get(data[at + 5], OTHER), data[at + SEQUENCED_HEADER_SIZE : end - 1])
        return end if fitting else NO_TILING

    def _noise(self, data: bytes, start: int, end: int, out: list[Frame | Noise], label: str) -> int:
        """Put out the noise before ``end``; what comes next is noise because of ``label``. Returns ``end``."""
        noise, reason = data[start:end], self._label
        self._label = label
        if not noise:
            return end
        last = out[-1] if out else None
        if isinstance(last, Noise) and last.reason == reason:
            out[-1] = Noise(last.data + noise, reason)
        else:
            out.append(Noise(noise, reason))
        return end
