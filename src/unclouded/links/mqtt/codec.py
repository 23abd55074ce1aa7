"""The MQTT codec for clients and servers: 3.1 ("MQIsdp", level 3), 3.1.1 (level 4) and 5 (level 5); QoS 0 and 1.

    TF | RL (1-4) | body        T type, F flags, RL remaining length in base 128, lowest first
    strings: LL LL | UTF-8      a PUBLISH: 3F | RL | topic | [ID ID if QoS > 0] | [5: properties] | payload

Pure: no I/O. ``Parser`` turns received bytes into packets; ``encode`` makes bytes.
Properties of version 5 are kept where a packet has a field for them, and skipped elsewhere. Client ids may be longer
than the 23 characters of 3.1: those of real plugs are. Retained messages, wills and QoS 2 are decoded; handling them
is up to the caller. Sources: MQTT 3.1, 3.1.1 and 5.0 specifications; docs/protocols/meross.md §1.6.3 for the
behaviour of plugs.
"""

from collections.abc import Callable, Mapping, Sequence

from unclouded.core.errors import WireError
from unclouded.links.mqtt.packets import (
    OK,
    RETAIN_AS_PUBLISHED,
    V5,
    V31,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Property,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

PACKET_LIMIT = 65_536  # bytes of a packet's body; the longest messages of plugs have a few thousand
MAX_REMAINING_LENGTH = 268_435_455  # the largest value of the four-byte length field
MAX_STRING = 65_535

# Properties of version 5: id -> encoding of the value.
_KINDS: Mapping[int, str] = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), "u8"),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), "u16"),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), "u32"),
    **dict.fromkeys((0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F), "text"),
    **dict.fromkeys((0x09, 0x16), "blob"),
    0x0B: "length",
    0x26: "pair",
}

# --- bytes to packets ------------------------------------------------------------------------------


class Parser:
    """Splits a stream into packets. ``version`` is that of the CONNECT; a client sets it at the start.

        parser.feed(data)
        while (packet := parser.next()) is not None: ...

    Buffers what was fed and not yet returned: after such a loop, at most one packet of ``limit`` bytes.
    ``skips``: a PUBLISH that is longer is returned without its payload and properties, which are skipped.
    """

    __slots__ = ("_at", "_held", "_skipped", "limit", "skips", "version")

    def __init__(self, version: int = V311, limit: int = PACKET_LIMIT, *, skips: bool = False) -> None:
        self.version = version
        self.limit = limit
        self.skips = skips
        self._held = b""
        self._at = 0  # offset of the next packet
        self._skipped = 0  # bytes before the next packet that are still to be skipped

    def feed(self, data: bytes) -> None:
        """Bytes as they arrived; read the packets afterwards."""
        self._held = self._held[self._at :] + data
        self._at = 0

    @property
    def held(self) -> int:
        """Bytes of an incomplete packet."""
        return len(self._held) - self._at

    def next(self) -> Packet | None:
        """The next packet; None while it is incomplete. Raises WireError; the stream is then unusable."""
        if self._skipped:
            count = min(self._skipped, self.held)
            self._at += count
            self._skipped -= count
        held, at = self._held, self._at
        start, length = _remaining_length(held, at + 1)
        if length > self.limit:
            return self._too_long(start, length)
        end = start + length
        if not start or len(held) < end:
            return None
        self._at = end
        packet = decode(held[at], held[start:end], self.version)
        if type(packet) is Connect:
            self.version = packet.version
        return packet

    def _too_long(self, start: int, length: int) -> Packet | None:
        """The beginning of a PUBLISH; None while that is incomplete."""
        first, head = self._held[self._at], self._held[start : start + 4 + MAX_STRING]
        if not self.skips or first >> 4 != Publish.kind:
            raise WireError(f"a packet of {length} bytes; the limit is {self.limit}")
        size = 2 + int.from_bytes(head[:2], "big") + (2 if first & 0x06 else 0)
        if size > length:
            raise WireError("a packet that ends too early")
        if len(head) < max(size, 2):
            return None
        packet = _publish(_FieldReader(head[:size], first & 0x0F, V311))
        self._at = start + size
        self._skipped = length - size
        return packet


def _remaining_length(data: bytes, at: int) -> tuple[int, int]:
    """The end and the value of the length field at ``at``; (0, 0) while it is incomplete."""
    length = 0
    for place, byte in enumerate(data[at : at + 4]):
        length |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return at + place + 1, length
    if len(data) >= at + 4:
        raise WireError("a length of more than four bytes")
    return 0, 0


def decode(first: int, body: bytes, version: int = V311) -> Packet:
    """One packet from its first byte and its body. Raises WireError."""
    kind, flags = first >> 4, first & 0x0F
    if kind not in _DECODERS:
        reason = "QoS 2 is not supported" if kind in (5, 6, 7) else "not supported"
        raise WireError(f"a packet of type {kind}: {reason}")
    return _DECODERS[kind](_FieldReader(body, flags, version))


