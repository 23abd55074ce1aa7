"""`mqtts://host[:8883]?cafile=…&user=…&password_file=…`: a plug that is connected to an external MQTT broker.

    subscribed    /appliance/UUID/publish              unsolicited messages of the plug, and answers sent there
                  /app/unclouded-UUID/subscribe        answers to requests whose ``from`` names this topic, where
                                                       the broker permits this subscription
    published     /appliance/UUID/subscribe            requests to the plug

Facts from docs/protocols/meross.md §1.6. All links with the same account on the same broker share one connection; it
redials after 1 to 60 s with jitter. ``up`` means that the broker has accepted the subscriptions, not that the plug
is connected. Publishing uses QoS 0: TCP loses nothing while the connection lasts, and sessions repeat requests.
Passwords come from files, never from the address. ``mqtt://host[:1883]`` is the same without TLS.
aiomqtt is imported when the first such link starts.
"""

from pathlib import Path

from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links.dial import fail_soon
from unclouded.links.http.link import with_port
from unclouded.links.mqtt.broker_client import Account, BrokerConnection, broker_for
from unclouded.links.url import Url

PORTS = {"mqtt": 1883, "mqtts": 8883}
OUTBOX_LIMIT = 32  # datagrams of one link waiting to be sent; more are rejected
MESSAGE_LIMIT = 65_536  # bytes of a message; plugs send less
PATH = LinkPath(name="mqtt")


def open_mqtt(url: Url, baud: int, base: Path, uuid: str = "") -> Link:
    """The link to plug ``uuid``; without one it can be checked but not started. Raises ConfigError."""
    tls = url.scheme == "mqtts"
    url.only("user", "password_file", *(["cafile"] if tls else []))
    host, port = with_port(url, PORTS[url.scheme]).host_port(f"{url.scheme}://192.168.1.5:{PORTS[url.scheme]}")
    files = {key: base.absolute() / url.query[key] for key in ("password_file", "cafile") if url.query.get(key)}
    user = url.query.get("user", "")
    if "password_file" in files and not user:
        raise url.wrong("has a password_file and no user. Add the hub's user name at the broker, as in ?user=hub.")
    if not set(uuid).isdisjoint("/+#\0"):
        raise url.wrong(f"is for the plug {uuid!r}, which is not a valid UUID.")
    return MqttLink(Account(host, port, tls, user, files.get("password_file"), files.get("cafile")), uuid)


def answer_topic(uuid: str) -> str:
    """A topic for a plug's answers besides its own publish topic: the ``from`` of requests."""
    return f"/app/unclouded-{uuid.lower()}/subscribe"


class MqttLink:
    """One plug on an external broker. ``dropped`` counts rejected datagrams of both directions."""

    retained = False  # retained messages are outdated

    def __init__(self, account: Account, uuid: str) -> None:
        self.account = account
        self.uuid = uuid.lower()
        self.publish_topic = f"/appliance/{self.uuid}/subscribe"
        self.topics: tuple[str, ...] = (f"/appliance/{self.uuid}/publish", answer_topic(uuid))
        self.dropped = 0
        self.pending = 0
        self._inlet: Inlet | None = None
        self._broker: BrokerConnection | None = None
        self._is_up = False
        self._reported: str | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where no plug is named, or a file cannot be read."""
        if not self.uuid:
            raise LinkRefused(f"Which plug on {self.account.place}? Set its uuid in the device's table.")
        broker = broker_for(self.account)
        self._inlet = inlet
        self._broker = broker
        broker.add(self)

    def send(self, out: Out) -> None:
        if self._broker is None or not (self._is_up and self._broker.connected):
            self._fail(out, Failure.GONE)
        elif self.pending >= OUTBOX_LIMIT:
            self._fail(out, Failure.FULL)
        else:
            self._broker.publish(self, out)

    async def close(self) -> None:
        broker, self._inlet, self._broker = self._broker, None, None
        if broker is not None:
            await broker.remove(self)

    # --- called by the connection --------------------------------------------------------------

    def up(self) -> None:
        self._is_up, self._reported = True, None
        if self._inlet is not None:
            self._inlet.up(PATH)

    def down(self, reason: str) -> None:
        """A reason is reported once, not at every attempt."""
        self._is_up = False
        if reason != self._reported and self._inlet is not None:
            self._reported = reason
            self._inlet.down(PATH.name, reason)

    def received(self, data: bytes) -> None:
        if len(data) > MESSAGE_LIMIT:
            self.dropped += 1
        elif self._inlet is not None and self._is_up:
            self._inlet.received(data, PATH.name)

    def not_sent(self, out: Out) -> None:
        """A datagram that was accepted and could not be sent."""
        self._fail(out, Failure.GONE)

    def _fail(self, out: Out, why: Failure) -> None:
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, why)
