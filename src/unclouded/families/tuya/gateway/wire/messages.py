"""What the frames of a gateway's line carry: data points with the id of their sub-device, or JSON.

    0d   length | sub_id | unit unit …              22   length | gid | length | sub_id | unit unit …
    2c   kind, time 6 | length | sub_id | unit …    14   length | gid | unit unit …

Ids are ASCII; the gateway itself is "0000". Source: docs/protocols/tuya_gateway.md §1.3, §1.4, §2.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.tuya.gateway.wire.lenient_json import read_object
from unclouded.families.tuya.line.command import Reader
from unclouded.families.tuya.line.datapoint import DataPoint, read_points, write_points
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.shapes import ID


class GatewayPoints(msgspec.Struct, frozen=True):
    """Data points of a sub-device, of a group, or of one of its members. ``head``: what stands before the ids."""

    command: int
    ids: tuple[bytes, ...]
    points: tuple[DataPoint, ...]
    head: bytes = b""

    def payload(self) -> bytes:
        return self.head + b"".join(bytes((len(id),)) + id for id in self.ids) + write_points(self.points)


class GatewayJson(msgspec.Struct, frozen=True):
    """A JSON object. ``head``: the sub-command, and a result where one stands before the object.

    ``fields``: read leniently; ``odd``: what is irregular in the text, "" = nothing.
    """

    command: int
    data: bytes
    fields: Mapping[str, Any]  # Any: JSON values as the other end wrote them
    head: bytes = b""
    odd: str = ""

    def payload(self) -> bytes:
        return self.head + self.data


def points_reader(before: tuple[int, ...]) -> Reader:
    """Of data points behind the parts that a Shape names."""

    def read(frame: Frame) -> GatewayPoints | None:
        payload, ids, head, at = frame.payload, [], b"", 0
        for part in before:
            if part == ID:
                ids.append(payload[at + 1 : at + 1 + payload[at]])
                at += 1 + payload[at]
            else:
                head += payload[at : at + part]
                at += part
        return GatewayPoints(frame.command, tuple(ids), read_points(payload[at:]), head)

    return read


def json_reader(head: int = 0, *, result: bool = False, texts: frozenset[str] = frozenset()) -> Reader:
    """Of a JSON object behind so many bytes, the last of them a ``result``. ``texts``: see ``read_object``."""

    def read(frame: Frame) -> GatewayJson | None:
        data = frame.payload[head:]
        try:
            found = read_object(data, texts)
        except WireError:
            return None
        fields = {"result": frame.payload[head - 1], **found} if result else found
        return GatewayJson(frame.command, data, fields, frame.payload[:head], found.odd)

    return read
