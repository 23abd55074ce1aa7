"""The plug's end: the simulated MSS310, and the other end in our tests.

    requests over HTTP   one answer to each; a wrong signature: ERROR 5001; what it does not know: closed
    discovery by UDP     the question which plugs there are
    on a broker          it is bound first (binding.py); then it answers and pushes

Without a configuration it is in set-up mode, and checks no signature (network_state.py). Before it switches it asks the
world (AskCommand), and then reports it to its server; it asks to be connected to a server (AskServer) and for an update
file (AskBlock, whose ``file`` is the address). What the world measures comes by ``submit(WireCommand({
"electricity.power": …, "consumption.today": …, "onoff": …}))``; the actions ``press_button`` and ``hold_button`` are
those of a person. Over HTTP alone it has its time from the network. Source: docs/protocols/meross.md §1.2 to §1.8.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Asked,
    Event,
    Failure,
    LinkPath,
    Noticed,
    Out,
    Refusal,
    Remember,
    SessionCommand,
    Ticket,
    WireAction,
)
from unclouded.core.sessions.session_parts import DeferredEvents, FaultSwitches, Ids, Presence, Tickets, earliest
from unclouded.families.meross.plug.binding import Binding
from unclouded.families.meross.plug.network_state import PlugPhase
from unclouded.families.meross.plug.plug_output import PlugOutput
from unclouded.families.meross.plug.relay_requests import RelayRequests
from unclouded.families.meross.plug.request_handler import RequestHandler
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.plug.state.energy_records import KEY as ENERGY
from unclouded.families.meross.plug.state.plug_options import FAULTS, PlugOptions
from unclouded.families.meross.plug.state.plug_settings import KEY as SETTINGS
from unclouded.families.meross.plug.update import PlugUpdate
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.discovery import read_question
from unclouded.families.meross.wire.envelope import ACKS, PUSH, SET
from unclouded.families.meross.wire.messages import Upgrade, payload_of
from unclouded.families.meross.wire.wire_counts import WireCounts

DISCOVERY = "discovery"  # the name of the path by UDP
REMEMBER_EVERY_S = 60.0  # its energy
BUTTONS = ("press_button", "hold_button")


class MerossDevice:
    """A session in the device role."""

    def __init__(self, options: PlugOptions, ambient: Ambient, more_faults: Mapping[str, str] | None = None) -> None:
        self.plug = SimulatedPlug(options, ambient.memory)
        self._ambient = ambient
        self.faults = FaultSwitches({**FAULTS, **(more_faults or {})}, options.faults)
        self._output = PlugOutput(self.plug, self.faults, ambient.token)
        self._binding = Binding(self.plug, self._output)
        self._ids = Ids()
        self._relay = RelayRequests(self._ids, self._stuck)
        self._update = PlugUpdate(self.plug, self.faults, self._ids)
        self._requests = RequestHandler(self.plug, self.faults, self._output, self._relay, self._update, ambient.token)
        self._tickets = Tickets(self._ids)
        self._deferred = DeferredEvents()
        self._server = Presence()
        self._counts = WireCounts("controller")
        self._seen_changes = 0
        self._shown_led = self.plug.led_text()
        self._not_connected = ""  # why the last attempt to connect to its server failed
        self._remember_at: float | None = None
        self.plug.changed_settings()

    # --- paths ---------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._forget(path.name)
        self._output.paths[path.name] = path
        self._synchronise(now)
        if not path.asks:
            self._begin_binding(now)
        return [*self._server.found(), *self.changed(now)]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        known = self._output.paths.pop(path, None)
        self._forget(path)
        if known is None or not known.asks:
            self._binding.disconnected()
            self.plug.network.server_down(reason, now)
        gone = known is not None and not self._output.paths
        lost: list[Event] = self._server.lost(reason) if gone else []
        if known is None and self.plug.network.phase is PlugPhase.CONNECTING and reason != self._not_connected:
            self._not_connected = reason
            lost.append(Noticed("server", reason))
        return [*lost, *self.changed(now, ends=gone)]

    def _forget(self, path: str) -> None:
        """No client waits for answers on this path any more."""
        self._output.drop(path)
        self._relay.drop(path)

    def _synchronise(self, now: float) -> None:
        """Take the time from the network, where the plug is in one that has it, or had it before this run."""
        in_lan = self.plug.network.phase in (PlugPhase.CONNECTING, PlugPhase.PAIRED)
        has_lan = bool(self.plug.options.timezone) or any(path.asks for path in self._output.paths.values())
        has_servers = not ("reaches-no-ntp" in self.faults or "waits-for-ntp" in self.faults)
        if in_lan and has_lan and has_servers and not self.plug.clock.is_set:
            self.plug.set_clock(self._ambient.wall(now), now)

    def _begin_binding(self, now: float) -> None:
        """Where it is connected to its server, and in a state to be bound."""
        network = self.plug.network
        if self._output.broker is None or network.phase not in (PlugPhase.CONNECTING, PlugPhase.PAIRED):
            return
        network.server_up()
        self._not_connected = ""
        if "never-pushes" not in self.faults:
            self._binding.connected(now)

    # --- what is received ------------------------------------------------------------------------

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._counts.add("bytes_in", len(data))
        known = self._output.paths.get(path)
        if known is None:
            return [self._counts.rejected("received on a path that is not up", data)]
        re = re if known.asks else 0
        try:
            if path == DISCOVERY:
                events = self._discovered(data, path, re, now)
            elif not self._is_reachable(known):
                self._output.close(path, re, now)
                return ()
            else:
                events = self._requested(data, path, re, now)
        except WireError as error:
            self._output.close(path, re, now)
            return [self._counts.rejected(str(error), data)]
        return [*events, *self.changed(now)]

    def _is_reachable(self, path: LinkPath) -> bool:
        network = self.plug.network
        return network.answers and (path.asks or network.phase is not PlugPhase.PAIRING)

    def _discovered(self, data: bytes, path: str, re: int, now: float) -> list[Event]:
        """It is found in the network, not in set-up mode."""
        read_question(data)
        self._counts.add("frames_in")
        if self.plug.network.phase in (PlugPhase.CONNECTING, PlugPhase.PAIRED):
            self._output.raw(bytes(self.plug.discovered()), path, re, now)
        else:
            self._output.close(path, re, now)
        return []

    def _requested(self, data: bytes, path: str, re: int, now: float) -> list[Event]:
        request = self._requests.read(data, path, re)
        self._counts.add("frames_in")
        if request is None:
            self._output.close(path, re, now)
            return []
        events, refusal = self._requests.handle(request, now)
        if refusal:
            return [*events, self._counts.rejected(refusal)]
        header = request.envelope.header
        if header.namespace == namespaces.CLOCK:
            self._binding.clock_set(now)
        elif header.method == ACKS[SET]:
            self._binding.acknowledged(header, now)
        elif header.namespace == namespaces.UNBIND and header.method == PUSH:
            self.plug.network.forget(now)
        return events

    # --- the world -----------------------------------------------------------------------------

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        if self._update.answered(id, value, now):
            return self.changed(now)
        request = self._relay.answered(id)
        if request is None:
            return ()
        moved = value is True and self._stuck() is None and self.plug.switch(request.onoff, now)
        events = self._requests.relay_answered(request, now)
        self._push_relay(moved, now)
        events = [*events, *self.changed(now)]
        self._output.release(now)
        return events

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now; it counts at once, with or without a controller."""
        events: Sequence[Event] = ()
        if isinstance(command, WireAction) and command.name in BUTTONS:
            events = self._button(command.name, now)
        elif not self.faults.set(command):
            self._push_relay(self.plug.measure(command, now), now)
            if self.plug.energy.is_changed and self._remember_at is None:
                self._remember_at = now + REMEMBER_EVERY_S
        ticket = self._tickets.issue(now)
        self._deferred.add([*events, *self._tickets.settle(ticket)], now)
        return ticket

    def _stuck(self) -> bool | None:
        """The state in which its relay is stuck; None = it moves."""
        return bool(self.plug.settings.onoff) if "has-stuck-relay" in self.faults else None

    def _button(self, name: str, now: float) -> Sequence[Event]:
        """Pressed, it switches; held for five seconds, it resets the plug."""
        return [self.ask_relay(not self.plug.settings.onoff, now)] if name == "press_button" else self.unbind(now)

    # --- what its console asks for -----------------------------------------------------------------

    def ask_relay(self, onoff: bool, now: float) -> Event:
        """Switch it, once the world lets the relay move."""
        return self._relay.ask(None, onoff, now)

    def unbind(self, now: float) -> list[Event]:
        """Back to set-up mode by itself; its server gets to know it."""
        if self._binding.is_bound:
            self._output.push(namespaces.UNBIND, b"{}", now)
        self.plug.network.forget(now)
        return self.changed(now)

    def update_from(self, url: str, now: float) -> list[Event]:
        """Download that file and start with it; its MD5 is not known."""
        return [*self._update.begin(Upgrade(url=url), now, checks_md5=False), *self.changed(now)]

    def restart(self, now: float) -> list[Event]:
        """The plug starts again with the settings that it has; the events that follow."""
        self.plug.network.restart(now)
        return self.changed(now)

    def _push_relay(self, moved: bool, now: float) -> None:
        if moved and self._binding.is_bound:
            self._output.push(self.plug.relay_namespace, self.plug.relay_payload(), now)

    # --- time ----------------------------------------------------------------------------------

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """Nothing here waits for the outcome of a datagram."""
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        if PlugPhase.CONNECTING in self.plug.network.tick(now):
            self._synchronise(now)
            self._begin_binding(now)
        gave_up = self._binding.tick(now)
        if gave_up is not None:
            self.plug.network.give_up(gave_up, now)
        for request in self._relay.overdue(now):
            self._output.close(request.path, request.re, now)
        events = [self._relay.ask(None, state, now) for state in self.plug.rules.due(now)]
        self._update.tick(now)
        events += self.changed(now)
        self._output.release(now)
        return [*self._deferred.take(), *events]

    def deadline(self) -> float | None:
        return earliest(
            self._binding.deadline(),
            self._relay.deadline(),
            self._deferred.deadline(),
            self._output.deadline(),
            self._update.deadline(),
            self._remember_at,
            self.plug.network.deadline(),
            self.plug.rules.deadline(),
        )

    def outgoing(self, now: float) -> list[Out]:
        outs = self._output.take(now)
        self._counts.add("frames_out", len(outs))
        return outs

    def stats(self) -> Mapping[str, float]:
        return {**self._counts.stats(), "bound": self._binding.is_bound}

    # --- what has changed ------------------------------------------------------------------------

    def changed(self, now: float, ends: bool = False) -> list[Event]:
        """What follows from the last event: questions, pushes, a restart, what is to be remembered."""
        for status in self._update.statuses:
            self._output.push(namespaces.UPGRADE, payload_of(upgradeInfo={"status": status}), now)
        self._update.statuses.clear()
        if self._update.is_written:
            self._update.cancel()
            self.plug.network.restart(now)
        return [*self._shown(self._phase_changed(now)), *self._asked(), *self._remembered(now, ends)]

    def _phase_changed(self, now: float) -> bool:
        network = self.plug.network
        is_changed = network.changes != self._seen_changes
        self._seen_changes = network.changes
        if is_changed and network.phase is PlugPhase.STARTING:
            self._update.cancel()
            self._requests.restart()
            self._binding.disconnected()
            self.plug.restart(now)
        elif is_changed:
            self.plug.led_command = ""
        return is_changed

    def _shown(self, is_changed: bool) -> list[Event]:
        """What a person sees of it, where that has changed."""
        led = self.plug.led_text()
        is_changed = is_changed or led != self._shown_led
        self._shown_led = led
        return [Noticed("state", f"The plug is {self.plug.network.phase.value}; its LED: {led}.")] if is_changed else []

    def _asked(self) -> list[Event]:
        questions, self.plug.network.questions = self.plug.network.questions, []
        return [Asked(self._ids.next(), question) for question in questions]

    def _remembered(self, now: float, ends: bool) -> list[Event]:
        """Settings at once; the energy once a minute, and when the last path is gone."""
        settings = self.plug.changed_settings()
        found: list[Event] = [Remember(SETTINGS, settings)] if settings else []
        is_due = self._remember_at is not None and self._remember_at <= now
        if is_due or (ends and self.plug.energy.is_changed):
            self._remember_at = None
            found.append(Remember(ENERGY, self.plug.energy.stored()))
        return found
