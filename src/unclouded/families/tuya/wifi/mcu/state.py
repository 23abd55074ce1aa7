"""What a module has reported to its MCU: the time, the network status, the weather, resets.

    03 status · 0c 1c time · 21 weather · 2e infrared · 34/02 time · 34/05 reset    ─► kept, and acknowledged

An MCU sets its own clock by what it receives; between two times the clock runs by itself, well or badly.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6 item 11.
"""

from collections.abc import Mapping

from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Result
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.product_info import unix_of
from unclouded.families.tuya.wifi.service_messages import Sub, SubResult, TimeNotice, WeatherData

DRIFT = 1 / 60  # s that a bad clock gains in a second; ours
LOCAL = 1  # the kind of a time notice
KEPT = 100  # values of the weather, and resets, at the most


class McuState:
    """What is known so far. ``network``: the last status, None = none was received. ``resets``: their kinds."""

    def __init__(self, drifts: bool = False) -> None:
        self.network: int | None = None
        self.weather: dict[str, int | str] = {}
        self.resets: list[int] = []
        self._gain = DRIFT if drifts else 0.0
        self._clock: tuple[float, float] | None = None  # local seconds at a given now

    def received(self, message: Message, now: float) -> Message | None:
        """Keep what is reported. The MCU's acknowledgement, None = it has none."""
        match message:
            case NetworkStatus(status=status, command=command):
                self.network = status
                return Bare(codes.NETWORK) if command == codes.NETWORK else None
            case Clock(command=codes.LOCAL_TIME, ok=True, fields=fields):
                self._set(fields, now)
            case TimeNotice(kind=kind, fields=fields):
                if kind == LOCAL:
                    self._set(fields, now)
                return Sub(codes.EXTENDED, codes.TIME_NOTICE)
            case WeatherData(values=values):
                self.weather = dict([*self.weather.items(), *(values or ())][-KEPT:])
                return Bare(codes.WEATHER)
            case SubResult(command=codes.EXTENDED, sub=codes.RESET_NOTICE, code=kind):
                self.resets = [*self.resets, kind][-KEPT:]
                return Sub(codes.EXTENDED, codes.RESET_NOTICE)
            case Result(command=codes.INFRARED):
                return Bare(codes.INFRARED)
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
        return {"weather_values": len(self.weather), "reset_notices": len(self.resets), **off}

    def _set(self, fields: bytes, now: float) -> None:
        seconds = unix_of(fields[:6])
        if seconds is not None:
            self._clock = (seconds, now)