class _FieldReader:
    """Reads the fields of a body in order. Each method raises WireError where the body is too short."""

    __slots__ = ("at", "data", "flags", "version")

    def __init__(self, data: bytes, flags: int = 0, version: int = V311) -> None:
        self.data = data
        self.at = 0
        self.flags = flags
        self.version = version

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise WireError("a packet that ends too early")
        data = self.data[self.at : end]
        self.at = end
        return data

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    @property
    def empty(self) -> bool:
        return self.at >= len(self.data)

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def id(self) -> int:
        if not (id := self.number(2)):
            raise WireError("the packet id 0")
        return id

    def length(self) -> int:
        end, value = _remaining_length(self.data, self.at)
        if not end:
            raise WireError("a packet that ends too early")
        self.at = end
        return value

    def blob(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.blob().decode()
        except UnicodeDecodeError:
            raise WireError("a string that is not UTF-8") from None
        if "\0" in text:
            raise WireError("a string with a zero character")
        return text

    def codes(self) -> tuple[int, ...]:
        return tuple(self.rest())

    def properties(self) -> Properties:
        if self.version < V5:
            return ()
        size = self.length()
        inner = _FieldReader(self.take(size))
        found: list[Property] = []
        while not inner.empty:
            found.append(_property(inner))
        return tuple(found)


def _property(reader: _FieldReader) -> Property:
    id = reader.length()
    match _KINDS.get(id):
        case "u8":
            return id, reader.number(1)
        case "u16":
            return id, reader.number(2)
        case "u32":
            return id, reader.number(4)
        case "length":
            return id, reader.length()
        case "text":
            return id, reader.text().encode()
        case "blob":
            return id, reader.blob()
        case "pair":
            return id, (reader.text().encode(), reader.text().encode())
    raise WireError(f"the unknown property {id:#04x}")


def _connect(reader: _FieldReader) -> Packet:
    name, version = reader.text(), reader.number(1)
    if (name, version) not in (("MQIsdp", V31), ("MQTT", V311), ("MQTT", V5)):
        raise WireError(f"a CONNECT of protocol {name[:16]!r} level {version}, which is not MQTT 3.1, 3.1.1 or 5")
    flags, keep_alive = reader.number(1), reader.number(2)
    if flags & 1 and version > V31:
        raise WireError("a CONNECT with its reserved flag set")
    reader.version = version
    properties = reader.properties()
    client_id = reader.text()
    will = _will(flags, reader) if flags & 0x04 else None
    # MQTT 3.1 allows the strings to be missing although their flags are set.
    may_be_missing = version == V31
    user = reader.text() if flags & 0x80 and not (may_be_missing and reader.empty) else None
    password = reader.blob() if flags & 0x40 and not (may_be_missing and reader.empty) else None
    return Connect(
        client_id=client_id,
        user=user,
        password=password,
        keep_alive=keep_alive,
        clean=bool(flags & 0x02),
        version=version,
        will=will,
        properties=properties,
    )


def _will(flags: int, reader: _FieldReader) -> Will:
    reader.properties()
    return Will(_topic(reader.text()), reader.blob(), _qos(flags >> 3 & 3), bool(flags & 0x20))


def _connack(reader: _FieldReader) -> Packet:
    present, code = reader.number(1), reader.number(1)
    return Connack(code, bool(present & 1), () if reader.empty else reader.properties())


def _publish(reader: _FieldReader) -> Packet:
    qos = _qos(reader.flags >> 1 & 3)
    topic = _topic(reader.text())
    id = reader.id() if qos else 0
    properties = reader.properties()
    return Publish(topic, reader.rest(), qos, id, bool(reader.flags & 1), bool(reader.flags & 8), properties)


def _puback(reader: _FieldReader) -> Packet:
    id = reader.id()
    return Puback(id, OK if reader.empty else reader.number(1))


def _subscribe(reader: _FieldReader) -> Packet:
    id = reader.id()
    reader.properties()
    filters, as_published = [], False
    while not reader.empty:
        topic, options = reader.text(), reader.number(1)
        filters.append((topic, _qos(options & 3)))
        as_published = bool(options & RETAIN_AS_PUBLISHED)
    if not filters:
        raise WireError("a SUBSCRIBE without topics")
    return Subscribe(id, tuple(filters), as_published)


def _suback(reader: _FieldReader) -> Packet:
    id = reader.id()
    reader.properties()
    return Suback(id, reader.codes())


def _unsubscribe(reader: _FieldReader) -> Packet:
    id = reader.id()
    reader.properties()
    filters = []
    while not reader.empty:
        filters.append(reader.text())
    if not filters:
        raise WireError("an UNSUBSCRIBE without topics")
    return Unsubscribe(id, tuple(filters))


def _unsuback(reader: _FieldReader) -> Packet:
    id = reader.id()
    reader.properties()
    return Unsuback(id, reader.codes())


def _disconnect(reader: _FieldReader) -> Packet:
    if reader.empty:
        return Disconnect()
    return Disconnect(reader.number(1), () if reader.empty else reader.properties())


def _qos(value: int) -> int:
    if value > 2:
        raise WireError("QoS 3")
    return value


def _topic(text: str) -> str:
    if not text or "#" in text or "+" in text:
        raise WireError("a message whose topic is empty or has a wildcard")
    return text


_DECODERS: Mapping[int, Callable[[_FieldReader], Packet]] = {
    Connect.kind: _connect,
    Connack.kind: _connack,
    Publish.kind: _publish,
    Puback.kind: _puback,
    Subscribe.kind: _subscribe,
    Suback.kind: _suback,
    Unsubscribe.kind: _unsubscribe,
    Unsuback.kind: _unsuback,
    Pingreq.kind: lambda reader: Pingreq(),
    Pingresp.kind: lambda reader: Pingresp(),
    Disconnect.kind: _disconnect,
}

# --- packets to bytes ------------------------------------------------------------------------------


def encode(packet: Packet, version: int = V311) -> bytes:
    """Encode the packet for a peer of that version. Raises WireError where a field is too long."""
    match packet:
        case Publish():
            flags = packet.dup << 3 | packet.qos << 1 | packet.retain
            id = packet.id.to_bytes(2, "big") if packet.qos else b""
            return _framed(
                3, flags, _text(packet.topic) + id + _with_length(packet.properties, version) + packet.payload
            )
        case Connect():
            return _framed(1, 0, _connect_body(packet))
        case Connack():
            body = bytes((packet.session_present, packet.code))
            return _framed(2, 0, body + _with_length(packet.properties, version))
        case Puback():
            code = bytes((packet.code,)) if packet.code and version >= V5 else b""
            return _framed(4, 0, packet.id.to_bytes(2, "big") + code)
        case Subscribe():
            option = RETAIN_AS_PUBLISHED if packet.as_published and version >= V5 else 0
            filters = b"".join(_text(topic) + bytes((qos | option,)) for topic, qos in packet.filters)
            return _framed(8, 2, packet.id.to_bytes(2, "big") + _with_length((), version) + filters)
        case Unsubscribe():
            body = b"".join(map(_text, packet.filters))
            return _framed(10, 2, packet.id.to_bytes(2, "big") + _with_length((), version) + body)
        case Suback():
            return _framed(9, 0, packet.id.to_bytes(2, "big") + _with_length((), version) + bytes(packet.codes))
        case Unsuback():
            codes = bytes(packet.codes) if version >= V5 else b""
            return _framed(11, 0, packet.id.to_bytes(2, "big") + _with_length((), version) + codes)
        case Disconnect():
            why = bytes((packet.code,)) + _with_length(packet.properties, version) if version >= V5 else b""
            return _framed(14, 0, why)
    return _framed(packet.kind, 0, b"")


def _connect_body(packet: Connect) -> bytes:
    will = packet.will
    flags = packet.clean << 1 | (packet.user is not None) << 7 | (packet.password is not None) << 6
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
    name = "MQIsdp" if packet.version == V31 else "MQTT"
    parts = [_text(name), bytes((packet.version, flags)), packet.keep_alive.to_bytes(2, "big")]
    parts += [_with_length(packet.properties, packet.version), _text(packet.client_id)]
    if will is not None:
        parts += [_with_length((), packet.version), _text(will.topic), _blob(will.payload)]
    if packet.user is not None:
        parts.append(_text(packet.user))
    if packet.password is not None:
        parts.append(_blob(packet.password))
    return b"".join(parts)


def _framed(kind: int, flags: int, body: bytes) -> bytes:
    return bytes((kind << 4 | flags,)) + _length(len(body)) + body


def _length(value: int) -> bytes:
    if value > MAX_REMAINING_LENGTH:
        raise WireError(f"{value} bytes are too many for a packet")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _blob(data: bytes) -> bytes:
    if len(data) > MAX_STRING:
        raise WireError(f"a string of {len(data)} bytes; the limit is {MAX_STRING}")
    return len(data).to_bytes(2, "big") + data


def _text(text: str) -> bytes:
    return _blob(text.encode())


def _with_length(properties: Sequence[Property], version: int) -> bytes:
    """Properties, preceded by their length; empty before version 5."""
    if version < V5:
        return b""
    body = b"".join(_length(id) + _value(_KINDS[id], value) for id, value in properties)
    return _length(len(body)) + body


def _value(kind: str, value: int | bytes | tuple[bytes, bytes]) -> bytes:
    match value:
        case int():
            return _length(value) if kind == "length" else value.to_bytes(int(kind[1:]) // 8, "big")
        case bytes():
            return _blob(value)
        case (name, text):
            return _blob(name) + _blob(text)
