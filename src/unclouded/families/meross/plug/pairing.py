"""How a simulated plug is bound to the server of its broker.

    PUSH Clock every 2 s until answered ─► PUSH Report, SET Bind, every 30 s until acknowledged
    ─► PUSH Report, Time, ConsumptionConfig; then it is bound, and pushes what its relay does

Hardware 1 sends Bind as a PUSH and waits for no acknowledgement. Source: docs/protocols/meross.md §1.6.
"""

from unclouded.core.session_parts import Timers
from unclouded.families.meross.plug.plug_output import PlugOutput
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug, full
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import SET, EnvelopeHeader
from unclouded.families.meross.wire.identity import subscribe_topic
from unclouded.families.meross.wire.messages import payload_of

CLOCK_EVERY_S, BIND_EVERY_S = 2.0, 30.0  # docs/protocols/meross.md §1.6.5
CLOCK, BIND = "clock", "bind"  # the timers


class Pairing:
    """The state of one plug's bond; ``is_bound``: the server has accepted it."""

    def __init__(self, plug: SimulatedPlug, output: PlugOutput) -> None:
        self.is_bound = False
        self._plug = plug
        self._output = output
        self._timers = Timers()
        self._bind_id = ""  # the messageId of the newest Bind

    def connected(self, now: float) -> None:
        self.is_bound = False
        self._timers.clear(BIND)
        self._timers.set(CLOCK, now)

    def disconnected(self) -> None:
        self.is_bound = False
        self._timers.clear_all()
        self._plug.server_lost()

    def clock_set(self, now: float) -> None:
        if self._timers.at(CLOCK) is not None:
            self._timers.clear(CLOCK)
            self._timers.set(BIND, now)

    def acknowledged(self, header: EnvelopeHeader, now: float) -> None:
        """A SETACK: only that of the newest Bind counts."""
        if header.namespace == namespaces.BIND and header.message_id == self._bind_id and not self.is_bound:
            self._timers.clear(BIND)
            self._accepted(now)

    def tick(self, now: float) -> None:
        for name in self._timers.due(now):
            if name == CLOCK:
                self._timers.set(CLOCK, now + CLOCK_EVERY_S)
                payload = payload_of(clock={"timestamp": int(self._plug.uptime(now))})
                self._output.push(namespaces.CLOCK, payload, now)
            else:
                self._bind(now)

    def deadline(self) -> float | None:
        return self._timers.earliest()

    def _bind(self, now: float) -> None:
        """Ask to be bound: old plugs only announce it, newer ones wait for the acknowledgement."""
        self._report("0", now)
        payload = payload_of(bind={"bindTime": self._plug.unix(now), **self._plug.description(now)})
        if self._plug.is_old:
            self._output.push(namespaces.BIND, payload, now)
            self._accepted(now)
            return
        topic = subscribe_topic(self._plug.options.uuid)
        self._bind_id = self._output.push(namespaces.BIND, payload, now, SET, topic)
        self._timers.set(BIND, now + BIND_EVERY_S)

    def _accepted(self, now: float) -> None:
        self.is_bound = True
        self._plug.server_connected(now)
        self._report("1", now)
        self._output.push(namespaces.TIME, payload_of(time=full(self._plug.time_now(now))), now)
        if not self._plug.is_old:
            self._output.push(namespaces.CONSUMPTION_CONFIG, payload_of(config=full(self._plug.ratios)), now)

    def _report(self, value: str, now: float) -> None:
        report = [{"type": "1", "value": value, "timestamp": self._plug.unix(now)}]
        self._output.push(namespaces.REPORT, payload_of(report=report), now)
