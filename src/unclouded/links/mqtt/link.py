"""`mqtts://host[:8883]?cafile=…&user=…&password_file=…`: a plug that lives on a broker which somebody already runs.

    we subscribe  /appliance/UUID/publish              what the plug says unasked, and answers sent there
                  /app/unclouded-UUID/subscribe        answers to requests whose ``from`` names this topic, where
                                                       the broker lets us listen there
    we publish    /appliance/UUID/subscribe            what the plug hears

Facts from docs/protocols/meross.md §1.6. All links with the same account on the same broker share one connection; it
dials again after 1 to 60 s with jitter. ``up`` means that the broker has taken our subscriptions, not that the plug
is there. Publishing is QoS 0: TCP keeps it whole while the connection lasts, and a session asks again after it.
Passwords come from files, never from the address. ``mqtt://host[:1883]`` is the same without TLS.
aiomqtt is imported when the first such link starts.
"""

from pathlib import Path

from unclouded.core.errors import LinkRefused
from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.links.dial import fail_soon
from unclouded.links.http import with_port
from unclouded.links.mqtt.broker_client import Account, BrokerConnection, broker_for
from unclouded.links.url import Url

PORTS = {"mqtt": 1883, "mqtts": 8883}
OUTBOX = 32  # datagrams of one link that wait to be written; more are not taken
LONGEST = 65_536  # bytes of a message; a plug says less
PATH = LinkPath(name="mqtt")


def open_mqtt(url: Url, baud: int, base: Path, uuid: str = "") -> Link:
    """The link to plug ``uuid``; without one it can be checked but not started. Raises ConfigError."""
    tls = url.scheme == "mqtts"
    url.only("user", "password_file", *(["cafile"] if tls else []))
    host, port = with_port(url, PORTS[url.scheme]).host_port(f"{url.scheme}://192.168.1.5:{PORTS[url.scheme]}")
    files = {key: base.absolute() / url.query[key] for key in ("password_file", "cafile") if url.query.get(key)}
    user = url.query.get("user", "")
    if "password_file" in files and not user:
        raise url.wrong("has a password_file and no user. Add the name that the broker knows us by, as in ?user=hub.")
    if not set(uuid).isdisjoint("/+#\0"):
        raise url.wrong(f"is for the plug {uuid!r}, which is no UUID of a plug.")
    return MqttLink(Account(host, port, tls, user, files.get("password_file"), files.get("cafile")), uuid)


def answer_topic(uuid: str) -> str:
    """Where a plug may send its answers, beside its own publish topic: the ``from`` of our requests."""
    return f"/app/unclouded-{uuid.lower()}/subscribe"


class MqttLink:
    """One plug on a broker. ``dropped`` counts datagrams, ours and theirs, that were not taken."""

    retained = False  # what a plug said long ago is old news

    def __init__(self, account: Account, uuid: str) -> None:
        self.account = account
        self.uuid = uuid.lower()
        self.says = f"/appliance/{self.uuid}/subscribe"
        self.hears: tuple[str, ...] = (f"/appliance/{self.uuid}/publish", answer_topic(uuid))
        self.dropped = 0
        self.pending = 0
        self._inlet: Inlet | None = None
        self._broker: BrokerConnection | None = None
        self._is_up = False
        self._told: str | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where no plug is named, or a file cannot be read."""
        if not self.uuid:
            raise LinkRefused(f"Which plug on {self.account.place}? Name its uuid in the device's settings.")
        broker = broker_for(self.account)
        self._inlet = inlet
        self._broker = broker
        broker.add(self)

    def send(self, out: Out) -> None:
        if self._broker is None or not (self._is_up and self._broker.connected):
            self._fail(out, Failure.GONE)
        elif self.pending >= OUTBOX:
            self._fail(out, Failure.FULL)
        else:
            self._broker.publish(self, out)

    async def close(self) -> None:
        broker, self._inlet, self._broker = self._broker, None, None
        if broker is not None:
            await broker.remove(self)

    # --- what the broker says ------------------------------------------------------------------

    def up(self) -> None:
        self._is_up, self._told = True, None
        if self._inlet is not None:
            self._inlet.up(PATH)

    def down(self, reason: str) -> None:
        """A reason is told once, not at every try."""
        self._is_up = False
        if reason != self._told and self._inlet is not None:
            self._told = reason
            self._inlet.down(PATH.name, reason)

    def received(self, data: bytes) -> None:
        if len(data) > LONGEST:
            self.dropped += 1
        elif self._inlet is not None and self._is_up:
            self._inlet.received(data, PATH.name)

    def lost(self, out: Out) -> None:
        """A datagram that was taken and did not leave."""
        self._fail(out, Failure.GONE)

    def _fail(self, out: Out, why: Failure) -> None:
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, why)
