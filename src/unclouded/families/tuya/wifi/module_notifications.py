"""What a module tells its MCU unasked: time notices, weather, and the local time for clocks that drift.

    34/01 time notices on ─► 34/02, and again each hour          20 or 34/03 weather wanted ─► 21, and again
    push_time_s of the profile ─► 1c each time it has passed

A place in line is taken when it is due; what is to be said there is asked of the house. Where nobody would hear it,
or it would wait and grow old (an update is running), it is left out until the next time.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6 item 11.
"""

from collections.abc import Callable, Mapping

from unclouded.core.session import Answer, AskTime, AskWeather, Event, LocalTime, Question, Refusal
from unclouded.core.session_parts import Timers
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.line.shapes import UNITS_CAP
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.wifi.messages import clock
from unclouded.families.tuya.wifi.module_start import WifiSettings
from unclouded.families.tuya.wifi.product_info import weather_pair
from unclouded.families.tuya.wifi.service_messages import TimeNotice, WeatherData

NOTICES, PUSH, WEATHER = "time notices", "time", "weather"  # timers

Then = Callable[[Answer | Refusal], list[Event]]


class ModuleNotifications:
    """``buffer``: bytes of a frame that the MCU takes, 0 = any. ``ask``: how the house is asked."""

    def __init__(
        self,
        settings: WifiSettings,
        pace: RequestQueue,
        timers: Timers,
        buffer: Callable[[], int],
        ask: Callable[[Question, Then], list[Event]],
    ) -> None:
        self._settings = settings
        self._periods = {PUSH: settings.push_time_s, NOTICES: settings.time_notice_s, WEATHER: settings.weather_s}
        self._pace = pace
        self._timers = timers
        self._buffer = buffer
        self._ask = ask
        self.forget()

    def forget(self) -> None:
        """The connection is gone: nobody wants anything."""
        self._notices: set[int] = set()
        self._weather: tuple[str, ...] = ()

    def begin(self, now: float) -> None:
        """A new connection."""
        if self._settings.push_time_s:
            self._timers.set(PUSH, now + self._settings.push_time_s)

    def want_time(self, kind: int, now: float) -> list[Event]:
        """The MCU wants time notices from now on. ``kind``: 0 GMT, 1 local."""
        self._notices.add(kind)
        return self._tell(NOTICES, now)

    def want_weather(self, now: float, names: tuple[str, ...] | None = None) -> list[Event]:
        """The MCU wants the weather from now on. ``names``: what of it, None = what it wanted before."""
        self._weather = self._weather if names is None else names
        return self._tell(WEATHER, now)

    def run(self, timer: str, now: float, quiet: bool = False) -> list[Event]:
        """A timer of ours is due. ``quiet``: not now, the next time."""
        if not quiet:
            return self._tell(timer, now)
        self._timers.set(timer, now + self._periods[timer])
        return []

    def told(self, message: Message, answer: int) -> Request:
        """What is told unasked, and again where the MCU does not acknowledge it."""
        data = bytes(frame_of(message))
        return Request(data, answer, self._settings.answer_timeout_s, self._settings.tries, "told")

    # --- inside ------------------------------------------------------------------------------------

    def _tell(self, timer: str, now: float) -> list[Event]:
        """Ask the house, and send what comes of it in the place that is taken now."""
        self._timers.set(timer, now + self._periods[timer])
        question, requests = self._question(timer)
        place = self._pace.place()

        def then(value: Answer | Refusal) -> list[Event]:
            self._pace.fill(place, requests(value))
            return []

        return self._ask(question, then)

    def _question(self, timer: str) -> tuple[Question, Callable[[Answer | Refusal], list[Request]]]:
        """What is asked, and what comes of the answer."""
        if timer == WEATHER:
            return AskWeather(self._weather), self._weather_told
        return AskTime(), _drifting if timer == PUSH else self._time_told

    def _time_told(self, value: Answer | Refusal) -> list[Request]:
        if not (isinstance(value, LocalTime) and value.trusted):
            return []
        times = {0: LocalTime(value.unix), 1: value}
        kinds = sorted(self._notices & times.keys())
        return [self.told(TimeNotice(kind, clock(0x1C, times[kind]).fields), 0x34) for kind in kinds]

    def _weather_told(self, value: Answer | Refusal) -> list[Request]:
        """In as many frames as the MCU's buffer needs."""
        if not isinstance(value, Mapping) or not value:
            return [self.told(WeatherData(None), 0x21)]
        parts: list[tuple[tuple[str, int | str], ...]] = [()]
        for pair in map(weather_pair, value.items()):
            if self._fits((*parts[-1], pair)):
                parts[-1] += (pair,)
            elif self._fits((pair,)):
                parts.append((pair,))
        return [self.told(WeatherData(part), 0x21) for part in parts]

    def _fits(self, weather: tuple[tuple[str, int | str], ...]) -> bool:
        return len(bytes(frame_of(WeatherData(weather)))) <= (self._buffer() or UNITS_CAP)


def _drifting(value: Answer | Refusal) -> list[Request]:
    """For clocks that drift: the local time as if it had been asked for. Nothing where nobody knows it."""
    known = isinstance(value, LocalTime) and value.trusted
    return [Request(bytes(frame_of(clock(0x1C, value))))] if known and isinstance(value, LocalTime) else []
