"""How a simulated plug gets into the network: from its access point to a server that has bound it, and back.

    PAIRING ── Config.Key, Config.Wifi ──► restart ──► JOINING ──► CONNECTING ──► PAIRED
       ▲                                                 │ wrong password,  │ no server, no TLS: 60 s
       ├──── its access point, and Config.Trace ◄────────┘ no such network  │ no answer to Clock (hw1), Bind (hw8)
       └────────────────────────────────────────────────────────────────────┘ Unbind, the button

A plug that its server has bound once stays in the Wi-Fi when the server is lost. In factory mode, which the console
sets, it has no Wi-Fi. How long it takes is made up, except where docs/protocols/meross.md says so.
Source: docs/protocols/meross.md §1.6.5, §1.6.7, §1.7, §1.8.17, §1.9.8.
"""

from enum import Enum

from unclouded.core.sessions.session import AskServer
from unclouded.core.sessions.session_parts import Timers
from unclouded.families.meross.plug.state.plug_settings import PlugSettings
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork, AttemptResult, decoded, join, trace_of
from unclouded.families.meross.wire.messages import KeyConfig, Trace, WifiNetwork

RESTART_AFTER_S = 1.5  # after the acknowledgement of Config.Wifi; docs/protocols/meross.md §1.7.2: within seconds
BOOT_S = 2.0
JOIN_S = 1.0
JOIN_TIMEOUT_S = 15.0  # until it knows that it cannot join
SERVER_TIMEOUT_S = 60.0  # in set-up, to be connected to the server
OTHER_AFTER_S = 5.0  # after a failed connection, before it tries its other server
FACTORY_EXIT = "Meross_factory_mss310"  # an open Wi-Fi of this name ends factory mode …
FACTORY_EXIT_S = 120.0  # … within 1 to 3 min; docs/protocols/meross.md §1.9.8
RESTART, BOOT, JOIN, SERVER, OTHER = "restart", "boot", "join", "server", "other"  # the timers
FACTORY = "factory"
HIGHEST_PORT = 65_535
LONGEST_KEY = 32  # characters; docs/protocols/meross.md §1.7.3
LONGEST_HOST, LONGEST_SSID = 253, 32


class PlugPhase(Enum):
    """Where a plug is on its way into the network; the value is its name for people."""

    PAIRING = "in set-up mode"
    STARTING = "restarting"
    JOINING = "joining the Wi-Fi"
    CONNECTING = "connecting"
    PAIRED = "bound"
    FACTORY = "in factory mode"


class Led(Enum):
    """What the LED shows; docs/protocols/meross.md §1.9.8."""

    ALTERNATING = "amber and green in turn"
    FLASHING = "flashing green"
    GREEN = "green"
    RED = "flashing red"
    OFF = "off"


LEDS = {
    PlugPhase.PAIRING: Led.ALTERNATING,
    PlugPhase.JOINING: Led.FLASHING,
    PlugPhase.CONNECTING: Led.FLASHING,
    PlugPhase.FACTORY: Led.RED,
}


