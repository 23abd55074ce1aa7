"""What devices ask the house for, and what it answers: time, network, signal, memory, weather. Pure.

A Tuya MCU wants to know whether its module is on the network, what time it is, how strong the signal
is. There is no Wi-Fi module and no cloud here, so the house answers as a module with a good connection.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from unclouded.session import (
    Answer,
    AskBind,
    AskClock,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskTime,
    AskWeather,
    LocalTime,
    Network,
    Question,
    Refusal,
    WireValue,
)

SIGNAL_dBm = -45  # a good Wi-Fi signal
MEMORY_BYTES = 65_536  # what a module with room to spare answers


class Services:
    """``wall``: Unix seconds now, or None while the clock is not to be trusted.

    ``weather``: the newest values by Tuya's names, nothing while there are none; None = nobody looks at the weather.
    """

    def __init__(
        self,
        wall: Callable[[], float | None],
        zone: tzinfo = UTC,
        weather: Callable[[], Mapping[str, WireValue]] | None = None,
    ) -> None:
        self._wall = wall
        self._zone = zone
        self._weather = weather

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
            case AskWeather(names=names):
                return self._weather_of(names)
            case AskBind():
                return True
        return Refusal(f"The hub has no answer to {type(question).__name__.removeprefix('Ask').lower()}.")

    def _weather_of(self, names: Sequence[str]) -> Mapping[str, WireValue] | Refusal:
        """Those of the names, with all their days; all where no name is said."""
        if self._weather is None:
            return Refusal("Nobody looks at the weather: there is no [weather] in the configuration.")
        known = self._weather()
        wanted = {key: value for key, value in known.items() if not names or _is_one_of(key, names)}
        return wanted or Refusal("The weather is not known.")

    def _time(self, local: bool) -> LocalTime | Refusal:
        unix = self._wall()
        if unix is None:
            return Refusal("The hub does not know the time yet.")
        if not local:
            return LocalTime(unix)
        offset = datetime.fromtimestamp(unix, self._zone).utcoffset()
        return LocalTime(unix, int(offset.total_seconds()) if offset else 0)


def _is_one_of(key: str, names: Sequence[str]) -> bool:
    """w.temp is meant by w.temp, and so is w.temp.1, the one of tomorrow."""
    return any(key == name or key.startswith(f"{name}.") for name in names)
