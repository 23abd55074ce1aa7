"""What devices ask the house for, and what it answers: time, network, signal, memory. Pure.

A Tuya MCU wants to know whether its module is on the network, what time it is, how strong the signal
is. There is no Wi-Fi module and no cloud here, so the house answers as a module with a good connection.
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from unclouded.session import (
    Answer,
    AskBind,
    AskClock,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskTime,
    LocalTime,
    Network,
    Question,
    Refusal,
)

SIGNAL_dBm = -45  # a good Wi-Fi signal
MEMORY_BYTES = 65_536  # what a module with room to spare answers


class Services:
    """``wall``: Unix seconds now, or None while the clock is not to be trusted."""

    def __init__(self, wall: Callable[[], float | None], zone: tzinfo = UTC) -> None:
        self._wall = wall
        self._zone = zone

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer, or a Refusal that says why there is none."""
        match question:
            case AskTime(local=local):
                return self._time(local)
            case AskClock():
                return self._time(local=True)
            case AskNetwork():
                return Network.CLOUD.value
            case AskSignal():
                return SIGNAL_dBm
            case AskMemory():
                return MEMORY_BYTES
            case AskBind():
                return True
        return Refusal(f"The hub has no answer to {type(question).__name__.removeprefix('Ask').lower()}.")

    def _time(self, local: bool) -> LocalTime | Refusal:
        unix = self._wall()
        if unix is None:
            return Refusal("The hub does not know the time yet.")
        if not local:
            return LocalTime(unix)
        offset = datetime.fromtimestamp(unix, self._zone).utcoffset()
        return LocalTime(unix, int(offset.total_seconds()) if offset else 0)
