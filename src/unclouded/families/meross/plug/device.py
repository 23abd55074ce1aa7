"""The plug's end: the simulated MSS310, and the other end in our tests.

    requests over HTTP   one answer to each; a wrong signature: ERROR 5001; what it does not know: closed
    on a broker          it is bound first (pairing.py); then it answers and pushes

Before it switches it asks the world (AskCommand), and then reports it to its server. What the world measures comes by
``submit(WireCommand({"electricity.power": …, "consumption.today": …, "onoff": …}))``. Over HTTP alone it
has its time from the network. Source: docs/protocols/meross.md §1.2 to §1.8.
"""

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from unclouded.core.errors import WireError
from unclouded.core.session import Ambient, Answer, Event, Failure, LinkPath, Out, Refusal, SessionCommand, Ticket
from unclouded.core.session_parts import DeferredEvents, FaultSwitches, Ids, Presence, Tickets, earliest
from unclouded.families.meross.plug.pairing import Pairing
from unclouded.families.meross.plug.plug_faults import FAULTS
from unclouded.families.meross.plug.plug_output import PlugOutput, ReceivedRequest
from unclouded.families.meross.plug.relay_requests import RelayRequests, SeveralRequests, state_in
from unclouded.families.meross.plug.simulated_plug import PlugOptions, SimulatedPlug
from unclouded.families.meross.wire import messages, namespaces
from unclouded.families.meross.wire.envelope import (
    ACKS,
    ERROR,
    PUSH,
    SET,
    Envelope,
    EnvelopeHeader,
    parse,
    reply,
    verify,
)
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.messages import ClockRequest, Failed, Message, Multiple, Toggles, payload_of
from unclouded.families.meross.wire.namespaces import read_envelope
from unclouded.families.meross.wire.wire_counts import WireCounts

MULTIPLE_LIMIT = 900  # bytes of a Multiple's payload from which firmware 2.1.x closes; docs/protocols/meross.md §1.4.4
MULTIPLE_MOST = 5
UPDATE_FAILED = 3  # it has no network from which it could load a file; docs/protocols/meross.md §1.8.18


