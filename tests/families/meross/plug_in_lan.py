"""A simulated plug, the network around it and its server, under a virtual clock."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from families.meross.meross_pair import BROKER, SERVED, UUID
from pair import START_UNIX, ambient
from unclouded.core.sessions.session import (
    Answer,
    AskBlock,
    AskCommand,
    Asked,
    AskServer,
    Event,
    Noticed,
    Out,
    Refusal,
    Remember,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import MerossDevice, PlugOptions
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.discovery import QUESTION
from unclouded.families.meross.wire.envelope import SET, Envelope, copied, parse, reply, request
from unclouded.families.meross.wire.messages import payload_of

CONNECT_S = 0.5  # until a connection to the server is there, or has failed
DISCOVERY = msgspec.structs.replace(SERVED, name="discovery")


class PlugInLan:
    """``unreachable``: why its server cannot be reached; "" = it can. ``files``: by address, what it can download."""

    def __init__(
        self, *faults: str, memory: Mapping[str, bytes] | None = None, start: float = 0.0, **changes: Any
    ) -> None:
        usual = PlugOptions(uuid=UUID, key="", unconfigured=True, faults=frozenset(faults))
        self.options = msgspec.structs.replace(usual, **changes)
        self.now = start
        self.unreachable = ""
        self.answers_clock = True
        self.acknowledges_bind = True
        self.files: dict[str, bytes] = {}
        self.servers: list[AskServer] = []
        self.events: list[Event] = []
        self.pushed: list[Envelope] = []
        self.memory: dict[str, bytes] = dict(memory or {})
        self.relay: list[tuple[float, bool]] = []  # when the world moved it
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._outs: list[Out] = []
        self._number = 0
        self.device = MerossDevice(self.options, ambient(3, self.memory))
        self.take(self.device.up(SERVED, self.now))
        self.take(self.device.up(DISCOVERY, self.now))

    # --- what the tests do -----------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due = [one[0] for one in self._later]
            deadline = self.device.deadline()
            at = min([*due, *([deadline] if deadline is not None else [])], default=None)
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            ready = [one for one in self._later if one[0] <= self.now]
            self._later = [one for one in self._later if one[0] > self.now]
            for _, call in ready:
                call()
            self.take(self.device.tick(self.now))
            after = self.device.deadline()
            assert after is None or after > self.now, f"after tick({self.now}) the deadline is {after}"
        self.now = until

    def ask(
        self,
        namespace: str,
        method: str = "GET",
        signed: str = "",
        wait: float = 0.0,
        seal: object = None,
        **payload: Any,
    ) -> Envelope | None:
        """The answer by HTTP, after ``wait`` seconds at most; None = it closed. ``seal``: a cipher of both ways."""
        data = self.message(namespace, method, signed, **payload)
        answer = self.send(seal.encrypt(data) if seal is not None else data, wait)  # type: ignore[attr-defined]  # a cipher
        if not answer:
            return None
        return parse(seal.decrypt(answer) if seal is not None else answer)  # type: ignore[attr-defined]

    def message(self, namespace: str, method: str = "GET", signed: str = "", **payload: Any) -> bytes:  # Any: JSON
        self._number += 1
        return request(
            method,
            f"Appliance.{namespace}",
            payload_of(**payload),
            message_id=f"{self._number:032x}",
            key=signed,
            timestamp=int(START_UNIX + self.now),
            from_="http://10.10.10.1/config",
        )

    def send(self, data: bytes, wait: float = 0.0, path: str = "http") -> bytes:
        """What comes back on that path."""
        self._number += 1
        number = self._number
        self.take(self.device.receive(data, self.now, path, number))
        if not any(out.re == number for out in self._outs):
            self.run(wait)
        (answer,) = [out.data for out in self._outs if out.re == number]
        return answer

    def discover(self) -> bytes:
        return self.send(bytes(QUESTION), path="discovery")

    def value(self, namespace: str, name: str, signed: str = "", **payload: Any) -> object:  # Any: JSON
        """The value of one key in the answer to a GET."""
        answer = self.ask(namespace, signed=signed, wait=60.0, **payload)
        assert answer is not None, f"it closed on {namespace}"
        return msgspec.json.decode(answer.payload)[name]

    def act(self, name: str) -> None:
        self.device.submit(WireAction(name), self.now)
        self.run(0.0)

    def measure(self, **values: object) -> None:
        self.device.submit(WireCommand({name.replace("_", "."): one for name, one in values.items()}), self.now)  # type: ignore[misc]
        self.run(0.0)

    def lose_server(self, reason: str = "gone") -> None:
        self.take(self.device.down("broker", reason, self.now))

    # --- what is seen ----------------------------------------------------------------------------

    @property
    def phase(self) -> str:
        return self.device.plug.network.phase.value

    @property
    def led(self) -> str:
        return self.device.plug.network.led().value

    @property
    def states(self) -> list[str]:
        """What it reported of its state."""
        return [event.reason for event in self.events if isinstance(event, Noticed)]

    def pushes(self, namespace: str) -> list[dict[str, object]]:
        return [
            msgspec.json.decode(one.payload) for one in self.pushed if one.header.namespace == f"Appliance.{namespace}"
        ]

    # --- inside ----------------------------------------------------------------------------------

    def take(self, events: object) -> None:
        for event in events:  # type: ignore[attr-defined]  # a sequence of events
            self.events.append(event)
            match event:
                case Asked(id=id, question=question):
                    answer = self._answer_to(question)
                    self.take(self.device.answer(id, answer, self.now))
                case Remember(key=key, value=value):
                    self.memory[key] = value
        for out in self.device.outgoing(self.now):
            if out.path == "broker":
                self._served(parse(out.data))
            else:
                self._outs.append(out)

    def _answer_to(self, question: object) -> Answer | Refusal:
        match question:
            case AskCommand(value=value):
                self.relay.append((self.now, bool(value)))
                return True
            case AskServer():
                self.servers.append(question)
                self._later.append((self.now + CONNECT_S, lambda: self._connect(question)))
                return True
            case AskBlock(file=file):
                return self.files.get(file, b"")[: question.size] or Refusal("there is no such file")
        return Refusal("no answer")

    def _connect(self, question: AskServer) -> None:
        if question is not self.servers[-1]:
            return
        if not question.connect:
            self.lose_server("the plug disconnects")
        elif self.unreachable:
            self.lose_server(self.unreachable)
            self._later.append((self.now + 5.0, lambda: self._connect(question)))
        else:
            self.take(self.device.up(BROKER, self.now))

    def _served(self, envelope: Envelope) -> None:
        """The server's part of the start of a session."""
        self.pushed.append(envelope)
        header = envelope.header
        if header.namespace == namespaces.CLOCK and self.answers_clock:
            clock = payload_of(clock={"timestamp": int(START_UNIX + self.now)})
            self._deliver(copied(header, clock))
        elif (header.namespace, header.method) == (namespaces.BIND, SET) and self.acknowledges_bind:
            answer = reply(
                header, b"{}", key=self.servers[-1].key, timestamp=int(START_UNIX + self.now), from_="/cloud"
            )
            self._deliver(bytes(answer))

    def _deliver(self, data: bytes) -> None:
        self._later.append((self.now, lambda: self.take(self.device.receive(data, self.now, "broker"))))
