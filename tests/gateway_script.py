"""Plays a scripted conversation: the script is the MCU and the person, the session under test is the module.

The scripts come with expectations of frames and of events, each in a time span that begins at the start or when
another expectation was met. Frames and events are taken in their order, each by one expectation.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any

from pair import START_UNIX
from unclouded.core.errors import CommandError
from unclouded.core.family import MEANS
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskBlock,
    Asked,
    AskFile,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    AskWeather,
    Event,
    LinkPath,
    LocalTime,
    Network,
    Question,
    Refusal,
    Remember,
    Session,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_fields import fields_of
from unclouded.families.tuya.gateway.wire.security_messages import SecurityInfo
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.hub.services.forecast import requested

LATENCY_S = 0.05  # of the scripted MCU's answers
RANK = {"change": 0, "mcu": 1, "user": 2}

Script = Mapping[str, Any]  # Any: JSON types
Words = Callable[[Event], Sequence[str]]


class Met:
    """When an expectation was met."""

    def __init__(self, step: Script) -> None:
        self.step = step
        self.at: float | None = None


class Player:
    """``make(memory)``: the session. ``words(event)``: what an event is called in scripts. ``do``: a user's action."""

    def __init__(
        self,
        script: Script,
        make: Callable[[Ambient], Session],
        words: Words,
        do: Callable[[str, Mapping[str, Any]], Sequence[WireAction | WireCommand]],
        memory: Mapping[str, bytes],
        unix: float | None,
        offset_s: int,
    ) -> None:
        self.now = 0.0
        self.script = script
        self.frames: list[tuple[float, Frame]] = []
        self.received: list[tuple[float, str]] = []
        self.problems: list[str] = []
        self._unix, self._offset_s = unix, offset_s
        wall = START_UNIX if unix is None else unix
        self.session = make(Ambient(lambda now: wall + now, bytes, memory))
        self._words, self._do = words, do
        self._framer = Framer((GATEWAY.shapes,), gap=None)
        self._auto = dict(script["auto"])
        self._alive = set(script["alive"])
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._began = 0.0
        self._met = {step["label"]: Met(step) for step in script["steps"] if "label" in step}
        self._waiting = [Met(step) for step in script["steps"] if "label" not in step]
        self._open = [*self._met.values(), *self._waiting]
        order = {id(step): number for number, step in enumerate(script["steps"])}
        self._open.sort(key=lambda met: order[id(met.step)])

    def play(self) -> list[str]:
        """The expectations that were not met, as text."""
        if self.script["start"] == "up":
            self._start()
        self._began = self.now
        pending = [met for met in self._open if set(met.step) & set(RANK)]
        self._open = [met for met in self._open if not set(met.step) & set(RANK)]
        self._take(self.session.up(LinkPath(), self.now)) if self.script["start"] != "up" else None
        end = self._began + 4000.0
        while self.now < end:
            for met in list(pending):
                base = self._base(met.step)
                if base is not None and base + met.step["t"] <= self.now + 1e-9:
                    pending.remove(met)
                    self._act(met.step)
            if not pending and all(self._is_over(met) for met in self._open):
                break
            due = [base + met.step["t"] for met in pending if (base := self._base(met.step)) is not None]
            ends = [at for met in self._open if (at := self._end(met)) is not None and at > self.now]
            self._advance(min([*due, *ends, end]))
        return [*self.problems, *filter(None, map(self._verdict, self._open))]

    # --- inside ----------------------------------------------------------------------------------

    def _start(self) -> None:
        self._take(self.session.up(LinkPath(), 0.0))
        self._advance(3.0)
        for device in self.script["setup"]["devices"]:
            text = json.dumps({"sub_id": device["sub_id"], "lp": 0}, separators=(",", ":")).encode()
            self._receive(bytes(Frame(0, 0x0A, text)))
        self.frames.clear()
        self.received.clear()

    def _base(self, step: Script) -> float | None:
        if "after" not in step:
            return self._began
        return self._met[step["after"]].at

    def _end(self, met: Met) -> float | None:
        base = self._base(met.step)
        return None if base is None else base + met.step["t"] + met.step.get("within", met.step.get("during", 0.0))

    def _is_over(self, met: Met) -> bool:
        end = self._end(met)
        return ("expect_not" not in met.step and met.at is not None) or (end is not None and end <= self.now)

    def _verdict(self, met: Met) -> str:
        step, base = met.step, self._base(met.step)
        if base is None:
            return f"never began: {_short(step)}"
        if "expect_not" not in step:
            return f"not met: {_short(step)}" if met.at is None else ""
        begin, end = base + step["t"], base + step["t"] + step["during"]
        unwanted = step["expect_not"]
        for at, frame in self.frames:
            if begin <= at <= end and "op" in unwanted and _fits(frame, unwanted):
                return f"at {at - self._began:.2f}: {_short(step)}"
        for at, text in self.received:
            if begin <= at <= end and text == unwanted.get("event"):
                return f"at {at - self._began:.2f}: {_short(step)}"
        return ""

    def _act(self, step: Script) -> None:
        if "mcu" in step:
            self._receive(bytes.fromhex(step["mcu"]))
        elif "change" in step:
            self._auto.update(step["change"].get("auto", {}))
            self._alive = set(step["change"].get("alive", self._alive))
        else:
            self._user(step["user"]["action"], step["user"]["args"])

    def _user(self, action: str, args: Mapping[str, Any]) -> None:
        try:
            for command in self._do(action, args):
                self.session.submit(command, self.now)
        except CommandError as error:
            self.problems.append(f"{action}: {error}")
        self._take(())

    def _advance(self, until: float) -> None:
        """Up to then, or to the first thing that happens."""
        while True:
            soonest = (self.session.deadline(), self._coming[0][0] if self._coming else None)
            at = min((at for at in soonest if at is not None), default=until)
            if at > until:
                break
            self.now = max(self.now, at)
            while self._coming and self._coming[0][0] <= self.now:
                self._coming.pop(0)[2]()
            due = self.session.deadline()
            if due is not None and due <= self.now:
                self._take(self.session.tick(self.now))
            if any(met.at == self.now for met in self._open):
                return
        self.now = until

    def _receive(self, data: bytes) -> None:
        self._take(self.session.receive(data, self.now))

    def _later(self, at: float, call: Callable[[], None]) -> None:
        self._count += 1
        self._coming.append((at, self._count, call))
        self._coming.sort(key=lambda one: one[:2])

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Asked):
                self._later(self.now + LATENCY_S, partial(self._answer, event))
            elif not isinstance(event, Remember):
                for text in self._words(event):
                    self.received.append((self.now, text))
                    self._meet(partial(_names, text))
        for out in self.session.outgoing(self.now):
            for frame in self._framer.feed(out.data):
                assert isinstance(frame, Frame)
                self._sent(frame)

    def _sent(self, frame: Frame) -> None:
        self.frames.append((self.now, frame))
        self._meet(lambda step: "expect" in step and _fits(frame, step["expect"]))
        answer = self._auto.get(_op(frame))
        if answer:
            self._later(self.now + LATENCY_S, lambda: self._receive(bytes.fromhex(answer)))
        if frame.command == 0x0A and json.loads(frame.payload)["sub_id"] in self._alive:
            text = json.dumps({**json.loads(frame.payload), "lp": 0}, separators=(",", ":")).encode()
            self._later(self.now + LATENCY_S, lambda: self._receive(bytes(Frame(0, 0x0A, text))))

    def _meet(self, fits: Callable[[Script], bool]) -> None:
        for met in self._open:
            base = self._base(met.step)
            if met.at is None and base is not None and fits(met.step):
                begin = base + met.step["t"]
                if begin - 1e-6 <= self.now <= begin + met.step["within"] + 1e-6:
                    met.at = self.now
                    return

    def _answer(self, asked: Asked) -> None:
        self._take(self.session.answer(asked.id, self._answer_to(asked.question), self.now))

    def _firmware(self) -> bytes:
        return bytes.fromhex(self.script["setup"]["firmware"]["hex"])

    def _answer_to(self, question: Question) -> Answer | Refusal:
        match question:
            case AskTime():
                return (
                    LocalTime(self._unix + self.now, self._offset_s) if self._unix is not None else Refusal("unknown")
                )
            case AskNetwork():
                return Network.CLOUD.value
            case AskSignal():
                return -45
            case AskMemory():
                return 65_536
            case AskStored():
                return True
            case AskFile():
                return {"size": len(self._firmware()), "md5": ""}
            case AskBlock(offset=offset, size=size):
                return self._firmware()[offset : offset + size]
            case AskWeather(names=names):
                weather = requested(self.script["setup"].get("weather", {}), names, UTC)
                return weather or Refusal("no weather")
        return Refusal("no answer")


