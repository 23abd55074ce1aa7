"""The actions of set-up, each as a script: what it needs next, and what comes of it.

    look     GET System.All, System.Ability                          which plug it is, and what it can do
    scan     GET Config.WifiList, again while the wanted one is missing
    join     SET System.Time, Config.Key, Config.Wifi or WifiX       ends once the plug has all of it
    rehost   SET System.Time, Config.Key
    trace    GET Config.Trace                                        how its last attempt to join ended
    unbind   PUSH Control.Unbind, then GET System.All until it no longer answers

A script is a generator. It yields a request, a question or a pause, is sent what came of it, and returns its outcome;
``session.py`` runs it. Source: docs/protocols/meross.md §1.5, §1.7.
"""

from collections.abc import Callable, Generator, Mapping

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.model import Result
from unclouded.core.sessions.session import Ambient, Answer, AskClock, Failure, LocalTime, Refusal
from unclouded.families.meross.setup import problems, requests
from unclouded.families.meross.setup.networks import find
from unclouded.families.meross.setup.requests import SetupRequest
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.identity import mac_of
from unclouded.families.meross.wire.lan_encryption import (
    PRIVATE_BYTES,
    KeyExchange,
    LanCipher,
    bound_cipher,
    session_cipher,
)
from unclouded.families.meross.wire.messages import (
    SIGN_ERROR,
    Abilities,
    All,
    Failed,
    Firmware,
    Hardware,
    Message,
    PublicKey,
    Trace,
    WifiNetwork,
    WifiNetworks,
)

SCANS, SCAN_AGAIN_S = 5, 4.0  # a scan may miss a network; each takes up to 10 s, which makes the 40 s of other tools
GONE_TRIES, GONE_AGAIN_S = 6, 2.0  # until a plug that was reset no longer answers
NOT_SENT = (Failure.REFUSED, Failure.FULL, Failure.GONE)
CLOSES_CLEAR_TEXT = (Failure.CLOSED, Failure.GARBLED)  # how a plug that encrypts answers clear text


class SetupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``place``: the address, for texts. ``uuid``: the plug that must answer; "" = any.

    ``key``: what it is bound with now; "" in set-up mode. ``exchanges_key``: encrypt the session also where the plug
    accepts clear text.
    """

    place: str = "10.10.10.1"
    uuid: str = ""
    key: str = ""
    exchanges_key: bool = False

    def __repr__(self) -> str:
        return f"SetupSettings(place={self.place!r}, uuid={self.uuid!r})"


class SetupPlug(msgspec.Struct, frozen=True):
    """What a plug reports of itself. ``online``: of its connection to its server, 1 = connected."""

    hardware: Hardware
    firmware: Firmware
    online: int = -1
    abilities: frozenset[str] = frozenset()

    @property
    def uuid(self) -> str:
        return self.hardware.uuid.lower()

    @property
    def mac(self) -> str:
        return self.hardware.mac_address.lower() or mac_of(self.uuid)

    @property
    def server(self) -> str:
        """The server that it was bound to, host:port; "" where it is bound to none."""
        return f"{self.firmware.server}:{self.firmware.port}" if self.firmware.server else ""

    @property
    def info(self) -> dict[str, str]:
        """As text for people, without what is not known."""
        known = {
            "uuid": self.uuid,
            "product": self.hardware.type,
            "mac": self.mac,
            "hardware": self.hardware.version,
            "chip": self.hardware.chip_type,
            "version": self.firmware.version,
            "address": self.firmware.inner_ip,
            "server": self.server,
        }
        return {name: text for name, text in known.items() if text}


class SetupState:
    """What is known of the plug. ``uuid``: the one that must answer. ``cipher``: of the session, None = clear text."""

    def __init__(self, settings: SetupSettings, ambient: Ambient) -> None:
        self.settings = settings
        self.ambient = ambient
        self.uuid = settings.uuid.lower()
        self.plug: SetupPlug | None = None
        self.networks: tuple[WifiNetwork, ...] = ()
        self.trace: Trace | None = None
        self.cipher: LanCipher | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.cipher is not None

    @property
    def lacks_key(self) -> bool:
        """Whether the session is to be encrypted and is not, as at first and after each connection."""
        return self.settings.exchanges_key and not self.is_encrypted

    def failed(self, got: "Got", request: SetupRequest) -> "ScriptEnd":
        """The end of an action whose request got something else than its answer."""
        place = self.settings.place
        match got:
            case Failed():
                return ScriptEnd("refused", problems.refused(got, request.words, place, self.settings.key))
            case Failure():
                result: Result = "timeout" if got is Failure.TIMEOUT else "unreachable"
                return ScriptEnd(result, problems.failure(got, place))
        return ScriptEnd("refused", problems.failure(Failure.GARBLED, place))


class Pause(msgspec.Struct, frozen=True):
    """Wait so many seconds."""

    seconds: float


class ScriptNotice(msgspec.Struct, frozen=True):
    """Something that a person should know; the script goes on."""

    text: str


class ScriptEnd(msgspec.Struct, frozen=True):
    """The outcome of an action."""

    result: Result = "confirmed"
    reason: str = ""


Need = SetupRequest | AskClock | Pause | ScriptNotice
Got = Message | Failure | Answer | Refusal | None
Script = Generator[Need, Got, ScriptEnd]


# --- which plug it is -----------------------------------------------------------------------------------


def look(state: SetupState, args: Mapping[str, str]) -> Script:
    """Asks for System.All and the ability list, and fills ``state.plug``; exchanges the key where set-up encrypts."""
    got = yield requests.GET_ALL
    if got in CLOSES_CLEAR_TEXT and not state.is_encrypted:
        got = yield from _encrypted(state, got)
    if not isinstance(got, All):
        return state.failed(got, requests.GET_ALL)
    system = got.system
    listed = yield requests.GET_ABILITIES
    if not isinstance(listed, Abilities):
        return state.failed(listed, requests.GET_ABILITIES)
    if state.lacks_key:
        end = yield from _exchange(state)
        if end.result != "confirmed":
            return end
    state.plug = SetupPlug(system.hardware, system.firmware, system.online.status, frozenset(listed.names))
    return ScriptEnd()


def _encrypted(state: SetupState, closed: Got) -> Generator[Need, Got, Got]:
    """A plug closed clear text: what it answers where it encrypts. ``closed``: the failure, where it does not."""
    listed = yield requests.GET_ABILITIES
    if isinstance(listed, Failed):
        return listed
    if not isinstance(listed, Abilities) or not set(namespaces.ENCRYPTION) <= set(listed.names):
        return closed
    if state.settings.key:
        state.cipher = bound_cipher(state.uuid, state.settings.key)
        got = yield requests.GET_ALL
        return Failed(SIGN_ERROR) if got in CLOSES_CLEAR_TEXT else got
    end = yield from _exchange(state)
    return (yield requests.GET_ALL) if end.result == "confirmed" else closed


def _exchange(state: SetupState) -> Script:
    """Agree on the key of a session, as in set-up mode."""
    exchange = KeyExchange(state.ambient.token(PRIVATE_BYTES))
    request = requests.exchange(exchange.pubkey)
    got = yield request
    if not isinstance(got, PublicKey):
        return state.failed(got, request)
    try:
        state.cipher = session_cipher(exchange.shared_secret(got.pubkey))
    except WireError:
        return ScriptEnd("refused", problems.BAD_EXCHANGE)
    return ScriptEnd()


# --- Wi-Fi ----------------------------------------------------------------------------------------------


def scan(state: SetupState, args: Mapping[str, str]) -> Script:
    """``args``: the ``ssid`` that is wanted; without one the first scan that finds any network is enough."""
    wanted = args.get("ssid", "")
    got: Got = None
    for number in range(SCANS):
        if number:
            yield Pause(SCAN_AGAIN_S)
        got = yield requests.GET_NETWORKS
        if isinstance(got, Failed):
            break
        if isinstance(got, WifiNetworks):
            state.networks = merged(state.networks, got.networks)
        if find(state.networks, wanted) if wanted else state.networks:
            return ScriptEnd()
    if isinstance(got, WifiNetworks) or state.networks:
        return ScriptEnd("refused", problems.not_seen(wanted, state.networks) if wanted else problems.NO_NETWORK)
    return state.failed(got, requests.GET_NETWORKS)


def merged(known: tuple[WifiNetwork, ...], found: tuple[WifiNetwork, ...]) -> tuple[WifiNetwork, ...]:
    """The networks of several scans; of the same one the newest values count."""
    by_place = {(one.ssid, one.bssid): one for one in (*known, *found)}
    return tuple(by_place.values())[-requests.MOST_NETWORKS :]


def join(state: SetupState, args: Mapping[str, str]) -> Script:
    """``args``: host, port, second_host, second_port, key, user_id, ssid, password."""
    end = yield from rehost(state, args)
    if end.result != "confirmed" or state.plug is None:
        return end
    password = args.get("password", "")
    try:
        network = requests.chosen_network(args, state.networks)
    except CommandError as error:  # the scan has shown another network of that name since
        return ScriptEnd("refused", str(error))
    encrypts = namespaces.WIFIX in state.plug.abilities
    if not encrypts and namespaces.WIFI not in state.plug.abilities:
        return ScriptEnd("refused", problems.lacks("Config.Wifi"))
    request = requests.set_wifi(network, password, state.plug.hardware, encrypts)
    got = yield request
    if isinstance(got, Failed) or got in NOT_SENT:
        return state.failed(got, request)
    return ScriptEnd()  # a plug may restart before it answers: whether it has joined shows afterwards


def read_trace(state: SetupState, args: Mapping[str, str]) -> Script:
    """Asks for Config.Trace, the result of the plug's last association, and fills ``state.trace``."""
    got = yield requests.GET_TRACE
    if not isinstance(got, Trace):
        return state.failed(got, requests.GET_TRACE)
    state.trace = got
    return ScriptEnd()