class NetworkState:
    """``questions``: what its link is to do, until they are taken. ``changes``: how often the phase has changed."""

    def __init__(self, settings: PlugSettings, networks: tuple[AirNetwork, ...], waits_for_time: bool) -> None:
        self.phase = _first_phase(settings)
        self.changes = 0
        self.questions: list[AskServer] = []
        self._settings = settings
        self._networks = networks
        self._waits_for_time = waits_for_time
        self._timers = Timers()
        self._attempt: tuple[AttemptResult, AirNetwork | None] = (AttemptResult.JOINED, None)
        self._new_key: KeyConfig | None = None
        self._uses_second = False
        self._lost_because = ""
        if self.phase is PlugPhase.CONNECTING and settings.host:
            self._ask_server()

    @property
    def answers(self) -> bool:
        """Whether it can be reached at all."""
        return self.phase in (PlugPhase.PAIRING, PlugPhase.CONNECTING, PlugPhase.PAIRED)

    @property
    def server(self) -> tuple[str, int]:
        """The one of its two servers that it uses."""
        settings = self._settings
        if self._uses_second:
            return settings.second_host, settings.second_port
        return settings.host, settings.port

    def led(self) -> Led:
        """What the LED shows in this phase; once paired it follows the relay, unless the setting switches it off."""
        if self.phase in LEDS:
            return LEDS[self.phase]
        is_lit = self.phase is PlugPhase.PAIRED and self._settings.onoff and not self._settings.led_off
        return Led.GREEN if is_lit else Led.OFF

    # --- what the controller asks for ------------------------------------------------------------

    def set_key(self, config: KeyConfig, now: float) -> bool:
        """A server and a key; used at once in set-up mode, else after a restart. False where they are invalid."""
        if not _can_keep(config):
            return False
        self._new_key = config
        if self.phase is PlugPhase.PAIRING:
            self._use_key()
        else:
            self._timers.set(RESTART, now + RESTART_AFTER_S)
        return True

    def set_wifi(self, wifi: WifiNetwork, password: bytes, needs_all: bool, now: float) -> bool:
        """A Wi-Fi to join after a restart. False where its name is none."""
        ssid = decoded(wifi.ssid)
        if not 0 < len(ssid) <= LONGEST_SSID:
            return False
        self._attempt = join(self._networks, ssid, password)
        if needs_all and not (wifi.channel and wifi.bssid):
            self._attempt = AttemptResult.MISSING_FIELDS, None
        settings = self._settings
        settings.is_set_up, settings.ssid = True, ssid.decode("utf-8", "replace")
        settings.wifi_password = password.decode("utf-8", "replace")
        settings.was_bound = settings.was_bound and self.phase is not PlugPhase.PAIRING
        self._timers.set(RESTART, now + RESTART_AFTER_S)
        return True

    def use_stored_wifi(self) -> None:
        """Name or password of the Wi-Fi were written into the flash memory; they count after a restart."""
        settings = self._settings
        settings.is_set_up = bool(settings.ssid)
        self._attempt = join(self._networks, settings.ssid.encode(), settings.wifi_password.encode())

    def forget(self, now: float) -> None:
        """Unbind, or the button: without server, key and Wi-Fi it goes to set-up mode."""
        settings = self._settings
        settings.is_set_up = settings.was_bound = False
        settings.key = settings.host = settings.second_host = settings.bind_id = ""
        settings.ssid = settings.wifi_password = ""
        settings.port = settings.second_port = settings.bind_time = 0
        settings.user_id = "0"
        settings.resets += 1
        self.restart(now)

    def restart(self, now: float) -> None:
        """Each is a change, also one in the middle of another."""
        self.changes += self.phase is PlugPhase.STARTING
        self._enter(PlugPhase.STARTING)
        self._timers.clear_all()
        self._timers.set(BOOT, now + BOOT_S)
        self.questions = [AskServer(connect=False)]

    # --- what its server does --------------------------------------------------------------------

    def server_up(self) -> None:
        """The connection stands: neither a retry nor the other server is due."""
        self._timers.clear(SERVER, OTHER)

    def server_down(self, reason: str, now: float) -> None:
        """The connection failed or was lost: the other server is tried soon, where there is one."""
        self._lost_because = reason
        if self.phase is PlugPhase.PAIRED:
            self._enter(PlugPhase.CONNECTING)
        settings = self._settings
        others = (settings.second_host, settings.second_port) not in (("", 0), (settings.host, settings.port))
        if self.phase is PlugPhase.CONNECTING and others and self._timers.at(OTHER) is None:
            self._timers.set(OTHER, now + OTHER_AFTER_S)

    def bound(self) -> None:
        """The server has accepted the binding: it is paired, and the record of failed attempts is emptied."""
        self._settings.was_bound = True
        self._settings.trace = Trace()
        self._enter(PlugPhase.PAIRED)

    def give_up(self, result: AttemptResult, now: float) -> None:
        """Back to set-up mode, with a record of why."""
        self._settings.trace = trace_of(result, self._settings.ssid, self._attempt[1])
        self._settings.is_set_up = False
        self.restart(now)

    # --- time ------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[PlugPhase]:
        """The phases that begin now."""
        begun = []
        for name in self._timers.due(now):
            before = self.changes
            self._due(name, now)
            if self.changes != before:
                begun.append(self.phase)
        return begun

    def deadline(self) -> float | None:
        """When the phase changes or a server is tried, in monotonic seconds; None = neither is to come."""
        return self._timers.earliest()

    # --- inside --------------------------------------------------------------------------------

    def _due(self, name: str, now: float) -> None:
        match name:
            case "restart":
                self.restart(now)
            case "boot":
                self._booted(now)
            case "join":
                self._joined(now)
            case "factory":
                self._settings.is_factory = False
                self.restart(now)
            case "other":
                self._uses_second = not self._uses_second
                self._ask_server()
            case "server":
                has_tls_failed = "TLS" in self._lost_because
                result = AttemptResult.NO_TLS if has_tls_failed else AttemptResult.NO_SERVER
                self.give_up(AttemptResult.NO_CLOCK if self._waits_for_time else result, now)

    def _booted(self, now: float) -> None:
        if self._new_key is not None:
            self._use_key()
        self._uses_second, self._lost_because = False, ""
        phase = _first_phase(self._settings)
        if phase is not PlugPhase.CONNECTING:
            self._enter(phase)
            if phase is PlugPhase.FACTORY and any(one.ssid == FACTORY_EXIT for one in self._networks):
                self._timers.set(FACTORY, now + FACTORY_EXIT_S)
            return
        self._enter(PlugPhase.JOINING)
        can_join = self._attempt[0] is AttemptResult.JOINED
        self._timers.set(JOIN, now + (JOIN_S if can_join else JOIN_TIMEOUT_S))

    def _joined(self, now: float) -> None:
        result, network = self._attempt
        if result is not AttemptResult.JOINED:
            self._settings.trace = trace_of(result, self._settings.ssid, network)
            self._settings.is_set_up = False
            self._enter(PlugPhase.PAIRING)
            return
        self._enter(PlugPhase.CONNECTING)
        if not self._settings.was_bound:
            self._timers.set(SERVER, now + SERVER_TIMEOUT_S)
        if not self._waits_for_time and (self._settings.host or self._settings.was_bound):
            self._ask_server()

    def _ask_server(self) -> None:
        settings = self._settings
        host, port = self.server
        self.questions.append(AskServer(True, host, port, settings.user_id, settings.key, settings.uuid, settings.mac))

    def _use_key(self) -> None:
        config, self._new_key = self._new_key, None
        settings = self._settings
        if config is None:
            return
        settings.key, settings.user_id = config.key, str(config.user_id)
        if config.gateway is not None:
            settings.host, settings.port = config.gateway.host, _port(config.gateway.port) or 0
            settings.second_host, settings.second_port = (
                config.gateway.second_host,
                _port(config.gateway.second_port) or 0,
            )

    def _enter(self, phase: PlugPhase) -> None:
        self.changes += self.phase is not phase
        self.phase = phase


def _first_phase(settings: PlugSettings) -> PlugPhase:
    """Where it goes from a start."""
    if settings.is_factory:
        return PlugPhase.FACTORY
    return PlugPhase.CONNECTING if settings.is_set_up else PlugPhase.PAIRING


def _can_keep(config: KeyConfig) -> bool:
    """Whether it fits into the flash memory."""
    gateway = config.gateway
    ports = (gateway.port, gateway.second_port) if gateway is not None else ()
    hosts = (gateway.host, gateway.second_host) if gateway is not None else ()
    texts_fit = len(config.key) <= LONGEST_KEY and len(str(config.user_id)) <= LONGEST_KEY
    return texts_fit and all(len(host) <= LONGEST_HOST for host in hosts) and None not in map(_port, ports)


def _port(text: int | float | str) -> int | None:
    """A port in either form; 0 where there is none, None where it is invalid."""
    try:
        port = int(text or 0)
    except (ValueError, OverflowError):
        return None
    return port if 0 <= port <= HIGHEST_PORT else None