class MerossDevice:
    """A session in the device role. ``quirky_headers``: are the headers of its HTTP server malformed?"""

    def __init__(self, options: PlugOptions, ambient: Ambient) -> None:
        self.plug = SimulatedPlug(options)
        self._options = options
        self._ambient = ambient
        self._faults = FaultSwitches(FAULTS, options.faults)
        self._output = PlugOutput(self.plug, self._faults, ambient.token)
        self._pairing = Pairing(self.plug, self._output)
        ids = Ids()
        self._relay = RelayRequests(ids)
        self._tickets = Tickets(ids)
        self._deferred = DeferredEvents()
        self._server = Presence()
        self._counts = WireCounts("controller")

    @property
    def quirky_headers(self) -> bool:
        return "quirky_headers" in self._faults

    # --- paths ---------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._forget(path.name)
        self._output.paths[path.name] = path
        if path.asks:
            if not self.plug.has_time:
                self.plug.set_clock(self._ambient.wall(now), now)
        elif "never_pushes" not in self._faults:
            self._pairing.connected(now)
        return self._server.found()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        known = self._output.paths.pop(path, None)
        if known is None:
            return ()
        self._forget(path)
        if not known.asks:
            self._pairing.disconnected()
        return [] if self._output.paths else self._server.lost(reason)

    def _forget(self, path: str) -> None:
        """No client waits for answers on this path any more."""
        self._output.drop(path)
        self._relay.drop(path)

    # --- requests of the controller ------------------------------------------------------------

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts.add("bytes_in", len(data))
        known = self._output.paths.get(path)
        if known is None:
            return [self._counts.rejected("received on a path that is not up", data)]
        re = re if known.asks else 0
        try:
            envelope = parse(data)
            self._counts.add("frames_in")
            encrypts = "encrypts" in self._faults and known.asks and envelope.header.namespace != namespaces.ABILITY
            if encrypts or "closes" in self._faults:
                self._output.close(path, re, now)
                return ()
            return self._received(ReceivedRequest(envelope, path, re), now)
        except WireError as error:
            self._output.close(path, re, now)
            return [self._counts.rejected(str(error), data)]

    def _received(self, request: ReceivedRequest, now: float) -> list[Event]:
        header = request.envelope.header
        if self._options.key and not (verify(header, self._options.key) and self._is_fresh(header, now)):
            error = payload_of(error={"code": messages.SIGN_ERROR, "detail": "sign error"})
            self._output.reply(request, error, now, ERROR)
            return [self._counts.rejected("wrong signature")]
        message = read_envelope(request.envelope)
        if isinstance(message, ClockRequest) and header.method == PUSH:
            self.plug.set_clock(message.timestamp, now)
            self._output.close(request.path, request.re, now)
            self._pairing.clock_set(now)
        elif header.method == ACKS[SET]:
            self._output.close(request.path, request.re, now)
            self._pairing.acknowledged(header, now)
        elif self._is_relay_command(message, header):
            return self._switch(message, request, now)
        elif isinstance(message, Multiple) and header.method == SET and not self.plug.is_old:
            return self._several(message, request, now)
        elif header.namespace == namespaces.UNBIND and header.method == PUSH:
            self._output.close(request.path, request.re, now)
            self._pairing.disconnected()
        else:
            self._answer(message, request, now)
        return []

    def _answer(self, message: Message, request: ReceivedRequest, now: float) -> None:
        header = request.envelope.header
        payload = self.plug.answer(header.method, header.namespace, message, bytes(request.envelope.payload), now)
        if payload is None:
            self._output.close(request.path, request.re, now)
            return
        self._output.reply(request, payload, now)
        if header.namespace == namespaces.UPGRADE and self._pairing.is_bound:
            self._output.push(namespaces.UPGRADE, payload_of(upgradeInfo={"status": UPDATE_FAILED}), now)

    def _is_fresh(self, header: EnvelopeHeader, now: float) -> bool:
        window_s = self._options.replay_window_s
        return not window_s or abs(header.timestamp - self.plug.clock(now)) <= window_s

    def _several(self, multiple: Multiple, request: ReceivedRequest, now: float) -> list[Event]:
        """Several requests in one, carried out one after the other."""
        if len(request.envelope.payload) > MULTIPLE_LIMIT or len(multiple.items) > MULTIPLE_MOST:
            self._output.close(request.path, request.re, now)
            return []
        return self._go_on(SeveralRequests(request, multiple.items), now)

    def _go_on(self, several: SeveralRequests, now: float) -> list[Event]:
        """Up to the next SET of the relay, about which the world is asked."""
        while several.items:
            message = _message_in(several.items[0])
            onoff = state_in(message) if self._is_relay_command(message, several.items[0].header) else None
            if onoff is not None:
                return [self._relay.ask(several.received, onoff, now, several)]
            several.answers.append(self._inner(several.items.popleft(), message, now))
        self._output.reply(several.received, payload_of(multiple=several.answers), now)
        return []

    def _is_relay_command(self, message: Message, header: EnvelopeHeader) -> TypeGuard[Toggles]:
        return isinstance(message, Toggles) and header.method == SET and header.namespace == self.plug.relay_namespace

    def _inner(self, item: Envelope, message: Message, now: float) -> Envelope:
        """The answer to one of several; inner headers need no signature."""
        header = item.header
        if self._is_relay_command(message, header):
            payload: bytes | None = b"{}"
        else:
            payload = self.plug.answer(header.method, header.namespace, message, bytes(item.payload), now)
        return self._inner_answer(header, payload, now)

    def _inner_answer(self, header: EnvelopeHeader, payload: bytes | None, now: float) -> Envelope:
        return reply(
            header,
            payload if payload is not None else payload_of(error={"code": 5000}),
            key=self._options.key,
            timestamp=self.plug.unix(now),
            from_=publish_topic(self._options.uuid),
            method="" if payload is not None else ERROR,
        )

    # --- the world -----------------------------------------------------------------------------

    def _switch(self, toggles: Toggles, request: ReceivedRequest, now: float) -> list[Event]:
        onoff = state_in(toggles)
        if onoff is not None:
            return [self._relay.ask(request, onoff, now)]
        self._output.reply(request, b"{}", now)
        return []

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        request = self._relay.answered(id)
        if request is None:
            return ()
        allowed = value is True and "stuck_relay" not in self._faults
        moved = allowed and self.plug.switch(request.onoff, now)
        events: Sequence[Event] = ()
        if request.several is None:
            self._output.reply(request.received, b"{}", now)
        else:
            done = request.several.items.popleft()
            request.several.answers.append(self._inner_answer(done.header, b"{}", now))
            events = self._go_on(request.several, now)
        self._push_relay(moved, now)
        return events

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now; it counts at once, with or without a controller."""
        if not self._faults.set(command):
            self._push_relay(self.plug.measure(command, now), now)
        ticket = self._tickets.issue(now)
        self._deferred.add(self._tickets.settle(ticket), now)
        return ticket

    def _push_relay(self, moved: bool, now: float) -> None:
        if moved and self._pairing.is_bound:
            self._output.push(self.plug.relay_namespace, self.plug.relay_payload(), now)

    # --- time ----------------------------------------------------------------------------------

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        self._pairing.tick(now)
        for request in self._relay.overdue(now):
            self._output.close(request.path, request.re, now)
        self._output.release(now)
        return self._deferred.take()

    def deadline(self) -> float | None:
        return earliest(
            self._pairing.deadline(), self._relay.deadline(), self._deferred.deadline(), self._output.deadline()
        )

    def outgoing(self, now: float) -> list[Out]:
        outs = self._output.take(now)
        self._counts.add("frames_out", len(outs))
        return outs

    def stats(self) -> Mapping[str, float]:
        return {**self._counts.stats(), "bound": self._pairing.is_bound}


def _message_in(item: Envelope) -> Message:
    """What one of several means; a failure where it cannot be read."""
    try:
        return read_envelope(item)
    except WireError:
        return Failed()
