"""A framer that counts what it hears; both ends have one."""

from collections.abc import Mapping

from unclouded.core.session_parts import count_noise
from unclouded.families.emporia.frame import GAP, EmporiaFrame, EmporiaFramer, EmporiaNoise, Sender


class StreamListener:
    """Listens to what ``sender`` says. ``gap``: see Framer."""

    def __init__(self, sender: Sender, gap: float | None = GAP) -> None:
        self._framer = EmporiaFramer(sender, gap)
        self._counts = {"bytes_in": 0, "frame_bytes": 0, "noise_bytes": 0, "frames_in": 0}

    def hear(self, data: bytes, now: float) -> list[EmporiaFrame | EmporiaNoise]:
        self._counts["bytes_in"] += len(data)
        return self._counted(self._framer.feed(data, now))

    def tick(self, now: float) -> list[EmporiaFrame | EmporiaNoise]:
        return self._counted(self._framer.tick(now))

    def close(self) -> list[EmporiaFrame | EmporiaNoise]:
        """Settle what is held back; the next bytes begin a new stream."""
        return self._counted(self._framer.close())

    def deadline(self) -> float | None:
        return self._framer.deadline()

    def stats(self) -> Mapping[str, float]:
        return {**self._counts, "held_bytes": self._framer.held}

    def _counted(self, pieces: list[EmporiaFrame | EmporiaNoise]) -> list[EmporiaFrame | EmporiaNoise]:
        for piece in pieces:
            if isinstance(piece, EmporiaFrame):
                self._counts["frames_in"] += 1
                self._counts["frame_bytes"] += len(piece)
            else:
                count_noise(self._counts, piece.reason, len(piece.data))
        return pieces
