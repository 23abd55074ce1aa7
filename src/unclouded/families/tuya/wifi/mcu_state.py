"""What a module has told its MCU: the time, how the network is, the weather, resets.

    03 status · 0c 1c time · 21 weather · 2e infrared · 34/02 time · 34/05 reset    ─► kept, and acknowledged

An MCU sets its own clock by what it is told; between two times the clock runs by itself, well or badly.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6 item 11.
"""

from collections.abc import Mapping

from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Result
from unclouded.families.tuya.wifi.product_info import unix_of
from unclouded.families.tuya.wifi.service_messages import Sub, SubResult, TimeNotice, WeatherData

DRIFT = 1 / 60  # s that a bad clock gains in a second; ours
LOCAL = 1  # the kind of a time notice
KEPT = 100  # values of the weather, and resets, at the most


class McuState:
    """What is known so far. ``network``: the last status, None = none was told. ``resets``: their kinds."""

    def __init__(self, drifts: bool = False) -> None:
        self.network: int | None = None
        self.weather: dict[str, int | str] = {}
        self.resets: list[int] = []
        self._gain = DRIFT if drifts else 0.0
        self._clock: tuple[float, float] | None = None  # local seconds at a given now

    def hear(self, message: Message, now: float) -> Message | None:
        """Keep what is told. What the MCU says to it, None = nothing."""
        match message:
            case NetworkStatus(status=status, command=command):
                self.network = status
                return Bare(0x03) if command == 0x03 else None
            case Clock(command=0x1C, ok=True, fields=fields):
                self._set(fields, now)
            case TimeNotice(kind=kind, fields=fields):
                if kind == LOCAL:
                    self._set(fields, now)
                return Sub(0x34, 0x02)
            case WeatherData(values=values):
                self.weather = dict([*self.weather.items(), *(values or ())][-KEPT:])
                return Bare(0x21)
            case SubResult(command=0x34, sub=0x05, code=kind):
                self.resets = [*self.resets, kind][-KEPT:]
                return Sub(0x34, 0x05)
            case Result(command=0x2E):
                return Bare(0x2E)
        return None

    def time(self, now: float) -> float | None:
        """What its clock shows: local time in seconds, read as if it were GMT. None = it was never set."""
        if self._clock is None:
            return None
        seconds, at = self._clock
        return seconds + (now - at) * (1 + self._gain)

    def stats(self, now: float) -> Mapping[str, float]:
        """``clock_off_s``: how wrong the clock is."""
        off = {} if self._clock is None else {"clock_off_s": round((now - self._clock[1]) * self._gain, 3)}
        return {"weather_values": len(self.weather), "resets_told": len(self.resets), **off}

    def _set(self, fields: bytes, now: float) -> None:
        seconds = unix_of(fields[:6])
        if seconds is not None:
            self._clock = (seconds, now)
