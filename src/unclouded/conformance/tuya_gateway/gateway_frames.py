"""What frames of a gateway's line are made of, in checks: ids with their length, JSON, joins, and repeated requests.

Source: docs/protocols/tuya_gateway.md §1.2 to §1.6.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import Line, exchange, unit, units_of
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.lenient_json import read_object

GATEWAY_ID = "0000"  # of the gateway itself; docs/protocols/tuya_gateway.md §1.4
UNKNOWN_ID = "unclouded-no-one"  # of no sub-device
UNKNOWN_GROUP = "unclouded-none"
LONG_ID = "f" * 24  # as long as advised; docs/protocols/tuya_gateway.md §1.7.2
LONGEST_ID = "f" * 255
TRIES = 3  # of a request whose answer may be lost
BIT_GROUPS, BIT_OWN_POINTS, BIT_UPDATE, BIT_MEMBERS, BIT_PAIRING = 0, 2, 4, 5, 6  # of ``cap``; §2.1.1

Units = Iterable[tuple[int, int, bytes]]


# --- writing -----------------------------------------------------------------------------------------


def counted(id: str) -> bytes:
    """An id with its length before it."""
    data = id.encode()
    return bytes((len(data),)) + data


def json_of(**members: Any) -> bytes:  # Any: JSON types
    """A strict, compact object."""
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def of_sub_device(id: str, *units: tuple[int, int, bytes]) -> bytes:
    """Payload of 0c and 0d."""
    return counted(id) + b"".join(unit(*one) for one in units)


def add_one(id: str, **others: Any) -> bytes:  # Any: JSON types
    """Payload of 08. A member that is None is left out."""
    usual = {"pk_type": 1, "sub_id": id, "pid": "uncloudedconfsub", "ver": "1.0.0", "channel": 10, "ota": 0}
    return json_of(**{name: one for name, one in {**usual, **others}.items() if one is not None})


def add_many(ids: Sequence[str], product: str = "uncloudedconfsub") -> bytes:
    """The payload of 12: several sub-devices of one product want to join."""
    return json_of(pid=product, cids=list(ids), ver="1.0.0", channel=10, ota=1)


# --- reading -----------------------------------------------------------------------------------------


def split_id(data: bytes) -> tuple[str, bytes]:
    """An id, and what stands behind it. Raises ValueError."""
    if not data or len(data) <= data[0]:
        raise ValueError("an id is longer than its frame")
    return data[1 : data[0] + 1].decode(), data[data[0] + 1 :]


def part_and_points(data: bytes) -> tuple[str, bytes]:
    """The same of a report; nothing where it cannot be read."""
    try:
        return split_id(data)
    except ValueError:
        return "", b""


def record_and_points(data: bytes) -> tuple[str, bytes]:
    """Of a record: kind and time stand before the id."""
    return part_and_points(data[7:])


REPORTS = {codes.REPORT: part_and_points, codes.RECORD: record_and_points}


def points_in(data: bytes) -> tuple[str, Sequence[tuple[int, int, bytes]]]:
    """The sub-device and the data points of a 0c or 0d."""
    id, rest = part_and_points(data)
    return id, units_of(rest)


def members_of(data: bytes) -> Mapping[str, Any]:  # Any: JSON types
    """A JSON object, read leniently. Raises ValueError."""
    return read_object(data)


def members_or_none(data: bytes) -> Mapping[str, Any]:  # Any: as above
    """The same; no members where it cannot be read."""
    try:
        return members_of(data)
    except ValueError:
        return {}


def is_strict_json(data: bytes) -> bool:
    """Whether bytes are a JSON object without the deviations that are read leniently."""
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def ids_in_list(data: bytes) -> list[str]:
    """The ids of a packet of 1c. Raises ValueError where its count does not fit."""
    rest, ids = data[2:], []
    while rest:
        id, rest = split_id(rest)
        ids.append(id)
    if len(ids) != data[1]:
        raise ValueError("the count is not that of the ids")
    return ids


# --- asking --------------------------------------------------------------------------------------------


def ask_thrice(
    line: Line, command: int, payload: bytes = b"", *, sub: int | None = None, seconds: float = 1.0
) -> Script[LineEntry | None]:
    """Send a request, up to three times; its answer. One that is lost now and then is not a failure.

    After a second try a late answer to the first one is waited for, so that it is not taken for that to what follows.
    """
    for number in range(TRIES):
        entry = yield from exchange(line, command, payload, sub=sub, seconds=seconds)
        if entry is not None:
            yield from line.pause(seconds if number else 0.0)
            return entry
    return None
