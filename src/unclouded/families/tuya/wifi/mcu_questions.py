"""What an MCU asks its module, one question at a time: by habit, or because somebody wants to see the answer.

    want("time") ─► waits for the start to be over ─► 1c ─► 1c 01 … ─► "2026-11-20 13:00:00"
                                                       └─► nothing for 5 s: unanswered

Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.session import Event, Settled, Ticket
from unclouded.core.session_parts import Timers
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.messages import Bare, Result
from unclouded.families.tuya.wifi.mcu_answer_text import words_of
from unclouded.families.tuya.wifi.mcu_options import McuOptions, Moment, ScheduledQuestion
from unclouded.families.tuya.wifi.messages import ResetMode
from unclouded.families.tuya.wifi.service_messages import (
    BluetoothTest,
    Features,
    MapBlock,
    MapsBlock,
    ModuleInfo,
    RecordReport,
    Sub,
    SubResult,
    TimeNotice,
    WeatherNames,
    WifiCredentials,
)

PATIENCE = 5.0  # s for an answer
START = 20.0  # s for the module to tell how the network is, before which nothing is asked; ours
QUEUE = 32  # questions that may wait
NO_SUB = -1

Key = tuple[int, int]  # command, sub-command


class QuestionContext(msgspec.Struct, frozen=True):
    """What the MCU knows when it asks. ``time``: local, year - 2000 … second, empty = not known."""

    options: McuOptions
    points: tuple[DataPoint, ...] = ()
    time: bytes = b""


class QuestionKind(msgspec.Struct, frozen=True):
    """A question: what it is for, how it is put, and what answers it."""

    words: str
    message: Callable[[QuestionContext], Message]
    answer: Key


def _bare(words: str, command: int) -> QuestionKind:
    return QuestionKind(words, lambda _: Bare(command), (command, NO_SUB))


def _sub(words: str, command: int, *data: int) -> QuestionKind:
    return QuestionKind(words, lambda _: Sub(command, data[0], bytes(data[1:])), (command, data[0]))


def _says(words: str, message: Message) -> QuestionKind:
    return QuestionKind(words, lambda _: message, (message.command, NO_SUB))


def _record(situation: QuestionContext) -> Message:
    """All its values, with its own time, or the module's where it has none."""
    return RecordReport(1, 1 if situation.time else 0, situation.time or bytes(6), situation.points)


def _weather(situation: QuestionContext) -> Message:
    return WeatherNames(situation.options.weather)


def _features(situation: QuestionContext) -> Message:
    return Features(msgspec.json.encode(situation.options.features))


WIFI = b'{"s":"unclouded","p":"12345678","t":"sim"}'  # nobody's
CONNECT = b'{"ssid":"unclouded","password":"12345678"}'

ASKS: Mapping[str, QuestionKind] = {
    "gmt": _bare("0c: the time, GMT", 0x0C),
    "time": _bare("1c: the local time", 0x1C),
    "time-notices": _sub("34/01: to be told the local time from now on", 0x34, 0x01, 1),
    "gmt-notices": _sub("34/01: to be told the time, GMT, from now on", 0x34, 0x01, 0),
    "network": _bare("2b: how the network is", 0x2B),
    "signal": _bare("24: the Wi-Fi signal", 0x24),
    "mac": _bare("2d: the module's hardware address", 0x2D),
    "memory": _bare("0f: the module's free memory", 0x0F),
    "module": _sub("34/07: all there is to know of the module", 0x34, 0x07, 0xFF),
    "weather": QuestionKind("20: to be told the weather from now on", _weather, (0x20, NO_SUB)),
    "weather-now": _sub("34/03: the weather, now", 0x34, 0x03),
    "record": QuestionKind("34/0b: takes all values as a record", _record, (0x34, 0x0B)),
    "features": QuestionKind("37/00: heeds what features the MCU has", _features, (0x37, 0x00)),
    "reset": _bare("04: to be reset and paired", 0x04),
    "reset-ez": QuestionKind("05: to be reset and paired by EZ", lambda _: ResetMode(0), (0x05, NO_SUB)),
    "reset-ap": QuestionKind("05: to be reset and paired by its access point", lambda _: ResetMode(1), (0x05, NO_SUB)),
    "reset-notices": _sub("34/04: to be told of resets from now on", 0x34, 0x04),
    "pairing": _says("2a: takes a Wi-Fi to pair with", WifiCredentials(0x2A, WIFI)),
    "connect": _says("2c: tries a Wi-Fi", WifiCredentials(0x2C, CONNECT)),
    "no-heartbeats": _bare("25: to be left alone with heartbeats", 0x25),
    "map": _says("28: takes a block of a map", MapBlock(1, 0, bytes(3))),
    "maps": _says("30: takes a block of one of several maps", MapsBlock(1, 1, 0, 0, 0, bytes(3))),
    "wifi-test": _bare("0e: a test of its Wi-Fi", 0x0E),
    "ir-test": _bare("2f: a test of its infrared light", 0x2F),
    "bluetooth-test": _sub("35/01: a test of its Bluetooth", 0x35, 0x01),
    "bluetooth": _sub("35/05: how its Bluetooth is", 0x35, 0x05),
    "voice": _bare("60: how its voice assistant is", 0x60),
    "mute": _says("61: to mute its microphone", Result(0x61, 1)),
    "volume": _says("62: a volume of 5 of 10", Result(0x62, 5)),
    "wake-test": _bare("64: a test of its wake word", 0x64),
}


