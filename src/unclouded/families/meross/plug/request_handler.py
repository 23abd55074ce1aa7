"""Requests that a simulated plug receives: decryption, limits, signature, and who carries them out."""

from collections.abc import Callable
from typing import TypeGuard

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Event
from unclouded.core.sessions.session_parts import FaultSwitches
from unclouded.families.meross.plug.answers import ACKNOWLEDGED, answer, encrypts, lists, set_clock
from unclouded.families.meross.plug.encrypted_http import EncryptedHttp
from unclouded.families.meross.plug.network_state import PlugPhase
from unclouded.families.meross.plug.plug_output import PlugOutput, ReceivedRequest
from unclouded.families.meross.plug.relay_requests import RelayRequest, RelayRequests, SeveralRequests, state_in
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.plug.state.plug_options import REPLAY_WINDOW_S
from unclouded.families.meross.plug.state.wifi_networks import decoded
from unclouded.families.meross.plug.update import PlugUpdate
from unclouded.families.meross.wire import messages, namespaces
from unclouded.families.meross.wire.envelope import (
    ACKS,
    ERROR,
    GET,
    PUSH,
    SET,
    Envelope,
    EnvelopeHeader,
    parse,
    reply,
    verify,
)
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.lan_encryption import (
    PRIVATE_BYTES,
    KeyExchange,
    bound_cipher,
    is_clear,
    session_cipher,
    wifi_password_in,
)
from unclouded.families.meross.wire.messages import (
    Failed,
    KeyConfig,
    Message,
    Multiple,
    PublicKey,
    Toggles,
    Upgrade,
    WifiNetwork,
    payload_of,
)
from unclouded.families.meross.wire.namespaces import read_envelope

MULTIPLE_LIMIT = 900  # bytes of a Multiple's payload from which firmware 2.1.x closes; docs/protocols/meross.md §1.4.4
SCAN_S, SLOW_SCAN_S = 2.0, 40.0  # docs/protocols/meross.md §1.7.2
UNKNOWN_ERROR = 5000

Handled = tuple[list[Event], str]  # events, and why it was refused


