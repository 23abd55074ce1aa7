"""What an MCU asks its module, one question at a time: as scheduled, or for a person who is shown the answer.

    add("time") ─► waits for the start to be over ─► 1c ─► 1c 01 1a 09 15 0f 0d 14 01 ─► "2026-09-21 15:13:20"
                                                      └─► nothing for 5 s: unanswered

Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Network, Settled, Ticket
from unclouded.core.sessions.session_parts import Timers
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Result, json_object
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.mcu.options import McuOptions, Moment, ScheduledQuestion
from unclouded.families.tuya.wifi.messages import ResetMode, Signal
from unclouded.families.tuya.wifi.service_messages import (
    BluetoothTest,
    Features,
    FreeMemory,
    Mac,
    MapBlock,
    MapsBlock,
    ModuleInfo,
    RecordReport,
    Sub,
    SubResult,
    TimeNotice,
    WeatherAnswer,
    WeatherNames,
    WifiCredentials,
    WifiTest,
)

ANSWER_TIMEOUT_S = 5.0
START_TIMEOUT_S = 20.0  # for the network status, before which nothing is asked; ours
QUEUE = 32  # questions that may wait
NO_SUB = -1

Key = tuple[int, int]  # command, sub-command


class QuestionContext(msgspec.Struct, frozen=True):
    """What the MCU knows when it asks. ``time``: local, year - 2000 … second, empty = not known."""

    options: McuOptions
    points: tuple[DataPoint, ...] = ()
    time: bytes = b""


class QuestionKind(msgspec.Struct, frozen=True):
    """A question: what it is for, its message, and what answers it."""

    text: str
    message: Callable[[QuestionContext], Message]
    answer: Key


def _bare(text: str, command: int) -> QuestionKind:
    return QuestionKind(text, lambda _: Bare(command), (command, NO_SUB))


def _sub(text: str, command: int, *data: int) -> QuestionKind:
    return QuestionKind(text, lambda _: Sub(command, data[0], bytes(data[1:])), (command, data[0]))


def _fixed(text: str, message: Message) -> QuestionKind:
    return QuestionKind(text, lambda _: message, (message.command, NO_SUB))


def _record(context: QuestionContext) -> Message:
    """All its values, with its own time, or the module's where it has none."""
    return RecordReport(1, 1 if context.time else 0, context.time or bytes(6), context.points)


def _weather(context: QuestionContext) -> Message:
    return WeatherNames(context.options.weather)


def _features(context: QuestionContext) -> Message:
    return Features(msgspec.json.encode(context.options.features))


WIFI = b'{"s":"unclouded","p":"12345678","t":"sim"}'  # of no real network
CONNECT = b'{"ssid":"unclouded","password":"12345678"}'

QUESTIONS: Mapping[str, QuestionKind] = {
    "gmt": _bare("0c: the time, GMT", codes.GMT),
    "time": _bare("1c: the local time", codes.LOCAL_TIME),
    "time-notices": _sub("34/01: the local time, sent from now on", codes.EXTENDED, codes.TIME_NOTICES_ON, 1),
    "gmt-notices": _sub("34/01: the time, GMT, sent from now on", codes.EXTENDED, codes.TIME_NOTICES_ON, 0),
    "network": _bare("2b: the network status", codes.NETWORK_QUERY),
    "signal": _bare("24: the Wi-Fi signal", codes.SIGNAL),
    "mac": _bare("2d: the module's hardware address", codes.MAC),
    "memory": _bare("0f: the module's free memory", codes.MEMORY),
    "module": _sub("34/07: all information about the module", codes.EXTENDED, codes.MODULE_INFO, 0xFF),
    "weather": QuestionKind("20: the weather, sent from now on", _weather, (codes.WEATHER_ON, NO_SUB)),
    "weather-now": _sub("34/03: the weather, now", codes.EXTENDED, codes.WEATHER_NOW),
    "record": QuestionKind("34/0b: to store all values as a record", _record, (codes.EXTENDED, codes.RECORD)),
    "features": QuestionKind(
        "37/00: to accept the features that the MCU has", _features, (codes.FEATURES, codes.FEATURES_REPORT)
    ),
    "reset": _bare("04: to be reset and paired", codes.RESET),
    "reset-ez": QuestionKind("05: to be reset and paired by EZ", lambda _: ResetMode(0), (codes.RESET_MODE, NO_SUB)),
    "reset-ap": QuestionKind(
        "05: to be reset and paired by its access point", lambda _: ResetMode(1), (codes.RESET_MODE, NO_SUB)
    ),
    "reset-notices": _sub("34/04: notices of resets from now on", codes.EXTENDED, codes.RESET_NOTICES_ON),
    "pairing": _fixed("2a: to pair with a Wi-Fi", WifiCredentials(codes.PAIRING, WIFI)),
    "connect": _fixed("2c: to try a Wi-Fi", WifiCredentials(codes.CONNECTION_TEST, CONNECT)),
    "no-heartbeats": _bare("25: no more heartbeats", codes.STOP_HEARTBEATS),
    "map": _fixed("28: to accept a block of a map", MapBlock(1, 0, bytes(3))),
    "maps": _fixed("30: to accept a block of one of several maps", MapsBlock(1, 1, 0, 0, 0, bytes(3))),
    "wifi-test": _bare("0e: a test of its Wi-Fi", codes.WIFI_TEST),
    "ir-test": _bare("2f: a test of its infrared light", codes.INFRARED_TEST),
    "bluetooth-test": _sub("35/01: a test of its Bluetooth", codes.BLUETOOTH, codes.BLUETOOTH_TEST),
    "bluetooth": _sub("35/05: the state of its Bluetooth", codes.BLUETOOTH, codes.BLUETOOTH_STATE_QUERY),
    "voice": _bare("60: the state of its voice assistant", codes.VOICE),
    "mute": _fixed("61: to mute its microphone", Result(codes.MICROPHONE, 1)),
    "volume": _fixed("62: a volume of 5 of 10", Result(codes.VOLUME, 5)),
    "wake-test": _bare("64: a test of its wake word", codes.WAKE_TEST),
}


