"""A simulated plug whose firmware encrypts HTTP, and can be exchanged while it runs."""

from collections.abc import Sequence

from families.meross.meross_pair import KEY, UUID, plug
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Event, LinkPath, Out
from unclouded.families.meross.plug.encrypted_http import EncryptedHttp
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import parse, reply
from unclouded.families.meross.wire.identity import publish_topic
from unclouded.families.meross.wire.lan_encryption import bound_cipher
from unclouded.families.meross.wire.messages import payload_of
from wrapped_session import Wrapped


class EncryptingPlug(Wrapped):
    """``encrypts``: does its firmware? ``bodies``: every HTTP body that came, and every one that went."""

    def __init__(self, encrypts: bool = True, key: str = KEY, lists: bool = True) -> None:
        super().__init__(plug(key=key))
        self.encrypts, self.lists = encrypts, lists
        self.bodies: list[tuple[str, bytes]] = []
        self._key = key
        self._http = EncryptedHttp(bound_cipher(UUID, key))
        self._paths: dict[str, LinkPath] = {}
        self._waiting: dict[int, bool] = {}  # datagrams that wait for an answer: is it to be encrypted?
        self._outs: list[Out] = []

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if not self._paths[path].asks:
            return self.inner.receive(data, now, path, re)
        self.bodies.append(("request", data))
        try:
            envelope, encrypted = self._http.opened(data) if self.encrypts else (parse(data), False)
        except WireError:
            self._outs.append(Out(b"", path=path, re=re))
            return ()
        if envelope.header.namespace == namespaces.ABILITY:
            self._outs.append(Out(self._abilities(data), path=path, re=re))
            return ()
        self._waiting[re] = encrypted
        return self.inner.receive(bytes(envelope), now, path, re)

    def _abilities(self, data: bytes) -> bytes:
        listed: dict[str, object] = {
            name: {} for name in (*self._names, *(namespaces.ENCRYPTION if self.lists and self.encrypts else ()))
        }
        payload = payload_of(payloadVersion=1, ability=listed)
        return bytes(reply(parse(data).header, payload, key=self._key, timestamp=1, from_=publish_topic(UUID)))

    @property
    def _names(self) -> Sequence[str]:
        names = "System.All System.Ability System.Runtime System.Time Control.ToggleX Control.Electricity"
        return [f"Appliance.{name}" for name in f"{names} Control.ConsumptionX".split()]

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        for out in super().outgoing(now):
            encrypted = self._waiting.pop(out.re, False)
            outs.append(Out(self._http.sealed(out.data, encrypted and bool(out.data)), out.id, out.path, out.re))
        self.bodies += [("answer", out.data) for out in outs if self._paths[out.path].asks]
        return outs

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._paths[path.name] = path
        return super().up(path, now)
