"""The weather for a gateway that asks for it: at once, then at the interval that it chose, and on demand.

    33/00 interval, names ─► 33/00 1 0 ─► Asked(weather) ─► 33/01 values ─ … interval … ─► 33/01
    33/02 names ─► 33/02 0 ─► 33/01          again within a minute: 33/02 1, and no data
    the hub knows no weather ─► 33/01 00 01

The subscription is remembered over restarts of the hub. Source: docs/protocols/tuya_gateway.md §2.11.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.sessions.session import Answer, AskWeather, Event, Refusal, Remember, WireValue
from unclouded.families.tuya.gateway.module.action_requests import ActionRequests
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import result_of
from unclouded.families.tuya.gateway.wire.service_messages import (
    WeatherAccepted,
    WeatherReport,
    WeatherRequest,
    WeatherSubscription,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.shapes import OTHER_CAP
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.weather import WeatherPair, in_frames, is_known

WEATHER = "weather"  # a timer, the names of requests, and the key in the memory
LEAST_S = 60.0  # between two answers on demand; docs/protocols/tuya_gateway.md §1.7.3
FIRST_S = 1.0  # after the start, of a subscription from before; ours


class GatewayWeather:
    """``memory``: of an earlier run."""

    def __init__(
        self, settings: GatewaySettings, parts: EndpointParts, requests: ActionRequests, memory: Mapping[str, bytes]
    ) -> None:
        self._has_status = settings.weather_status_byte
        self._queue = parts.queue
        self._timers = parts.timers
        self._questions = parts.questions
        self._requests = requests
        self._subscription = _restored(memory.get(WEATHER, b""))
        self._demanded_at = float("-inf")

    def begin(self, now: float) -> None:
        """The MCU is there; one that subscribed before gets the weather again."""
        if self._subscription is not None:
            self._timers.set(WEATHER, now + FIRST_S)

    def received(self, message: WeatherSubscription | WeatherRequest, now: float) -> list[Event]:
        """Answers it, and asks the hub for the weather. Demands less than LEAST_S apart are refused."""
        match message:
            case WeatherSubscription():
                self._answer(WeatherAccepted(1))
                self._subscription = message
                value = msgspec.json.encode([message.interval, *message.names])
                return [Remember(WEATHER, value), *self.due(now)]
            case WeatherRequest(names=names):
                is_soon = now < self._demanded_at + LEAST_S
                self._answer(result_of(codes.SERVICES, not is_soon, codes.WEATHER_NOW))
                if is_soon:
                    return []
                self._demanded_at = now
                return self._ask(names, now)

    def due(self, now: float) -> list[Event]:
        """The timer has run out: the weather, and the timer again."""
        if self._subscription is None:
            return []
        self._timers.set(WEATHER, now + self._subscription.seconds)
        return self._ask(self._subscription.names, now)

    # --- inside ----------------------------------------------------------------------------------

    def _ask(self, names: tuple[str, ...], now: float) -> list[Event]:
        def then(value: Answer | Refusal, now: float) -> list[Event]:
            return self._send(value if isinstance(value, Mapping) else {})

        return self._questions.ask(AskWeather(tuple(filter(is_known, names))), then, now)

    def _send(self, values: Mapping[str, WireValue]) -> list[Event]:
        """In as many frames as it takes."""
        parts = in_frames(values, _fits)
        reports = [WeatherReport(pairs, self._has_status) for pairs in parts if pairs] or [WeatherReport(None)]
        return [
            event
            for number, report in enumerate(reports)
            for event in self._requests.send(report, f"{WEATHER} {number}")
        ]

    def _answer(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))


def _fits(pairs: tuple[WeatherPair, ...]) -> bool:
    return len(WeatherReport(pairs).payload()) <= OTHER_CAP


def _restored(value: bytes) -> WeatherSubscription | None:
    try:
        interval, *names = msgspec.json.decode(value, type=list[int | str]) if value else [None]
    except msgspec.DecodeError:
        return None
    if not isinstance(interval, int):
        return None
    message = WeatherSubscription(interval, tuple(map(str, names)))
    return None if message.problem() else message