# --- the server -----------------------------------------------------------------------------------------


def rehost(state: SetupState, args: Mapping[str, str]) -> Script:
    """``args``: as ``join``, without Wi-Fi."""
    if state.plug is None or state.lacks_key:
        end = yield from look(state, args)
        if end.result != "confirmed" or state.plug is None:
            return end
    if namespaces.KEY not in state.plug.abilities:
        return ScriptEnd("refused", problems.lacks("Config.Key"))
    yield from _set_time(state)
    request = requests.set_key(args)
    got = yield request
    if isinstance(got, Failed | Failure):
        return state.failed(got, request)
    return ScriptEnd()


def _set_time(state: SetupState) -> Generator[Need, Got, None]:
    """The time of the hub; set-up goes on without it."""
    local = yield AskClock()
    if not isinstance(local, LocalTime) or not local.trusted:
        yield ScriptNotice(problems.CLOCK_UNKNOWN)
        return
    got = yield requests.set_time(local)
    if isinstance(got, Failed | Failure):
        yield ScriptNotice(problems.CLOCK_REFUSED)


def unbind(state: SetupState, args: Mapping[str, str]) -> Script:
    """Sends Control.Unbind and asks until the plug is away or has no server; "timeout" where it keeps one."""
    if state.plug is None:
        end = yield from look(state, args)
        if end.result != "confirmed":
            return end
    got = yield requests.UNBIND
    if isinstance(got, Failed):
        return state.failed(got, requests.UNBIND)
    for _ in range(GONE_TRIES):
        yield Pause(GONE_AGAIN_S)
        got = yield requests.GET_ALL
        if isinstance(got, Failure) or (isinstance(got, All) and not got.system.firmware.server):
            return ScriptEnd()
    return ScriptEnd("timeout", problems.STILL_THERE.format(place=state.settings.place))


SCRIPTS: Mapping[str, Callable[[SetupState, Mapping[str, str]], Script]] = {
    "look": look,
    "scan": scan,
    "join": join,
    "rehost": rehost,
    "trace": read_trace,
    "unbind": unbind,
}


def check(name: str, args: Mapping[str, str], networks: tuple[WifiNetwork, ...]) -> None:
    """Raises CommandError for what a plug must not be sent."""
    if name not in SCRIPTS:
        raise CommandError(f"Set-up has no action {name!r}; it has {', '.join(SCRIPTS)}.")
    if name in ("join", "rehost"):
        requests.set_key(args)
    if name == "join":
        requests.chosen_network(args, networks)
