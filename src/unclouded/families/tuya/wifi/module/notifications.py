"""What a module sends its MCU unasked: time notices, weather, and the local time for clocks that drift.

    34/01 time notices on ─► 34/02, and again each hour          20 or 34/03 weather on ─► 21, and again
    push_time_s of the profile ─► 1c each time it has passed

A place in the queue is taken when it is due, and what is to be sent there is asked of the hub. Where the MCU would not
receive it, or it would wait and grow old (an update is running), it is left out until the next time.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6 item 11.
"""

from collections.abc import Callable, Mapping, Sequence

from unclouded.core.sessions.session import Answer, AskTime, AskWeather, Event, LocalTime, Question, Refusal
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.line.shapes import UNITS_CAP
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.weather import WeatherPair, in_frames
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.messages import clock
from unclouded.families.tuya.wifi.module.settings import WifiSettings, notice
from unclouded.families.tuya.wifi.service_messages import TimeNotice, WeatherData

NOTICES, PUSH, WEATHER = "time notices", "time", "weather"  # timers

Requests = Callable[[Answer | Refusal], Sequence[Request]]


class ModuleNotifications:
    """``buffer``: bytes of a frame that the MCU takes, 0 = any."""

    def __init__(
        self,
        settings: WifiSettings,
        parts: EndpointParts,
        buffer: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._periods = {PUSH: settings.push_time_s, NOTICES: settings.time_notice_s, WEATHER: settings.weather_s}
        self._queue = parts.queue
        self._timers = parts.timers
        self._questions = parts.questions
        self._buffer = buffer
        self.forget()

    def forget(self) -> None:
        """The connection is gone, and with it what the MCU asked for."""
        self._notices: set[int] = set()
        self._weather: tuple[str, ...] = ()

    def begin(self, now: float) -> None:
        """A new connection."""
        if self._settings.push_time_s:
            self._timers.set(PUSH, now + self._settings.push_time_s)

    def switch_time_on(self, kind: int, now: float) -> list[Event]:
        """The MCU asks for time notices from now on. ``kind``: 0 GMT, 1 local."""
        self._notices.add(kind)
        return self._prepare(NOTICES, now)

    def switch_weather_on(self, now: float, names: tuple[str, ...] | None = None) -> list[Event]:
        """The MCU asks for the weather from now on. ``names``: what of it, None = the same as before."""
        self._weather = self._weather if names is None else names
        return self._prepare(WEATHER, now)

    def run(self, timer: str, now: float, quiet: bool = False) -> list[Event]:
        """A timer of ours is due. ``quiet``: not now, the next time."""
        if not quiet:
            return self._prepare(timer, now)
        self._timers.set(timer, now + self._periods[timer])
        return []

    # --- inside ------------------------------------------------------------------------------------

    def _prepare(self, timer: str, now: float) -> list[Event]:
        """Ask the hub, and send what comes of it in the place that is taken now."""
        self._timers.set(timer, now + self._periods[timer])
        question, requests = self._question(timer)
        place = self._queue.placeholder()

        def then(value: Answer | Refusal, now: float) -> list[Event]:
            self._queue.fill(place, requests(value))
            return []

        return self._questions.ask(question, then, now)

    def _question(self, timer: str) -> tuple[Question, Requests]:
        """What is asked, and what comes of the answer."""
        if timer == WEATHER:
            return AskWeather(self._weather), self._weather_notices
        return AskTime(), _time_push if timer == PUSH else self._time_notices

    def _time_notices(self, value: Answer | Refusal) -> list[Request]:
        if not (isinstance(value, LocalTime) and value.trusted):
            return []
        times = {0: LocalTime(value.unix), 1: value}
        kinds = sorted(self._notices & times.keys())
        return [notice(self._settings, TimeNotice(kind, clock(codes.LOCAL_TIME, times[kind]).fields)) for kind in kinds]

    def _weather_notices(self, value: Answer | Refusal) -> list[Request]:
        """In as many frames as the MCU's buffer needs."""
        if not isinstance(value, Mapping) or not value:
            return [notice(self._settings, WeatherData(None))]
        return [notice(self._settings, WeatherData(part)) for part in in_frames(value, self._fits)]

    def _fits(self, weather: tuple[WeatherPair, ...]) -> bool:
        return len(bytes(frame_of(WeatherData(weather)))) <= (self._buffer() or UNITS_CAP)


def _time_push(value: Answer | Refusal) -> list[Request]:
    """For clocks that drift: the local time as if it had been asked for. Nothing where it is not known."""
    known = isinstance(value, LocalTime) and value.trusted
    return [Request(bytes(frame_of(clock(codes.LOCAL_TIME, value))))] if known and isinstance(value, LocalTime) else []