class _PendingQuestion(msgspec.Struct):
    """One that waits, or is asked: ``until`` when it is given up, in its turn, or before the module listens."""

    what: str
    until: float
    ticket: Ticket
    is_asked: bool = False


class QuestionQueue:
    """The questions that wait, the first of which may be under way."""

    def __init__(self, send: Callable[[Message, float], None], context: Callable[[float], QuestionContext]) -> None:
        self._send = send
        self._context = context
        self._counts: Counter[str] = Counter()
        self._waiting: deque[_PendingQuestion] = deque()
        self._is_open = False

    def add(self, what: str, now: float, ticket: Ticket = 0) -> None:
        """Ask this in its turn. Raises CommandError where there is no such question, or no room for it.

        Without a ticket (as scheduled) the same thing is asked once, and not at all where there is no room.
        """
        if what not in QUESTIONS:
            raise CommandError(f"An MCU cannot ask {what!r}. It can ask: {', '.join(QUESTIONS)}.")
        is_full = len(self._waiting) >= QUEUE
        if ticket and is_full:
            raise CommandError(f"{QUEUE} questions wait already.")
        if ticket or not (is_full or any(one.what == what and not one.ticket for one in self._waiting)):
            self._waiting.append(_PendingQuestion(what, now + START_TIMEOUT_S, ticket))
            self._next(now)

    def open(self, now: float) -> None:
        """The start is over: the module listens."""
        self._is_open = True
        self._next(now)

    def close(self, reason: str) -> list[Event]:
        """There is no module any more: nothing is answered."""
        self._is_open = False
        tickets = [one.ticket for one in self._waiting if one.ticket]
        self._waiting.clear()
        return [Settled(ticket, "unreachable", reason) for ticket in tickets]

    def received(self, message: Message, now: float) -> list[Event]:
        """Settles the question under way where this answers it, and asks the next one."""
        asked = self._asked()
        if asked is None or key_of(message) != QUESTIONS[asked.what].answer:
            return []
        self._waiting.popleft()
        self._counts["answers"] += 1
        self._next(now)
        is_good, text = answer_text(message)
        return [Settled(asked.ticket, "confirmed" if is_good else "refused", text)] if asked.ticket else []

    def tick(self, now: float) -> list[Event]:
        """Give up what has waited too long."""
        late = [one for one in self._running() if one.until <= now]
        events: list[Event] = []
        for one in late:
            self._waiting.remove(one)
            self._counts["unanswered"] += one.is_asked
            reason = f"no answer within {ANSWER_TIMEOUT_S:g} s" if one.is_asked else "the module never came so far"
            if one.ticket:
                events.append(Settled(one.ticket, "timeout", reason))
        self._next(now)
        return events

    def deadline(self) -> float | None:
        """When the first question whose time runs is given up, in monotonic seconds; None = none waits."""
        return min((one.until for one in self._running()), default=None)

    def stats(self) -> Mapping[str, float]:
        """How many questions were sent, answered, and given up unanswered."""
        return {"asked": 0, "answers": 0, "unanswered": 0, **self._counts}

    def _running(self) -> list[_PendingQuestion]:
        """Those whose time runs: the one that is asked, or all while the module does not listen yet."""
        return [one for one in self._waiting if one.is_asked or not self._is_open]

    def _asked(self) -> _PendingQuestion | None:
        return self._waiting[0] if self._waiting and self._waiting[0].is_asked else None

    def _next(self, now: float) -> None:
        if not self._is_open or not self._waiting or self._waiting[0].is_asked:
            return
        question = self._waiting[0]
        question.is_asked, question.until = True, now + ANSWER_TIMEOUT_S
        self._counts["asked"] += 1
        self._send(QUESTIONS[question.what].message(self._context(now)), now)


