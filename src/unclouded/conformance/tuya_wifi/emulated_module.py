"""The module that we play against an MCU under test: heartbeats, the start, and answers to what the MCU asks.

It does what docs/protocols/tuya_wifi.md §2.3.1 has a module do, and goes on where a step is not answered.
"""

from datetime import UTC, datetime

from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import (
    AnsweringEnd,
    Answers,
    AnswerTo,
    Line,
    acknowledged,
    exchange,
    is_command,
    units_of,
)
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.service_messages import WeatherData

BEAT_S = 15.0  # docs/protocols/tuya_wifi.md §2.3.2
SEARCH_S = 1.0  # the same, while nothing answers
ANSWER_S = 1.0  # that a step of the start waits
ROUTER, CLOUD = 3, 4  # docs/protocols/tuya_wifi.md §2.4.6
PAUSE_S = 0.1  # between two frames of ours
REPORTS_S = 1.0  # that reports may take after a query


def weather_of(*values: tuple[str, int | str]) -> bytes:
    """The payload of 21: weather by name."""
    return WeatherData(values).payload()


MAC = bytes((0x02, 0, 0, 0, 0, 1))  # of no real module
DBM = 256 - 60
MEMORY = 50_000


class EmulatedModule(AnsweringEnd):
    """``is_started``: the start is over and the MCU has not restarted since. ``points``: what it reported, by id.

    ``beats``: heartbeats go out by themselves. ``sync_result``: of 23. ``question``: what the MCU is known to answer.
    """

    def __init__(self, line: Line) -> None:
        self.is_started = False
        self.points: dict[int, tuple[int, bytes]] = {}
        self.restarts = 0
        self.beats = True
        self.sync_result = 1
        self.question = TuyaQuestion(codes.PRODUCT)
        self._beat_at: float | None = None
        super().__init__(line, 0)

    def reset(self) -> None:
        super().reset()
        self.beats = True
        self.sync_result = 1

    # --- what it sends by itself ---------------------------------------------------------------------

    def begin_beats(self) -> None:
        """Heartbeats go out from now on, the first one BEAT_S from now."""
        self._beat_at = self.line.now + BEAT_S

    def tick(self, now: float) -> None:
        if self._beat_at is not None and self._beat_at <= now:
            self._beat_at = now + BEAT_S
            if self.beats and not (self.is_silent or self.is_quiet):
                self.send(codes.HEARTBEAT)

    def deadline(self) -> float | None:
        return earliest(self._beat_at)

    # --- what it answers ---------------------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and frame.command == codes.HEARTBEAT and frame.payload == b"\0":
            self.restarts += 1
            self.is_started = False
        if frame is not None and frame.command in (codes.REPORT, codes.SYNC_REPORT):
            self.points |= {id: (type, value) for id, type, value in units_of(frame.payload)}
        super().received(entry)

    def answers(self) -> dict[int, AnswerTo]:
        return {
            codes.RESET: acknowledged(codes.RESET),
            codes.RESET_MODE: acknowledged(codes.RESET_MODE),
            codes.STOP_HEARTBEATS: acknowledged(codes.STOP_HEARTBEATS),
            codes.GMT: lambda data: ((codes.GMT, self.time(local=False)),),
            codes.LOCAL_TIME: lambda data: ((codes.LOCAL_TIME, self.time(local=True)),),
            codes.WIFI_TEST: lambda data: ((codes.WIFI_TEST, b"\x01\x50"),),
            codes.MEMORY: lambda data: ((codes.MEMORY, MEMORY.to_bytes(4)),),
            codes.WEATHER_ON: lambda data: ((codes.WEATHER_ON, b"\x01\x00"),),
            codes.SYNC_REPORT: lambda data: ((codes.SYNC_RESULT, bytes((self.sync_result,))),),
            codes.SIGNAL: lambda data: ((codes.SIGNAL, bytes((DBM,))),),
            codes.MAP: lambda data: ((codes.MAP, b"\0"),),
            codes.MAPS: lambda data: ((codes.MAPS, b"\0"),),
            codes.PAIRING: lambda data: ((codes.PAIRING, b"\x01"),),
            codes.NETWORK_QUERY: lambda data: ((codes.NETWORK_QUERY, bytes((CLOUD,))),),
            codes.CONNECTION_TEST: lambda data: ((codes.CONNECTION_TEST, b"\x01"),),
            codes.MAC: lambda data: ((codes.MAC, b"\0" + MAC),),
            codes.INFRARED_TEST: lambda data: ((codes.INFRARED_TEST, b"\x01"),),
            codes.EXTENDED: self._extended,
            codes.FEATURES: lambda data: ((codes.FEATURES, b"\0\0"),) if data[:1] == b"\0" else (),
        }

    def time(self, local: bool) -> bytes:
        """Payload of 0c and 1c. Our local time is GMT."""
        at = datetime.fromtimestamp(self.line.unix(), UTC)
        fields = bytes((1, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))
        return fields + bytes((at.isoweekday(),)) if local else fields

    def _extended(self, data: bytes) -> Answers:
        sub = data[:1]
        if sub in (b"\x02", b"\x05"):  # acknowledgements
            return ()
        return ((codes.EXTENDED, sub + b"\0"),) if sub and sub != b"\x07" else ((codes.EXTENDED, sub + b"\x01"),)

    # --- the start ---------------------------------------------------------------------------------

    def start(self) -> Script[None]:
        """01, 02, 03 router, 03 cloud, 08; what is not answered is left behind."""
        restarts = self.restarts
        yield from self._step(codes.PRODUCT)
        yield from self.line.pause(PAUSE_S)  # 37/00 comes here
        yield from self._step(codes.MODE)
        for status in (ROUTER, CLOUD):
            yield from self._step(codes.NETWORK, bytes((status,)))
        self.send(codes.QUERY)
        yield from self.line.pause(REPORTS_S)
        self.is_started = self.restarts == restarts

    def answers_anything(self) -> Script[bool]:
        """Does the MCU answer 00 or 01? Each is sent three times."""
        for command in (codes.HEARTBEAT, codes.PRODUCT):
            for _ in range(3):
                if (yield from exchange(self.line, command)) is not None:
                    return True
        return False

    def _step(self, command: int, payload: bytes = b"") -> Script[None]:
        self.send(command, payload)
        yield from self.line.wait_for(is_command(command), ANSWER_S)
        yield from self.line.pause(PAUSE_S)
