"""What crosses the wire of a plug, as checks see it: messages in HTTP bodies or in MQTT, and what is around them.

Source: docs/protocols/meross.md §1.1, §1.4, §1.6.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from unclouded.conformance.line import LineEntry, Wanted
from unclouded.conformance.meross.wire.http_text import HttpTextMessage, read_messages
from unclouded.conformance.meross.wire.mqtt_packets import NAMES, PUBLISH, MqttPacket, message_in, split
from unclouded.core.errors import WireError
from unclouded.families.meross.wire.envelope import Envelope, EnvelopeHeader, parse

Fields = Mapping[str, Any]  # Any: JSON values
Piece = tuple[bytes, Any, str]  # Any: a MerossFrame, or None


class MerossFrame(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """One unit of the wire. ``envelope``: the message in it; None = none, and ``why``.

    ``body``: as it was, decrypted. ``http``: the reply or request around it. ``packet``, ``topic``: the MQTT packet.
    ``is_encrypted``: the body was.
    """

    envelope: Envelope | None = None
    why: str = ""
    body: bytes = b""
    http: HttpTextMessage | None = None
    packet: MqttPacket | None = None
    topic: str = ""
    is_encrypted: bool = False

    @property
    def header(self) -> EnvelopeHeader:
        """Raises LookupError where there is no message."""
        if self.envelope is None:
            raise LookupError("no message")
        return self.envelope.header

    @cached_property
    def whole(self) -> Fields:
        """The message as JSON. Raises ValueError where it is none."""
        found = msgspec.json.decode(self.body.strip(b" \t\r\n\0"))
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
        return found

    @cached_property
    def payload(self) -> Fields:
        """Raises ValueError where it is not a JSON object."""
        found = self.whole["payload"]
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
        return found

    def is_from(self, namespace: str) -> bool:
        """Whether it holds a message of this namespace, with any method."""
        return self.envelope is not None and self.envelope.header.namespace == namespace


def message_frame(body: bytes, **more: Any) -> MerossFrame:  # Any: fields of a MerossFrame
    """A body as a frame."""
    try:
        return MerossFrame(envelope=parse(body), body=body, **more)
    except WireError as error:
        return MerossFrame(why=str(error), body=body, **more)


class MerossReader:
    """The FrameReader of both wires. ``is_stream``: MQTT, else each piece is HTTP, whole.

    ``opened``: a body decrypted, and whether it was encrypted.
    """

    def __init__(self) -> None:
        self.is_stream = False
        self.opened: Callable[[bytes], tuple[bytes, bool]] = lambda body: (body, False)
        self._held = b""

    def begin(self, is_stream: bool) -> None:
        """A new connection."""
        self.is_stream, self._held = is_stream, b""

    def feed(self, data: bytes, now: float) -> Sequence[Piece]:
        return self._packets(data) if self.is_stream else self._messages(data)

    def tick(self, now: float) -> Sequence[Piece]:
        return ()

    def deadline(self) -> float | None:
        return None

    def _messages(self, data: bytes) -> list[Piece]:
        found = read_messages(data)
        if not found:
            return [(data, None, "no HTTP")]
        pieces: list[Piece] = []
        for http in found:
            body, is_encrypted = self.opened(http.body)
            pieces.append((body, message_frame(body, http=http, is_encrypted=is_encrypted), ""))
        return pieces

    def _packets(self, data: bytes) -> list[Piece]:
        try:
            packets, self._held = split(self._held + data)
            return [packet_piece(packet) for packet in packets]
        except WireError as error:
            self._held = b""
            return [(data, None, str(error))]


def packet_piece(packet: MqttPacket) -> Piece:
    """A packet for the log: of a PUBLISH its payload, of a CONNECT no password. Raises WireError."""
    if packet.kind != PUBLISH:
        return b"", MerossFrame(packet=packet), NAMES.get(packet.kind, f"packet {packet.kind}")
    topic, _, payload = message_in(packet)
    return payload, message_frame(payload, packet=packet, topic=topic), ""


# --- what is waited for --------------------------------------------------------------------------------


def is_packet(kind: int) -> Wanted:
    """An MQTT packet of this type."""
    return lambda entry: entry.frame is not None and entry.frame.packet is not None and entry.frame.packet.kind == kind


def is_message(namespace: str, *methods: str) -> Wanted:
    """A message of this namespace, by one of these methods where some are named."""

    def wanted(entry: LineEntry) -> bool:
        frame = entry.frame
        return frame is not None and frame.is_from(namespace) and (not methods or frame.header.method in methods)

    return wanted


def messages(entries: Sequence[LineEntry], namespace: str = "", *methods: str) -> list[MerossFrame]:
    """The messages among the entries, of this namespace and by these methods where some are named."""
    found = [one.frame for one in entries if one.frame is not None and one.frame.envelope is not None]
    return [
        frame
        for frame in found
        if (not namespace or frame.is_from(namespace)) and (not methods or frame.header.method in methods)
    ]


def is_gone(entry: LineEntry) -> bool:
    """Whether an entry is the end of a connection."""
    return entry.connection == "gone"
