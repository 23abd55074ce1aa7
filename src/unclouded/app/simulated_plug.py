"""Simulated plugs that are bound to a server: their identity, and the link by which they connect."""

import msgspec

from unclouded.core.link import Link
from unclouded.families import meross
from unclouded.links.broker.plug_client import Login, PlugClient
from unclouded.sim.seeded_random import SeededRandom


class BoundPlug(msgspec.Struct, frozen=True):
    """A plug that is bound to a server with a key. Its ``repr`` shows no key."""

    uuid: str
    key: str

    @property
    def memory(self) -> dict[str, bytes]:
        """The binding as the memory of a simulated plug."""
        return {"uuid": self.uuid.encode(), "key": self.key.encode()}

    def __repr__(self) -> str:
        return f"BoundPlug(uuid={self.uuid!r})"


def bound(seed: int, key: str, uuid: str = "") -> BoundPlug:
    """The simulated plug of that seed, bound with a key."""
    return BoundPlug(uuid.lower() or meross.simulated_uuid(seed), key)


def client_link(host: str, port: int, plug: BoundPlug) -> Link:
    """The link by which a plug connects to the server at host and port, as real ones do."""
    mac = meross.mac_of(plug.uuid)
    login = Login(
        client_id=meross.client_id_for(plug.uuid, SeededRandom(1, plug.uuid).token(0, 8)),
        user=mac,
        password=meross.password_for(mac, plug.key),
        inbox=meross.subscribe_topic(plug.uuid),
    )
    return PlugClient(host, port, login, meross.publish_topic(plug.uuid))
