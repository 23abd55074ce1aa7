"""The packets of MQTT as values, which ``links.mqtt.codec`` decodes and encodes. 3.1, 3.1.1 and 5; QoS 0 and 1.

Properties exist in version 5 only. Client ids may be longer than the 23 characters of 3.1: those of real plugs are.
Sources: MQTT 3.1, 3.1.1 and 5.0 specifications.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec

V31, V311, V5 = 3, 4, 5  # protocol levels
NAMES: Mapping[int, str] = {V31: "MQTT 3.1", V311: "MQTT 3.1.1", V5: "MQTT 5"}

# Reason codes of version 5 and return codes of 3.x that are used here; from 0x80 on they are refusals.
OK = 0
REFUSED_IDENTIFIER, REFUSED_UNAVAILABLE, REFUSED_PASSWORD, REFUSED_RIGHTS = 2, 3, 4, 5
SUBSCRIPTION_FAILED = 0x80
RETAIN_AS_PUBLISHED = 0x08  # option of a subscription, version 5
NOT_AUTHORIZED, TAKEN_OVER, NO_SUCH_SUBSCRIPTION = 0x87, 0x8E, 0x11

SERVER_KEEP_ALIVE, MAXIMUM_QOS, RETAIN_AVAILABLE, MAXIMUM_PACKET = 0x13, 0x24, 0x25, 0x27
WILDCARDS_AVAILABLE, SUBSCRIPTION_IDS_AVAILABLE, SHARED_AVAILABLE = 0x28, 0x29, 0x2A

Property = tuple[int, int | bytes | tuple[bytes, bytes]]
Properties = tuple[Property, ...]


class Will(msgspec.Struct, frozen=True):
    """The message that the server publishes when the client is lost."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """A client's first packet. Its ``repr`` shows no password."""

    kind: ClassVar[int] = 1
    client_id: str
    user: str | None = None
    password: bytes | None = None
    keep_alive: int = 60  # s; 0 = none
    clean: bool = True
    version: int = V311
    will: Will | None = None
    properties: Properties = ()

    def __repr__(self) -> str:
        return f"Connect(client_id={self.client_id!r}, user={self.user!r}, {NAMES[self.version]})"


class Connack(msgspec.Struct, frozen=True):
    """The server's answer to CONNECT; ``code`` 0 = accepted."""

    kind: ClassVar[int] = 2
    code: int = OK
    session_present: bool = False
    properties: Properties = ()


class Publish(msgspec.Struct, frozen=True):
    """A message. ``id`` is 0 with QoS 0, else 1 to 65535."""

    kind: ClassVar[int] = 3
    topic: str
    payload: bytes
    qos: int = 0
    id: int = 0
    retain: bool = False
    dup: bool = False
    properties: Properties = ()


class Puback(msgspec.Struct, frozen=True):
    """Acknowledges a QoS 1 message."""

    kind: ClassVar[int] = 4
    id: int
    code: int = OK


class Subscribe(msgspec.Struct, frozen=True):
    """Topic filters, each with the highest requested QoS.

    ``as_published``: messages keep the retain flag that their sender gave them; version 5 only. Otherwise one has the
    flag only where it is sent because of the subscription.
    """

    kind: ClassVar[int] = 8
    id: int
    filters: tuple[tuple[str, int], ...]
    as_published: bool = False


class Suback(msgspec.Struct, frozen=True):
    """One code for each filter: the granted QoS, or a refusal from 0x80 on."""

    kind: ClassVar[int] = 9
    id: int
    codes: tuple[int, ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    """Topic filters to end the subscription of."""

    kind: ClassVar[int] = 10
    id: int
    filters: tuple[str, ...]


class Unsuback(msgspec.Struct, frozen=True):
    """The answer to UNSUBSCRIBE; codes only in version 5."""

    kind: ClassVar[int] = 11
    id: int
    codes: tuple[int, ...] = ()


class Pingreq(msgspec.Struct, frozen=True):
    """A keep-alive request of the client."""

    kind: ClassVar[int] = 12


class Pingresp(msgspec.Struct, frozen=True):
    """The server's answer to PINGREQ."""

    kind: ClassVar[int] = 13


class Disconnect(msgspec.Struct, frozen=True):
    """The end of the connection; a reason code only in version 5."""

    kind: ClassVar[int] = 14
    code: int = OK
    properties: Properties = ()


Packet = (
    Connect | Connack | Publish | Puback | Subscribe | Suback | Unsubscribe | Unsuback | Pingreq | Pingresp | Disconnect
)