def _names(text: str, step: Script) -> bool:
    return bool(step.get("expect_event") == text)


def _op(frame: Frame) -> str:
    sub = GATEWAY.sub_of(frame.command, frame.payload)
    return f"{frame.command:02X}" if sub is None else f"{frame.command:02X}/{sub:02X}"


def _fits(frame: Frame, expected: Any) -> bool:
    if isinstance(expected, str):
        return bytes(frame) == bytes.fromhex(expected) or _same_json(frame, bytes.fromhex(expected))
    if _op(frame) != expected["op"]:
        return False
    fields = _named(frame)
    return all(_same(fields.get(name), value) for name, value in expected.get("fields", {}).items())


def _same(ours: Any, theirs: Any) -> bool:
    """Whether it is the same value; the mode of c0/02 is a text on the line."""
    return bool(ours == theirs) or (isinstance(ours, str) and ours == str(theirs))


def _named(frame: Frame) -> Mapping[str, Any]:
    """Its fields, without what they mean."""
    message = GATEWAY.read("controller", frame)
    fields = {"result": 0, **fields_of(message)} if isinstance(message, SecurityInfo) else fields_of(message)
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    match value:
        case list() | tuple():
            return list(map(_plain, value))
        case Mapping():
            return {key: one for key, one in value.items() if key != MEANS}
    return value


def _same_json(frame: Frame, expected: bytes) -> bool:
    """Whether both are frames of one command with the same JSON."""
    try:
        return frame.command == expected[3] and json.loads(frame.payload) == json.loads(expected[6:-1])
    except ValueError:
        return False


def _short(step: Script) -> str:
    return json.dumps({key: value for key, value in step.items() if key != "why"})[:220]
