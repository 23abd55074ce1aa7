"""The plug's end: the simulated MSS310, and the other end in our tests.

    asked over HTTP      one answer to each question; a wrong signature: ERROR 5001; what it does not know: closed
    on a broker         PUSH Clock every 2 s until answered ─► PUSH Report, SET Bind, every 30 s until acknowledged
                         ─► PUSH Report, Time, ConsumptionConfig; then answers and pushes

Before it switches it asks the world (AskWish), and then says so to its server. What the world measures comes by
``submit(WireCommand({"electricity.power": …, "consumption.today": …, "onoff": …}))``. Over HTTP alone it
has its time from the network. Source: docs/protocols/meross.md §1.2 to §1.8.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET

from unclouded.core.errors import CommandError, WireError
from unclouded.core.session import (
    Ambient,
    Answer,
    AskCommand,
    Asked,
    Event,
    Failure,
    LinkPath,
    Offline,
    Online,
    Out,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireAction,
)
from unclouded.core.session_parts import DeferredEvents, Timers, count_noise, earliest, refuse_action
from unclouded.families.meross import messages
from unclouded.families.meross.envelope import ERROR, PUSH, SET, Envelope, EnvelopeHeader, parse, reply, sign, verify
from unclouded.families.meross.identity import is_topic, publish_topic, subscribe_topic
from unclouded.families.meross.messages import (
    ClockRequest,
    Failed,
    Message,
    Multiple,
    Toggles,
    payload_of,
    read_envelope,
)
from unclouded.families.meross.plug import PlugOptions, SimulatedPlug, full
from unclouded.families.meross.redact import redact

CLOCK_EVERY, BIND_EVERY = 2.0, 30.0  # s; docs/protocols/meross.md §1.6.5
WORLD_WAIT = 1.0  # s that the world may take to answer a wish
LATE = 7.0  # s that a late plug takes for each answer
MULTIPLE_LIMIT = 900  # bytes of a Multiple's payload from which firmware 2.1.x closes; docs/protocols/meross.md §1.4.4
MULTIPLE_MOST = 5
SHOWN = 200

FAULTS: Mapping[str, str] = {
    "closes": "It closes the connection without an answer.",
    "truncates": "It cuts its answers off in the middle.",
    "late": "It takes seven seconds for each answer.",
    "wrong_id": "Its answers carry the messageId of another question.",
    "quirky_headers": "Its HTTP headers are malformed.",
    "midnight_bug": "At midnight its day goes on from yesterday's total.",
    "stuck_relay": "Its relay does not move: it acknowledges and stays as it is.",
    "never_pushes": "It never speaks unasked.",
}


class PendingQuestion(msgspec.Struct, frozen=True):
    """A question of the controller that waits for the world."""

    envelope: Envelope
    path: str
    re: int


class MerossDevice:
    """A session in the device role. ``quirky_headers``: how its HTTP server shall write."""

    def __init__(self, options: PlugOptions, ambient: Ambient) -> None:
        self.plug = SimulatedPlug(options)
        self._options = options
        self._faults = set(options.faults)
        self._ambient = ambient
        self._paths: dict[str, LinkPath] = {}
        self._timers = Timers()
        self._outs: list[Out] = []
        self._delayed: list[tuple[float, Out]] = []
        self._commands: dict[int, PendingQuestion] = {}
        self._later = DeferredEvents()
        self._number = 0
        self._tickets = 0
        self._bound = False
        self._bind_id = ""
        self._booted: float | None = None
        self._counts: Counter[str] = Counter()

    @property
    def quirky_headers(self) -> bool:
        return "quirky_headers" in self._faults

    # --- ways ----------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._forget(path.name)
        self._paths[path.name] = path
        if path.asks:
            if not self.plug.has_time:
                self.plug.set_clock(self._ambient.wall(now), self._uptime(now))
        elif "never_pushes" not in self._faults:
            self._bound = False
            self._timers.clear("bind")
            self._timers.set("clock", now)
        return [Online()]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        known = self._paths.pop(path, None)
        if known is None:
            return ()
        self._forget(path)
        if not known.asks:
            self._timers.clear("clock", "bind")
            self._bound = False
            self.plug.connected(False)
        return [] if self._paths else [Offline(reason)]

    # --- what the controller says ----------------------------------------------------------------

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        known = self._paths.get(path)
        if known is None:
            return [Rejected("said on a way that is not up", redact("controller", data[:SHOWN]))]
        re = re if known.asks else 0
        try:
            envelope = parse(data)
            self._counts["frames_in"] += 1
            if "closes" in self._faults:
                self._close(path, re, now)
                return ()
            return self._hear(PendingQuestion(envelope, path, re), now)
        except WireError as error:
            self._close(path, re, now)
            count_noise(self._counts, str(error), len(data))
            return [Rejected(str(error), redact("controller", data[:SHOWN]))]

    def _hear(self, told: PendingQuestion, now: float) -> list[Event]:
        header = told.envelope.header
        if self._options.key and not (verify(header, self._options.key) and self._is_fresh(header, now)):
            self._reply(told, payload_of(error={"code": messages.SIGN_ERROR, "detail": "sign error"}), now, ERROR)
            return [Rejected("wrong signature")]
        message = read_envelope(told.envelope)
        match message, header.method:
            case ClockRequest(timestamp=timestamp), "PUSH":
                self.plug.set_clock(timestamp, self._uptime(now))
                self._close(told.path, told.re, now)
                self._clock_is_set(now)
            case _, "SETACK":
                self._close(told.path, told.re, now)
                self._acknowledged(header, now)
            case Toggles(), "SET" if self._knows_relay(header.namespace):
                return self._command(message, told, now)
            case Multiple(), "SET" if self._options.hardware > 1:
                return self._several(message, told, now)
            case _:
                self._answer(message, told, now)
        return []

    def _answer(self, message: Message, told: PendingQuestion, now: float) -> None:
        header = told.envelope.header
        payload = self.plug.answer(header.method, header.namespace, message, self._uptime(now))
        if payload is None:
            self._close(told.path, told.re, now)
        else:
            self._reply(told, payload, now)

    def _knows_relay(self, namespace: str) -> bool:
        return namespace == (messages.TOGGLE if self._options.hardware == 1 else messages.TOGGLEX)

    def _is_fresh(self, header: EnvelopeHeader, now: float) -> bool:
        window = self._options.replay_window_s
        return not window or abs(header.timestamp - self.plug.unix(self._uptime(now))) <= window

    def _several(self, multiple: Multiple, told: PendingQuestion, now: float) -> list[Event]:
        """Several questions in one; a SET of the relay must come alone."""
        if len(told.envelope.payload) > MULTIPLE_LIMIT or len(multiple.items) > MULTIPLE_MOST:
            self._close(told.path, told.re, now)
            return []
        answers = [self._inner(item, now) for item in multiple.items]
        self._reply(told, payload_of(multiple=answers), now)
        return []

    def _inner(self, item: Envelope, now: float) -> Envelope:
        """One of several; inner headers need no signature."""
        try:
            message = read_envelope(item)
        except WireError:
            message = Failed()
        header = item.header
        payload = self.plug.answer(header.method, header.namespace, message, self._uptime(now))
        known = payload is not None
        return reply(
            header,
            payload if payload is not None else payload_of(error={"code": 5000}),
            key=self._options.key,
            timestamp=self._unix(now),
            from_=publish_topic(self._options.uuid),
            method="" if known else ERROR,
        )

    # --- what the world says -----------------------------------------------------------------------

    def _command(self, toggles: Toggles, told: PendingQuestion, now: float) -> list[Event]:
        wanted = next((one.onoff for one in toggles.channels if one.channel in (0, 0xFFFF)), None)
        if wanted not in (0, 1):
            self._reply(told, b"{}", now)
            return []
        self._number += 1
        self._commands[self._number] = told
        self._timers.set(f"world:{self._number}", now + WORLD_WAIT)
        return [Asked(self._number, AskCommand("onoff", bool(wanted)))]

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        told = self._commands.pop(id, None)
        if told is None:
            return ()
        self._timers.clear(f"world:{id}")
        moved = False
        if value is True and "stuck_relay" not in self._faults:
            message = read_envelope(told.envelope)
            wanted = [one.onoff for one in message.channels] if isinstance(message, Toggles) else []
            moved = bool(wanted) and self.plug.switch(bool(wanted[0]), self._uptime(now))
        self._reply(told, b"{}", now)
        self._say_relay(moved, now)
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now; it counts at once, with or without a controller."""
        if isinstance(command, WireAction):
            self._set_fault(command)
        elif command.part:
            raise CommandError("A plug has no parts.")
        else:
            self._say_relay(self.plug.measure(command.values, self._uptime(now)), now)
        self._tickets += 1
        self._later.add([Settled(self._tickets)], now)
        return self._tickets

    def _set_fault(self, command: WireAction) -> None:
        name = command.args.get("name", "")
        if command.name != "set_fault" or name not in FAULTS:
            raise refuse_action(command)
        (self._faults.add if command.args.get("state", "on") == "on" else self._faults.discard)(name)

    # --- what the plug says by itself ------------------------------------------------------------------

    def _clock_is_set(self, now: float) -> None:
        if self._timers.at("clock") is not None:
            self._timers.clear("clock")
            self._timers.set("bind", now)

    def _bind(self, now: float) -> None:
        """Ask to belong to the server: old plugs only say so, newer ones wait for a yes."""
        report = [{"type": "1", "value": "0", "timestamp": self._unix(now)}]
        self._push(messages.REPORT, payload_of(report=report), now)
        uptime = self._uptime(now)
        whole = self.plug.all(uptime)["system"]
        system = whole if isinstance(whole, dict) else {}
        about = {name: system[name] for name in ("time", "hardware", "firmware")}
        payload = payload_of(bind={"bindTime": self._unix(now), **about})
        if self._options.hardware == 1:
            self._push(messages.BIND, payload, now)
            self._has_a_server(now)
            return
        topic = subscribe_topic(self._options.uuid)
        self._bind_id = self._push(messages.BIND, payload, now, SET, topic)
        self._timers.set("bind", now + BIND_EVERY)

    def _acknowledged(self, header: EnvelopeHeader, now: float) -> None:
        if header.namespace == messages.BIND and header.message_id == self._bind_id and not self._bound:
            self._timers.clear("bind")
            self._has_a_server(now)

    def _has_a_server(self, now: float) -> None:
        self._bound = True
        self.plug.connected(True)
        report = [{"type": "1", "value": "1", "timestamp": self._unix(now)}]
        self._push(messages.REPORT, payload_of(report=report), now)
        self._push(messages.TIME, payload_of(time=full(self.plug.now(self._uptime(now)))), now)
        if self._options.hardware > 1:
            self._push(messages.CONSUMPTION_CONFIG, payload_of(config=full(self.plug.ratios)), now)

    def _say_relay(self, moved: bool, now: float) -> None:
        if moved and self._bound:
            namespace, payload = self.plug.push_of_relay()
            self._push(namespace, payload, now)

    def _push(self, namespace: str, payload: bytes, now: float, method: str = PUSH, from_: str = "") -> str:
        """Say this to the server; its messageId."""
        broker = next((path for path in self._paths.values() if not path.asks), None)
        if broker is None or self._faults & {"never_pushes", "closes"}:
            return ""
        message_id = self._ambient.token(16).hex()
        timestamp = self._unix(now)
        header = EnvelopeHeader(
            message_id=message_id,
            namespace=namespace,
            method=method,
            from_=from_ or publish_topic(self._options.uuid),
            timestamp=timestamp,
            timestamp_ms=self._ms(now),
            sign=sign(message_id, self._options.key, timestamp),
        )
        self._put(bytes(Envelope(header, msgspec.Raw(payload))), broker.name, 0, now)
        return message_id

    # --- how it is said ------------------------------------------------------------------------------

    def _reply(self, told: PendingQuestion, payload: bytes, now: float, method: str = "") -> None:
        asked = told.envelope.header
        if "wrong_id" in self._faults:
            asked = msgspec.structs.replace(asked, message_id=sign(asked.message_id, "", 0))
        path = self._paths.get(told.path)
        # On a broker the answer goes to the topic that the question names; identity.topic_for reads it here.
        named = path is not None and not path.asks and is_topic(asked.from_)
        envelope = reply(
            asked if asked.trigger_src is not None else msgspec.structs.replace(asked, trigger_src=UNSET),
            payload,
            key=self._options.key,
            timestamp=self._unix(now),
            from_=asked.from_ if named else publish_topic(self._options.uuid),
            method=method,
            ms=self._ms(now),
        )
        self._put(bytes(envelope), told.path, told.re, now)

    def _close(self, path: str, re: int, now: float) -> None:
        """Close without a word, where that can be."""
        if re:
            self._put(b"", path, re, now)

    def _put(self, data: bytes, path: str, re: int, now: float) -> None:
        if "truncates" in self._faults:
            data = data[: len(data) // 2]
        if path not in self._paths:
            return
        if "late" in self._faults:
            self._delayed.append((now + LATE, Out(data, path=path, re=re)))
        else:
            self._outs.append(Out(data, path=path, re=re))

    def _forget(self, path: str) -> None:
        """Nobody waits for answers on this way any more."""
        self._outs = [out for out in self._outs if out.path != path]
        self._delayed = [(at, out) for at, out in self._delayed if out.path != path]
        for id in [id for id, told in self._commands.items() if told.path == path]:
            del self._commands[id]
            self._timers.clear(f"world:{id}")

    # --- time ----------------------------------------------------------------------------------

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        self._outs += [out for at, out in self._delayed if at <= now]
        self._delayed = [(at, out) for at, out in self._delayed if at > now]
        settled = self._later.take()
        for name in self._timers.due(now):
            match name:
                case "clock":
                    self._timers.set("clock", now + CLOCK_EVERY)
                    self._push(messages.CLOCK, payload_of(clock={"timestamp": int(self._uptime(now))}), now)
                case "bind":
                    self._bind(now)
                case _:
                    told = self._commands.pop(int(name.removeprefix("world:")))
                    self._close(told.path, told.re, now)
        return settled

    def deadline(self) -> float | None:
        delayed = min((at for at, _ in self._delayed), default=None)
        return earliest(self._timers.earliest(), self._later.deadline(), delayed)

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        self._counts["frames_out"] += len(outs)
        return outs

    def stats(self) -> Mapping[str, float]:
        return {**self._counts, "bound": self._bound}

    def _uptime(self, now: float) -> float:
        if self._booted is None:
            self._booted = now
        return now - self._booted

    def _unix(self, now: float) -> int:
        return int(self.plug.unix(self._uptime(now)))

    def _ms(self, now: float) -> int:
        return int(self.plug.unix(self._uptime(now)) * 1000) % 1000
