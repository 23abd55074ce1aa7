"""Small sessions for every kind of conversation that the hub must manage, without a real protocol.

The wire is text: ``get`` -> ``is on 67``, ``set on`` -> ``ok``. There are a plug that is polled over HTTP, that
connects to us, or both; and a gateway with sub-devices of several products, sleeping ones too, and an update in blocks.
"""

from collections.abc import Sequence

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Answer,
    AskBlock,
    AskCommand,
    Asked,
    Event,
    Failure,
    Identified,
    Joined,
    Left,
    LinkPath,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    Remember,
    Reported,
    SessionCommand,
    Ticket,
    WireAction,
    WireCommand,
)
from unclouded.core.sessions.session_parts import Tickets, Timers, earliest

POLL_S = 5.0  # s between two polls
TIMEOUT_S = 3.0  # s that a command waits for its confirmation
FAILURES = 3  # failures in a row after which a plug is offline


class PlugController:
    """Polls a plug that answers datagrams, on the best path that is up ("broker" before "http")."""

    def __init__(self, ambient: Ambient) -> None:
        self._paths: dict[str, LinkPath] = {}
        self._outs: list[Out] = []
        self._timers = Timers()
        self._tickets = Tickets()
        self._next = int.from_bytes(ambient.memory.get("next", b""), "big") + 1
        self._requests: dict[int, tuple[str, str]] = {}  # datagram -> its text and its path
        self._commands: dict[Ticket, str] = {}
        self._failures = 0
        self._online = False

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        is_new_connection = path.name in self._paths
        self._paths[path.name] = path
        if is_new_connection and not path.answers:  # the old one ended without a word: its requests are sent again
            self._send_again(path.name)
        self._timers.set("poll", now)
        return []

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._paths.pop(path, None)
        if self._paths:
            self._send_again(path)
            return []
        self._requests.clear()
        self._timers.clear_all()
        self._commands.clear()
        return [*self._tickets.settle_all("unreachable", reason), *self._offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        request = self._requests.pop(re, None)
        match data.decode("ascii", "replace").split():
            case ["is", ("on" | "off") as state, watts] if watts.isdecimal() and watts.isascii():
                return self._accepted([Reported({"on": state == "on", "power": int(watts)}), *self._confirm(state)])
            case ["ok"] if request is not None:
                self._request("get")  # an acknowledgement without a value: read it
                return self._accepted([])
        return [Rejected("not the text of a plug", data)]

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        if self._requests.pop(id, None) is None:
            return []
        self._failures += 1
        return self._offline(f"the plug {why.value}") if self._failures >= FAILURES else []

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not isinstance(command, WireCommand) or set(command.values) != {"on"}:
            raise CommandError("A toy plug can be switched, no more.")
        ticket = self._tickets.issue(now + TIMEOUT_S if self._paths else now)
        if self._paths:
            state = "on" if command.values["on"] else "off"
            self._commands[ticket] = state
            self._request(f"set {state}")
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return []

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for ticket in self._tickets.overdue(now):
            known = self._commands.pop(ticket, None)
            events += self._tickets.settle(ticket, "timeout" if known else "unreachable", "the plug did not report it")
        for _ in self._timers.due(now):
            self._timers.set("poll", now + POLL_S)
            self._request("get")
        return events

    def deadline(self) -> float | None:
        return earliest(self._timers.earliest(), self._tickets.earliest())

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> dict[str, float]:
        return {"under_way": len(self._requests)}

    def _request(self, text: str) -> None:
        if not self._paths or (text == "get" and any(other == "get" for other, _ in self._requests.values())):
            return
        path = "broker" if "broker" in self._paths else next(iter(self._paths))
        id = self._next
        self._next += 1
        self._requests[id] = (text, path)
        self._outs.append(Out(text.encode(), id, path))

    def _send_again(self, path: str) -> None:
        lost = [id for id, (_, used) in self._requests.items() if used == path]
        for text, _ in [self._requests.pop(id) for id in lost]:
            self._request(text)

    def _accepted(self, events: list[Event]) -> list[Event]:
        self._failures = 0
        if not self._online:
            self._online = True
            return [Online(), *events]
        return events

    def _confirm(self, state: str) -> list[Event]:
        done = [ticket for ticket, commanded in self._commands.items() if commanded == state]
        for ticket in done:
            del self._commands[ticket]
        return [event for ticket in done for event in self._tickets.settle(ticket)]

    def _offline(self, reason: str) -> list[Event]:
        was, self._online = self._online, False
        return [Offline(reason)] if was else []


class PlugDevice:
    """The plug itself: one answer to each datagram; it asks the simulated world before it switches."""

    def __init__(self, ambient: Ambient) -> None:
        self._on = False
        self._watts = 0
        self._outs: list[Out] = []
        self._tickets = Tickets()
        self._questions: dict[int, tuple[int, str, bool]] = {}
        self._last_question = 0

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        return [Online()]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._questions.clear()
        return [Offline(reason), *self._tickets.settle_all("unreachable", reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        match data.decode("ascii", "replace").split():
            case ["get"]:
                self._outs.append(Out(self._state(), path=path, re=re))
                return []
            case ["set", ("on" | "off") as state]:
                self._last_question += 1
                self._questions[self._last_question] = (re, path, state == "on")
                return [Asked(self._last_question, AskCommand("on", state == "on"))]
        self._outs.append(Out(b"", path=path, re=re))  # closes without an answer
        return [Rejected("not the text of a controller", data)]

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return []

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if not isinstance(command, WireCommand):
            raise CommandError("A toy plug has no actions.")
        self._on = bool(command.values.get("on", self._on))
        watts = command.values.get("power", self._watts)
        self._watts = int(watts) if isinstance(watts, int) else self._watts
        return self._tickets.issue(now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        question = self._questions.pop(id, None)
        if question is None:
            return []
        re, path, state = question
        if value is True:
            self._on = state
        self._outs.append(Out(b"ok" if value is True else b"", path=path, re=re))
        return []

    def tick(self, now: float) -> Sequence[Event]:
        return [event for ticket in self._tickets.overdue(now) for event in self._tickets.settle(ticket)]

    def deadline(self) -> float | None:
        return self._tickets.earliest()

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> dict[str, float]:
        return {}

    def _state(self) -> bytes:
        return f"is {'on' if self._on else 'off'} {self._watts}".encode()


class GatewayController:
    """Reads a gateway's lines and updates it in blocks.

        i am g1              join 1 lamp sleepy       1 open       1 power 67       ok 1
        leave 1              sleep 1                  wake 1       ask              done

    It sends ``set PART KEY VALUE``, ``do PART ACTION``, ``update``, ``block HEX``; ``ok PART`` settles all of a part.
    """

    BLOCK = 4

    def __init__(self, ambient: Ambient) -> None:
        self._buffer = b""
        self._counts = {"bytes_in": 0.0, "frame_bytes": 0.0, "noise_bytes": 0.0}
        self._outs: list[Out] = []
        self._tickets = Tickets()
        self._names = ambient.memory.get("names", b"")
        self._up = False
        self._update: tuple[Ticket, int] | None = None
        self._commands: dict[Ticket, str] = {}

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._buffer = b""
        self._up = True
        self._outs.append(Out(b"who " + self._names + b"\n"))
        return []

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._up = False
        self._outs.clear()
        self._update = None
        self._commands.clear()
        self._counts["noise_bytes"] += len(self._buffer)
        self._buffer = b""
        return [Offline(reason), *self._tickets.settle_all("unreachable", reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        events = [event for line in lines for event in self._line(line)]
        if len(self._buffer) > 64:
            self._counts["noise_bytes"] += len(self._buffer)
            events.append(Rejected("no line is that long", self._buffer))
            self._buffer = b""
        return events

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return []

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        if isinstance(command, WireAction) and not command.part and command.name != "update":
            raise CommandError("A toy gateway can be updated, no more.")
        ticket = self._tickets.issue(now + 30.0 if self._up else now)
        if self._up:
            self._outs.append(Out(self._begin(command, ticket).encode() + b"\n"))
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        if self._update is None or self._update[0] != id:
            return []
        ticket, offset = self._update
        if not isinstance(value, bytes):
            self._update = None
            return self._tickets.settle(ticket, "refused", "there is no file")
        self._outs.append(Out(b"block " + value.hex().encode() + b"\n"))
        self._update = (ticket, offset + len(value))
        return [Advanced(ticket, offset + len(value), 0, "sent")]

    def tick(self, now: float) -> Sequence[Event]:
        events: list[Event] = []
        for ticket in self._tickets.overdue(now):
            self._commands.pop(ticket, None)
            events += self._tickets.settle(ticket, "timeout" if self._up else "unreachable", "no answer")
        return events

    def deadline(self) -> float | None:
        return self._tickets.earliest()

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> dict[str, float]:
        return {**self._counts, "held_bytes": len(self._buffer)}

    def _begin(self, command: SessionCommand, ticket: Ticket) -> str:
        """What is sent for a command."""
        if isinstance(command, WireAction) and not command.part:
            self._update = (ticket, 0)
            return "update"
        self._commands[ticket] = command.part
        if isinstance(command, WireAction):
            return f"do {command.part} {command.name}"
        settings = " ".join(f"{key} {str(value).lower()}" for key, value in command.values.items())
        return f"set {command.part} {settings}"

    def _line(self, line: bytes) -> Sequence[Event]:
        events = self._events(line.decode("ascii", "replace").split())
        self._counts["frame_bytes" if events is not None else "noise_bytes"] += len(line) + 1
        return events if events is not None else [Rejected("not the text of a gateway", line + b"\n")]

    def _events(self, words: list[str]) -> Sequence[Event] | None:
        match words:
            case ["i", "am", name]:
                self._names = name.encode()
                return [Online(), Identified({"identity": name}), Remember("names", self._names)]
            case ["join", part, *how]:
                product = next((word for word in how if word != "sleepy"), "door_sensor")
                return [Joined(part, {"product": product}, sleeps="sleepy" in how), Online(part)]
            case ["leave", part]:
                return [Left(part)]
            case ["sleep", part]:
                return [Offline("asleep", part, asleep=True)]
            case ["wake", part]:
                return [Online(part)]
            case ["ask"] if self._update is not None:
                return [Asked(self._update[0], AskBlock(self._update[1], self.BLOCK))]
            case ["done"] if self._update is not None:
                ticket, self._update = self._update[0], None
                return self._tickets.settle(ticket)
            case ["ok", part] if part in self._commands.values():
                done = [ticket for ticket, commanded in self._commands.items() if commanded == part]
                return [event for ticket in done for event in self._settle(ticket)]
            case [part, ("open" | "shut") as state]:
                return [Reported({"on": state == "open"}, part)]
            case [part, key, count] if count.isdecimal() and count.isascii():
                return [Reported({key: int(count)}, part)]
        return None

    def _settle(self, ticket: Ticket) -> list[Event]:
        self._commands.pop(ticket, None)
        return self._tickets.settle(ticket)
