"""A framer that counts what it receives; both ends have one."""

from collections.abc import Mapping

from unclouded.core.family import Sender
from unclouded.core.sessions.session import Event, Rejected
from unclouded.core.sessions.session_parts import count_noise
from unclouded.families.emporia.frame import GAP, EmporiaFrame, EmporiaFramer, EmporiaNoise


class StreamListener:
    """Receives what ``sender`` sends. ``gap``: see EmporiaFramer."""

    def __init__(self, sender: Sender, gap: float | None = GAP) -> None:
        self._framer = EmporiaFramer(sender, gap)
        self._bytes = self._frame_bytes = self._frames = 0
        self._noise = {"noise_bytes": 0}

    def receive(self, data: bytes, now: float) -> list[EmporiaFrame | EmporiaNoise]:
        self._bytes += len(data)
        return self._counted(self._framer.feed(data, now))

    def tick(self, now: float) -> list[EmporiaFrame | EmporiaNoise]:
        return self._counted(self._framer.tick(now))

    def close(self) -> list[EmporiaFrame | EmporiaNoise]:
        """Settle what is held back; the next bytes begin a new stream."""
        return self._counted(self._framer.close())

    def deadline(self) -> float | None:
        """When silence settles what is held back, in monotonic seconds; None = nothing is."""
        return self._framer.deadline()

    def stats(self) -> Mapping[str, float]:
        """Counts of bytes, frames and noise; bytes in = frames + noise + held."""
        counts = {"bytes_in": self._bytes, "frame_bytes": self._frame_bytes, "frames_in": self._frames}
        return {**counts, **self._noise, "held_bytes": self._framer.held}

    def _counted(self, pieces: list[EmporiaFrame | EmporiaNoise]) -> list[EmporiaFrame | EmporiaNoise]:
        for piece in pieces:
            if isinstance(piece, EmporiaFrame):
                self._frames += 1
                self._frame_bytes += len(piece)
            else:
                count_noise(self._noise, piece.reason, len(piece.data))
        return pieces


def rejected(noise: EmporiaNoise) -> Event:
    """For a stream that carries no secrets."""
    return Rejected(noise.reason, noise.data)
