"""MQTT 3.1 and 3.1.1 packets as checks see and send them, also wrong ones.

    TF | RL (1-4) | body        T type, F flags, RL remaining length in base 128, lowest first
    strings: LL LL | UTF-8      PUBLISH: topic | [ID ID if QoS > 0] | payload

Read apart from the broker's own codec, so that a mistake there is found. Source: docs/protocols/meross.md §1.6.
"""

import struct
from collections.abc import Sequence

import msgspec

from unclouded.core.errors import WireError

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
NAMES = {
    CONNECT: "CONNECT",
    CONNACK: "CONNACK",
    PUBLISH: "PUBLISH",
    PUBACK: "PUBACK",
    SUBSCRIBE: "SUBSCRIBE",
    SUBACK: "SUBACK",
    PINGREQ: "PINGREQ",
    PINGRESP: "PINGRESP",
    DISCONNECT: "DISCONNECT",
}
LEVELS = {3: "MQIsdp", 4: "MQTT"}  # protocol level -> name of the protocol
LONGEST = 65_536  # bytes of a packet


class MqttPacket(msgspec.Struct, frozen=True):
    """One packet; ``body`` is what follows its length. Its ``repr`` shows no password."""

    kind: int
    flags: int = 0
    body: bytes = b""

    def __bytes__(self) -> bytes:
        return bytes((self.kind << 4 | self.flags,)) + _length(len(self.body)) + self.body

    def __repr__(self) -> str:
        return f"MqttPacket({NAMES.get(self.kind, self.kind)})"


class ConnectFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a CONNECT."""

    protocol: str
    level: int
    flags: int
    keep_alive: int
    client_id: str
    user: str = ""
    password: str = ""

    @property
    def is_clean(self) -> bool:
        return bool(self.flags & 2)

    @property
    def has_will(self) -> bool:
        return bool(self.flags & 4)

    def __repr__(self) -> str:
        return f"ConnectFields(client_id={self.client_id!r})"


def split(data: bytes) -> tuple[list[MqttPacket], bytes]:
    """The whole packets, and the bytes behind them. Raises WireError."""
    packets = []
    while (found := _head(data)) is not None and len(data) >= sum(found):
        start, size = found
        packets.append(MqttPacket(data[0] >> 4, data[0] & 15, data[start : start + size]))
        data = data[start + size :]
    return packets, data


def _head(data: bytes) -> tuple[int, int] | None:
    """Where the body begins, and its size; None = more bytes are needed."""
    size = 0
    for place, byte in enumerate(data[1:5]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if not 1 <= data[0] >> 4 <= 14 or size > LONGEST:
                raise WireError("no MQTT packet")
            return place + 2, size
    if len(data) >= 5:
        raise WireError("no MQTT packet")
    return None


def _length(size: int) -> bytes:
    found = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        found.append(low | 0x80 if size else low)
        if not size:
            return bytes(found)


def _text(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(2) + data


def _take(data: bytes) -> tuple[str, bytes]:
    """A string at the beginning, and the rest. Raises WireError."""
    size = int.from_bytes(data[:2])
    if len(data) < 2 + size:
        raise WireError("an MQTT packet that ends too early")
    return data[2 : 2 + size].decode("utf-8", "replace"), data[2 + size :]


# --- reading -----------------------------------------------------------------------------------------


def login_in(packet: MqttPacket) -> ConnectFields:
    """Raises WireError."""
    protocol, rest = _take(packet.body)
    if len(rest) < 4:
        raise WireError("an MQTT packet that ends too early")
    level, flags, keep_alive = struct.unpack(">BBH", rest[:4])
    client_id, rest = _take(rest[4:])
    for _ in range(2 if flags & 4 else 0):  # topic and text of the will
        _, rest = _take(rest)
    user, rest = _take(rest) if flags & 0x80 else ("", rest)
    password, _ = _take(rest) if flags & 0x40 else ("", rest)
    return ConnectFields(
        protocol=protocol,
        level=level,
        flags=flags,
        keep_alive=keep_alive,
        client_id=client_id,
        user=user,
        password=password,
    )


def filters_in(packet: MqttPacket) -> tuple[int, list[tuple[str, int]]]:
    """The id of a SUBSCRIBE, and its topics with the QoS of each. Raises WireError."""
    id, rest, found = int.from_bytes(packet.body[:2]), packet.body[2:], []
    while rest:
        topic, rest = _take(rest)
        found.append((topic, rest[0] if rest else 0))
        rest = rest[1:]
    return id, found


def message_in(packet: MqttPacket) -> tuple[str, int, bytes]:
    """Topic, id (0 with QoS 0) and payload of a PUBLISH. Raises WireError."""
    topic, rest = _take(packet.body)
    has_id = bool(packet.flags & 6)
    return topic, int.from_bytes(rest[:2]) if has_id else 0, rest[2:] if has_id else rest


# --- writing -----------------------------------------------------------------------------------------


def connack(code: int = 0) -> MqttPacket:
    """The answer to CONNECT; code 0 accepts the login."""
    return MqttPacket(CONNACK, 0, bytes((0, code)))


def suback(id: int, codes: Sequence[int]) -> MqttPacket:
    """The answer to SUBSCRIBE: the granted QoS of each topic, or 0x80 = refused."""
    return MqttPacket(SUBACK, 0, id.to_bytes(2) + bytes(codes))


def puback(id: int) -> MqttPacket:
    """The acknowledgement of a PUBLISH with QoS 1."""
    return MqttPacket(PUBACK, 0, id.to_bytes(2))


def publish(topic: str, payload: bytes, id: int = 0) -> MqttPacket:
    """QoS 1 where there is an id."""
    return MqttPacket(PUBLISH, 2 if id else 0, _text(topic) + (id.to_bytes(2) if id else b"") + payload)


def subscribe(id: int, *topics: tuple[str, int]) -> MqttPacket:
    """A subscription of topics, each with its QoS."""
    body = b"".join(_text(topic) + bytes((qos,)) for topic, qos in topics)
    return MqttPacket(SUBSCRIBE, 2, id.to_bytes(2) + body)


def connect(client_id: str, user: str, password: str, *, level: int = 3, keep_alive: int = 60) -> MqttPacket:
    """A login with a clean session. ``level``: of the protocol, 3 = MQTT 3.1; ``keep_alive``: seconds."""
    head = _text(LEVELS[level]) + struct.pack(">BBH", level, 0xC2, keep_alive)
    return MqttPacket(CONNECT, 0, head + _text(client_id) + _text(user) + _text(password))