class RequestHandler:
    """``read`` and ``handle`` one request; ``relay_answered`` goes on where the world was asked."""

    def __init__(
        self,
        plug: SimulatedPlug,
        faults: FaultSwitches,
        output: PlugOutput,
        relay: RelayRequests,
        update: PlugUpdate,
        token: Callable[[int], bytes],
    ) -> None:
        self._plug = plug
        self._faults = faults
        self._output = output
        self._relay = relay
        self._update = update
        self._token = token
        self._session: EncryptedHttp | None = None  # by the key exchange in set-up mode
        self._bound: tuple[str, EncryptedHttp] | None = None  # the key that it was bound with, and what uses it
        self._scans = 0

    def read(self, data: bytes, path: str, re: int) -> ReceivedRequest | None:
        """The request; None where it closes instead. Raises WireError, also for one that it wants encrypted."""
        http = self._http() if re else None
        if http is None or (self._plug.network.phase is PlugPhase.PAIRING and is_clear(data)):
            envelope, is_encrypted = parse(data), False
        else:
            envelope, is_encrypted = http.opened(data)
        size = len(data) * 3 // 4 if is_encrypted else len(data)
        if "closes-connections" in self._faults or (re and size > self._plug.dialect.http_limit):
            return None
        if "needs-from" in self._faults and not envelope.header.from_:
            return None
        return ReceivedRequest(envelope, path, re, http if is_encrypted else None)

    def handle(self, request: ReceivedRequest, now: float) -> Handled:
        """Carries it out; the answer goes to the output. The events, and why it was refused, "" = it was not."""
        header = request.envelope.header
        if not self._is_accepted(header, now):
            return self._refuse(request, now)
        message = read_envelope(request.envelope)
        if header.method in (ACKS[SET], PUSH):
            return self._unanswered(message, request, now), ""
        if self._is_relay_command(message, header):
            return self._switch(message, request, now), ""
        if isinstance(message, Multiple) and header.method == SET and self._plug.dialect.most_commands:
            return self._several(message, request, now), ""
        return self._answer(message, request, now), ""

    def relay_answered(self, request: RelayRequest, now: float) -> list[Event]:
        """The world has decided: answer what asked for it."""
        if request.received is None:
            return []
        if request.several is None:
            self._output.reply(request.received, ACKNOWLEDGED, now)
            return []
        done = request.several.items.popleft()
        request.several.answers.append(self._inner_answer(done.header, ACKNOWLEDGED, now))
        return self._go_on(request.several, now)

    def restart(self) -> None:
        """The key of a set-up session is lost."""
        self._session = None

    # --- may it --------------------------------------------------------------------------------

    def _http(self) -> EncryptedHttp | None:
        """Who encrypts its HTTP bodies now; None = they are clear text."""
        if self._plug.network.phase is PlugPhase.PAIRING:
            return self._session
        if not encrypts(self._plug):
            return None
        key = self._plug.settings.key
        if self._bound is None or self._bound[0] != key:
            self._bound = key, EncryptedHttp(bound_cipher(self._plug.uuid, key))
        return self._bound[1]

    def _is_accepted(self, header: EnvelopeHeader, now: float) -> bool:
        key = self._plug.signing_key
        return not key or (verify(header, key) and self._is_fresh(header, now))

    def _is_fresh(self, header: EnvelopeHeader, now: float) -> bool:
        window_s = REPLAY_WINDOW_S if "refuses-old-requests" in self._faults else self._plug.options.replay_window_s
        return not window_s or abs(header.timestamp - self._plug.clock.unix(now)) <= window_s

    def _refuse(self, request: ReceivedRequest, now: float) -> Handled:
        if self._plug.dialect.hides_wrong_key:
            self._output.close(request.path, request.re, now)
        else:
            error = payload_of(error={"code": messages.SIGN_ERROR, "detail": "sign error"})
            self._output.reply(request, error, now, ERROR)
        return [], "wrong signature"

    # --- one request -----------------------------------------------------------------------------

    def _unanswered(self, message: Message, request: ReceivedRequest, now: float) -> list[Event]:
        """An acknowledgement or a PUSH; a few PUSHes are queries, and answered."""
        header = request.envelope.header
        set_clock(self._plug, message, now)
        payload = bytes(request.envelope.payload)
        found = answer(self._plug, PUSH, header.namespace, message, payload, now) if header.method == PUSH else None
        if found is None:
            self._output.close(request.path, request.re, now)
        else:
            self._output.reply(request, found, now, PUSH)
        return []

    def _answer(self, message: Message, request: ReceivedRequest, now: float) -> list[Event]:
        header = request.envelope.header
        if header.method == SET and lists(self._plug, header.namespace):
            match message:
                case KeyConfig() | WifiNetwork():
                    return self._configure(message, request, now)
                case PublicKey():
                    return self._exchange(message, request, now)
                case Upgrade():
                    self._output.reply(request, ACKNOWLEDGED, now)
                    return self._update.begin(message, now)
        payload = answer(self._plug, header.method, header.namespace, message, bytes(request.envelope.payload), now)
        if payload is None:
            self._output.close(request.path, request.re, now)
        elif header.namespace == namespaces.WIFI_LIST:
            self._scan(request, payload, now)
        else:
            self._output.reply(request, payload, now)
        return []

    def _scan(self, request: ReceivedRequest, payload: bytes, now: float) -> None:
        """Scanning takes its time."""
        self._scans += 1
        if "misses-first-scan" in self._faults and self._scans == 1:
            payload = payload_of(wifiList=[])
        self._output.reply(request, payload, now, after_s=SLOW_SCAN_S if "scans-slowly" in self._faults else SCAN_S)

    def _configure(self, message: KeyConfig | WifiNetwork, request: ReceivedRequest, now: float) -> list[Event]:
        if isinstance(message, KeyConfig):
            is_taken = self._plug.network.set_key(message, now)
        else:
            is_taken = self._set_wifi(message, request.envelope.header.namespace, now)
        if is_taken:
            self._output.reply(request, ACKNOWLEDGED, now)
        else:
            self._output.close(request.path, request.re, now)
        return []

    def _set_wifi(self, wifi: WifiNetwork, namespace: str, now: float) -> bool:
        if namespace == namespaces.WIFIX and wifi.password:
            hardware = self._plug.hardware()
            try:
                password = wifi_password_in(wifi.password, hardware.type, hardware.uuid, hardware.mac_address)
            except WireError:
                return False
        else:
            password = decoded(wifi.password)
        return self._plug.network.set_wifi(wifi, password, "needs-all-wifi-fields" in self._faults, now)

    def _exchange(self, message: PublicKey, request: ReceivedRequest, now: float) -> list[Event]:
        """The key exchange of set-up mode: the answer is still in clear text. Raises WireError."""
        own = KeyExchange(self._token(PRIVATE_BYTES))
        session = EncryptedHttp(session_cipher(own.shared_secret(message.pubkey)))
        self._output.reply(request, payload_of(ecdhe={"step": 2, "pubkey": own.pubkey}), now)
        self._session = session
        return []

    def _switch(self, toggles: Toggles, request: ReceivedRequest, now: float) -> list[Event]:
        onoff = state_in(toggles)
        if onoff is not None:
            return [self._relay.ask(request, onoff, now)]
        self._output.reply(request, ACKNOWLEDGED, now)
        return []

    def _is_relay_command(self, message: Message, header: EnvelopeHeader) -> TypeGuard[Toggles]:
        is_set = isinstance(message, Toggles) and header.method == SET
        return is_set and header.namespace == self._plug.relay_namespace

    # --- several in one --------------------------------------------------------------------------

    def _several(self, multiple: Multiple, request: ReceivedRequest, now: float) -> list[Event]:
        """Several requests in one, carried out one after the other."""
        most = self._plug.dialect.most_commands
        if len(request.envelope.payload) > MULTIPLE_LIMIT or len(multiple.items) > most:
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

    def _inner(self, item: Envelope, message: Message, now: float) -> Envelope:
        """The answer to one of several; inner headers need no signature."""
        header = item.header
        if self._is_relay_command(message, header):
            return self._inner_answer(header, ACKNOWLEDGED, now)
        is_readable = header.method == GET or not isinstance(message, Failed)
        payload = bytes(item.payload)
        found = answer(self._plug, header.method, header.namespace, message, payload, now) if is_readable else None
        return self._inner_answer(header, found, now)

    def _inner_answer(self, header: EnvelopeHeader, payload: bytes | None, now: float) -> Envelope:
        return reply(
            header,
            payload if payload is not None else payload_of(error={"code": UNKNOWN_ERROR}),
            key=self._plug.signing_key,
            timestamp=self._plug.unix(now),
            from_=publish_topic(self._plug.uuid),
            method="" if payload is not None else ERROR,
        )


def _message_in(item: Envelope) -> Message:
    """What one of several means; a failure where it cannot be read."""
    try:
        return read_envelope(item)
    except WireError:
        return Failed()