class _PendingQuestion(msgspec.Struct):
    """One that waits, or is asked: ``until`` when it is given up, in its turn, or before the module listens."""

    what: str
    until: float
    ticket: Ticket
    is_asked: bool = False


class QuestionQueue:
    """The questions that wait, the first of which may be under way."""

    def __init__(self, say: Callable[[Message, float], None], situation: Callable[[float], QuestionContext]) -> None:
        self._say = say
        self._situation = situation
        self._counts: Counter[str] = Counter()
        self._waiting: deque[_PendingQuestion] = deque()
        self._is_open = False

    def want(self, what: str, now: float, ticket: Ticket = 0) -> None:
        """Ask this in its turn. Raises CommandError where there is no such question, or no room for it.

        By habit (no ticket) the same thing is asked once, and not at all where there is no room.
        """
        if what not in ASKS:
            raise CommandError(f"An MCU cannot ask {what!r}. It can ask: {', '.join(ASKS)}.")
        is_full = len(self._waiting) >= QUEUE
        if ticket and is_full:
            raise CommandError(f"{QUEUE} questions wait already.")
        if ticket or not (is_full or any(one.what == what and not one.ticket for one in self._waiting)):
            self._waiting.append(_PendingQuestion(what, now + START, ticket))
            self._next(now)

    def open(self, now: float) -> None:
        """The start is over: the module listens."""
        self._is_open = True
        self._next(now)

    def close(self, reason: str) -> list[Event]:
        """There is no module any more: nobody answers."""
        self._is_open = False
        tickets = [one.ticket for one in self._waiting if one.ticket]
        self._waiting.clear()
        return [Settled(ticket, "unreachable", reason) for ticket in tickets]

    def hear(self, message: Message, now: float) -> list[Event]:
        """Is it the answer?"""
        asked = self._asked()
        if asked is None or key_of(message) != ASKS[asked.what].answer:
            return []
        self._waiting.popleft()
        self._counts["answers"] += 1
        self._next(now)
        good, words = words_of(message)
        return [Settled(asked.ticket, "confirmed" if good else "refused", words)] if asked.ticket else []

    def tick(self, now: float) -> list[Event]:
        """Give up what has waited too long."""
        late = [one for one in self._mortal() if one.until <= now]
        events: list[Event] = []
        for one in late:
            self._waiting.remove(one)
            self._counts["unanswered"] += one.is_asked
            words = f"no answer within {PATIENCE:g} s" if one.is_asked else "the module never came so far"
            if one.ticket:
                events.append(Settled(one.ticket, "timeout", words))
        self._next(now)
        return events

    def deadline(self) -> float | None:
        return min((one.until for one in self._mortal()), default=None)

    def stats(self) -> Mapping[str, float]:
        return {"asked": 0, "answers": 0, "unanswered": 0, **self._counts}

    def _mortal(self) -> list[_PendingQuestion]:
        """Those whose time runs: the one that is asked, or all while the module does not listen yet."""
        return [one for one in self._waiting if one.is_asked or not self._is_open]

    def _asked(self) -> _PendingQuestion | None:
        return self._waiting[0] if self._waiting and self._waiting[0].is_asked else None

    def _next(self, now: float) -> None:
        if not self._is_open or not self._waiting or self._waiting[0].is_asked:
            return
        question = self._waiting[0]
        question.is_asked, question.until = True, now + PATIENCE
        self._counts["asked"] += 1
        self._say(ASKS[question.what].message(self._situation(now)), now)


class ScheduledQuestions:
    """What it asks by itself: at some moments, and then every now and then."""

    def __init__(self, habits: tuple[ScheduledQuestion, ...], asks: QuestionQueue, timers: Timers) -> None:
        self._habits = habits
        self._asks = asks
        self._timers = timers

    def at(self, moment: Moment, now: float) -> None:
        for habit in self._habits:
            if habit.moment == moment:
                self._begin(habit, now)

    def run(self, timer: str, now: float) -> None:
        """A timer of ours is due."""
        for habit in self._habits:
            if habit.ask == timer:
                self._begin(habit, now)

    def forget(self) -> None:
        self._timers.clear(*(habit.ask for habit in self._habits))

    def _begin(self, habit: ScheduledQuestion, now: float) -> None:
        self._asks.want(habit.ask, now)
        if habit.every_s:
            self._timers.set(habit.ask, now + habit.every_s)


def key_of(message: Message) -> Key:
    """What kind of answer this may be."""
    match message:
        case Sub(sub=sub) | SubResult(sub=sub):
            return message.command, sub
        case TimeNotice():
            return 0x34, 0x02
        case ModuleInfo():
            return 0x34, 0x07
        case BluetoothTest():
            return 0x35, 0x01
    return message.command, NO_SUB
