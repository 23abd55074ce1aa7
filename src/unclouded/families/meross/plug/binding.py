"""How a simulated plug is bound to the server that it is connected to.

    PUSH Clock every 2 s until answered ─► PUSH Report, SET Bind, every 30 s until acknowledged
    ─► PUSH Report, Time, ConsumptionConfig; then it is bound, and pushes what its relay does

Hardware 1 sends Bind as a PUSH and waits for no acknowledgement, but gives up after ten Clock messages without an
answer; hardware 8 gives up 45 s after its first Bind. Source: docs/protocols/meross.md §1.6.5.
"""

from unclouded.core.sessions.session_parts import Timers
from unclouded.families.meross.plug.plug_output import PlugOutput
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug, full
from unclouded.families.meross.plug.state.wifi_networks import AttemptResult
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET, EnvelopeHeader
from unclouded.families.meross.wire.identity import subscribe_topic
from unclouded.families.meross.wire.messages import payload_of

CLOCK_EVERY_S, BIND_EVERY_S = 2.0, 30.0  # docs/protocols/meross.md §1.6.5
CLOCK, BIND, GIVE_UP = "clock", "bind", "give up"  # the timers
NOT_CONNECTED, CONNECTED = 0, 1  # values of Report


class Binding:
    """The binding of one plug; ``is_bound``: the server has accepted it."""

    def __init__(self, plug: SimulatedPlug, output: PlugOutput) -> None:
        self.is_bound = False
        self._plug = plug
        self._output = output
        self._timers = Timers()
        self._bind_id = ""  # the messageId of the newest Bind
        self._clocks = 0  # that were not answered

    def connected(self, now: float) -> None:
        """The server has accepted the connection: the first Clock message is due at once."""
        self.disconnected()
        self._timers.set(CLOCK, now)

    def disconnected(self) -> None:
        """The connection is gone: not bound, and nothing is due; the loss is counted."""
        self.is_bound = False
        self._clocks = 0
        self._timers.clear_all()
        self._plug.contact.lost()

    def clock_set(self, now: float) -> None:
        """The server has answered Clock: Bind is due now. Without effect where no answer is waited for."""
        if self._timers.at(CLOCK) is None:
            return
        self._timers.clear(CLOCK)
        self._timers.set(BIND, now)
        if self._plug.dialect.bind_timeout_s:
            self._timers.set(GIVE_UP, now + self._plug.dialect.bind_timeout_s)

    def acknowledged(self, header: EnvelopeHeader, now: float) -> None:
        """A SETACK: only that of the newest Bind counts."""
        if header.namespace == namespaces.BIND and header.message_id == self._bind_id and not self.is_bound:
            self._accepted(now)

    def tick(self, now: float) -> AttemptResult | None:
        """Send what is due; why it gives up, where it does."""
        for name in self._timers.due(now):
            match name:
                case "clock" if self._plug.dialect.clock_tries and self._clocks >= self._plug.dialect.clock_tries:
                    return AttemptResult.NO_CLOCK
                case "clock":
                    self._ask_time(now)
                case "bind":
                    self._bind(now)
                case "give up":
                    return AttemptResult.NO_BIND
        return None

    def deadline(self) -> float | None:
        """When the next message is due or it gives up, in monotonic seconds; None = bound, or not connected."""
        return self._timers.earliest()

    def _ask_time(self, now: float) -> None:
        self._clocks += 1
        self._timers.set(CLOCK, now + CLOCK_EVERY_S)
        payload = payload_of(clock={"timestamp": int(self._plug.clock.uptime(now))})
        self._output.push(namespaces.CLOCK, payload, now)

    def _bind(self, now: float) -> None:
        """Ask to be bound: old plugs only announce it, newer ones wait for the acknowledgement."""
        self._report(NOT_CONNECTED, now)
        payload = payload_of(bind={"bindTime": self._plug.unix(now), **self._plug.description(now)})
        if self._plug.dialect.is_old:
            self._output.push(namespaces.BIND, payload, now)
            self._accepted(now)
            return
        topic = subscribe_topic(self._plug.uuid)
        self._bind_id = self._output.push(namespaces.BIND, payload, now, SET, topic)
        self._timers.set(BIND, now + BIND_EVERY_S)

    def _accepted(self, now: float) -> None:
        self.is_bound = True
        self._timers.clear_all()
        self._plug.bound(now)
        self._report(CONNECTED, now)
        self._output.push(namespaces.TIME, payload_of(time=full(self._plug.time_now(now))), now)
        if not self._plug.dialect.is_old:
            self._output.push(namespaces.CONSUMPTION_CONFIG, payload_of(config=full(self._plug.ratios)), now)

    def _report(self, value: int, now: float) -> None:
        """Older plugs write numbers as text."""
        one: tuple[object, object] = (1, value) if self._plug.dialect.is_newer else ("1", str(value))
        report = [{"type": one[0], "value": one[1], "timestamp": self._plug.unix(now)}]
        self._output.push(namespaces.REPORT, payload_of(report=report), now)