class ScheduledQuestions:
    """What it asks by itself: at some moments, and then every now and then."""

    def __init__(self, habits: tuple[ScheduledQuestion, ...], questions: QuestionQueue, timers: Timers) -> None:
        self._habits = habits
        self._questions = questions
        self._timers = timers

    def at(self, moment: Moment, now: float) -> None:
        """This moment has come: asks what belongs to it, and starts the timers of what is asked repeatedly."""
        for habit in self._habits:
            if habit.moment == moment:
                self._begin(habit, now)

    def run(self, timer: str, now: float) -> None:
        """A timer of ours is due."""
        for habit in self._habits:
            if habit.ask == timer:
                self._begin(habit, now)

    def forget(self) -> None:
        """Nothing is asked by itself until the next moment."""
        self._timers.clear(*(habit.ask for habit in self._habits))

    def _begin(self, habit: ScheduledQuestion, now: float) -> None:
        self._questions.add(habit.ask, now)
        if habit.every_s:
            self._timers.set(habit.ask, now + habit.every_s)


def key_of(message: Message) -> Key:
    """What kind of answer this may be."""
    match message:
        case Sub(sub=sub) | SubResult(sub=sub):
            return message.command, sub
        case TimeNotice():
            return codes.EXTENDED, codes.TIME_NOTICE
        case ModuleInfo():
            return codes.EXTENDED, codes.MODULE_INFO
        case BluetoothTest():
            return codes.BLUETOOTH, codes.BLUETOOTH_TEST
    return message.command, NO_SUB


# --- answers as text ----------------------------------------------------------------------------------


def answer_text(message: Message) -> tuple[bool, str]:
    """Was it a yes? And the answer as text, without secrets."""
    match message:
        case Clock(ok=True, fields=fields):
            year, month, day, hour, minute, second = fields[:6]
            return True, f"20{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        case Clock():
            return False, "the module does not know"
        case Signal(dBm=dBm):
            return bool(dBm), f"{dBm} dBm" if dBm else "the module does not know"
        case NetworkStatus(status=status):
            return True, _NETWORK.get(status, f"status {status}")
        case FreeMemory(size=size):
            return True, f"{size} bytes"
        case Mac(ok=ok, address=address):
            return ok, address.hex(":") if ok else "the module does not know"
        case WifiTest(ok=ok, code=code):
            return ok, f"found, {code} %" if ok else "no licence" if code else "not found"
        case WeatherAnswer(ok=ok, why=why):
            return ok, "it will be sent" if ok else f"error {why}"
        case ModuleInfo(code=code, data=data):
            return (
                not code,
                f"error {code}" if code else f"it reports {', '.join(json_object(data) or ()) or 'nothing'}",
            )
        case BluetoothTest(code=code, signal=signal):
            return code == 1, f"found, {signal} %" if code == 1 else "not found"
        case Result(command=codes.VOICE | codes.MICROPHONE | codes.VOLUME | codes.WAKE_TEST, code=code):
            return True, f"{code}"
        case SubResult(command=codes.BLUETOOTH, code=code):
            return True, f"state {code}"
        case Result(code=code) | SubResult(code=code):
            text = _TAKEN.get((message.command, code), f"code {code}" if code else "done")
            return code == _YES.get(message.command, 0), text
    return True, ""


_NETWORK: Mapping[int, str] = {status.value: status.name.lower().replace("_", " ") for status in Network}
_YES: Mapping[int, int] = {codes.CONNECTION_TEST: 1}  # by command, where it is not 0
_TAKEN: Mapping[tuple[int, int], str] = {  # by command and code
    (codes.PAIRING, 0): "taken",
    (codes.PAIRING, 1): "it is not to be paired now",
    (codes.PAIRING, 2): "that is not the right JSON",
    (codes.PAIRING, 3): "it failed",
    (codes.CONNECTION_TEST, 0): "that is not the right JSON",
    (codes.CONNECTION_TEST, 1): "taken",
    (codes.INFRARED_TEST, 1): "there is none",
    (codes.EXTENDED, 2): "it failed",
    (codes.EXTENDED, 3): "that cannot be",
    (codes.FEATURES, 1): "that is not the right JSON",
}
