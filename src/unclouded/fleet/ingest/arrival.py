"""A message as it comes in at the fleet, before anything is known of it. Pure.

Source: docs/protocols/fleet.md §1, §2
"""

from collections.abc import Callable

import msgspec

from unclouded.fleet.keys.roles import is_hub_id, is_own_inbox
from unclouded.uplink.messages import (
    LARGEST,
    VERSIONS,
    Answer,
    AnyMessage,
    MessageError,
    RefusedWindow,
    decode_message,
)

Publish = Callable[[str, bytes], bool]  # to a subject; whether it was given to the network

UNREADABLE_S = 3600.0  # a hub waits so long with a message that cannot be taken apart: a newer fleet may read it
MOST_REASON = 200  # characters


class Arrival(msgspec.Struct, frozen=True):
    """A message of a hub that waits to be stored. ``inbox``: where the answer goes; "" = none is wanted, or allowed.

    ``at``: when it came (s of the loop's clock).
    """

    hub: str
    message: AnyMessage
    inbox: str
    at: float


def hub_of(subject: str) -> str:
    """The hub in ``up.SHARD.HUB`` and ``hello.HUB``: NATS lets it publish only where its own id stands. "": of none."""
    hub = subject.rpartition(".")[2]
    return hub if is_hub_id(hub) else ""


def inbox_of(hub: str, reply: str) -> str:
    """Where to answer: only to the hub itself, whatever it names."""
    return reply if is_own_inbox(hub, reply) else ""


def read(data: bytes) -> AnyMessage | Answer:
    """The message; where it cannot be read, the answer that refuses it."""
    if len(data) > LARGEST:
        return refusal(data, f"it has {len(data)} bytes, more than {LARGEST}")
    try:
        return decode_message(data)
    except MessageError as error:
        return refusal(data, str(error))


def refusal(data: bytes, reason: str) -> Answer:
    """Refuse each window of a message that cannot be read as a whole, so that none of them is sent for ever.

    Where it cannot even be seen which windows these are, nothing is done: the hub keeps them.
    """
    starts = _starts(data)
    if not starts:
        return Answer(False, wait_s=UNREADABLE_S)
    return Answer(True, tuple(RefusedWindow(start, reason[:MOST_REASON]) for start in starts))


def _starts(data: bytes) -> list[int]:
    """The starts of all windows in it; nothing where one of them cannot be read."""
    if data[:1] == b"" or data[0] not in VERSIONS:
        return []
    try:
        match msgspec.msgpack.decode(memoryview(data)[1:]):
            case ["windows", _, [*windows], *_]:
                return [one[0] for one in windows] if all(map(_has_start, windows)) else []
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass
    return []


def _has_start(window: object) -> bool:
    return isinstance(window, list) and bool(window) and type(window[0]) is int
