"""Messages between a hub and its fleet: a byte for the version, then one MessagePack array.

Source: docs/protocols/fleet.md §2
"""

from typing import Literal

import msgspec

VERSION = 1
VERSIONS = (1,)  # that this end reads
LARGEST = 256 * 1024  # bytes of a message

FleetLevel = Literal["catalogue", "energy", "quarter", "minute", "raw", "events"]
CommandState = Literal[
    "accepted", "confirmed", "held", "refused", "timeout", "unreachable", "expired", "not_allowed"
]  # as the hub reports it


class MessageError(ValueError):
    """A message that cannot be read; the text says why."""


class UplinkMessage(msgspec.Struct, frozen=True, array_like=True):
    """What both ends send: an array whose first element is the kind."""


class SentWindow(msgspec.Struct, frozen=True, array_like=True):
    """A window as it stands. ``start``: Unix s; ``number``: rises with each change."""

    start: int
    number: int
    data: bytes


class RefusedWindow(msgspec.Struct, frozen=True, array_like=True):
    """A window whose content the fleet cannot read."""

    start: int
    reason: str


class DaySum(msgspec.Struct, frozen=True, array_like=True):
    """The acknowledged windows of one day (of UTC, days since 1970): how many, and the XOR of their numbers."""

    day: int
    count: int
    numbers: int


class LetOut(msgspec.Struct, frozen=True, array_like=True):
    """What a home lets out. ``levels``: those that any of its devices has."""

    levels: tuple[str, ...] = ()
    names: bool = False
    events: bool = False
    questions: bool = False
    control: bool = False


# --- from the hub


class Windows(UplinkMessage, frozen=True, tag="windows"):
    """Windows of one level."""

    level: str
    windows: tuple[SentWindow, ...]


class HubState(UplinkMessage, frozen=True, tag="state"):
    """What the list of homes shows. ``power_W``: import is positive. Energy of today in mWh.

    None: not known, or not let out. ``alerts``: their kinds. ``behind``: dirty windows. ``at``: Unix s.
    """

    at: float
    version: str
    power_W: float | None = None
    import_mWh: int | None = None
    export_mWh: int | None = None
    solar_mWh: int | None = None
    devices: int = 0
    devices_offline: int = 0
    alerts: tuple[str, ...] = ()
    behind: int = 0


class CommandReport(UplinkMessage, frozen=True, tag="report"):
    """What became of a command. ``at``: Unix s of the hub."""

    id: str
    state: CommandState
    reason: str = ""
    at: float = 0.0


class Reports(UplinkMessage, frozen=True, tag="reports"):
    """Reports that the fleet may not have yet."""

    reports: tuple[CommandReport, ...]


class Hello(UplinkMessage, frozen=True, tag="hello"):
    """At each connection, and each hour. ``sums``: by level.

    ``again_done``: the newest request for everything that is done.
    """

    versions: tuple[int, ...]
    version: str
    let_out: LetOut
    behind: int
    sums: dict[str, tuple[DaySum, ...]]
    again_done: int = 0


class Renew(UplinkMessage, frozen=True, tag="renew"):
    """Ask for another token for this public key."""

    public_key: str


class Reply(UplinkMessage, frozen=True, tag="reply"):
    """An answer to a question. ``status``: of HTTP. ``body``: as ``content_type`` says, in zlib if ``packed``."""

    status: int
    content_type: str
    body: bytes
    packed: bool = False


# --- from the fleet


class Answer(UplinkMessage, frozen=True, tag="answer"):
    """``done``: all windows but the refused ones are committed. ``wait_s``: before the next message.

    ``revoked``: the key of this hub was revoked, or its home deleted: it asks no more.
    """

    done: bool
    refused: tuple[RefusedWindow, ...] = ()
    wait_s: float = 0.0
    revoked: bool = False


class Welcome(UplinkMessage, frozen=True, tag="welcome"):
    """``differing``: days by level whose windows are wanted again.

    ``again_since``: Unix s from which everything is, with the number of that request; None: nothing is.
    ``highest``: the highest number of a window of this hub in the database; the hub's next ones are above.
    """

    spread_s: float
    shard: int
    servers: tuple[str, ...] = ()
    differing: dict[str, tuple[int, ...]] = {}
    again_since: float | None = None
    again_number: int = 0
    highest: int = 0


class HubToken(UplinkMessage, frozen=True, tag="token"):
    """A user JWT, and when it expires (Unix s)."""

    token: str
    expires: float


class FleetCommand(UplinkMessage, frozen=True, tag="command"):
    """``until``: Unix ms after which it is not carried out. ``who``: who asked for it, as text."""

    id: str
    device: str
    point: str
    value: bool | int | float | str
    until: int
    who: str = ""


class Question(UplinkMessage, frozen=True, tag="question"):
    """``role``: of the caller. ``path`` with its query and ``body``: of the hub's API.

    ``look``: path "" and method "LOOK".
    """

    method: str
    path: str
    role: Literal["viewer", "operator", "owner"]
    body: bytes = b""
    content_type: str = ""


AnyMessage = (
    Windows
    | HubState
    | CommandReport
    | Reports
    | Hello
    | Renew
    | Reply
    | Answer
    | Welcome
    | HubToken
    | FleetCommand
    | Question
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyMessage)


def encode_message(message: AnyMessage) -> bytes:
    """The bytes of a message. Raises MessageError where it, or a whole number in it, would be too large."""
    try:
        data = bytes([VERSION]) + _encoder.encode(message)
    except OverflowError:
        raise MessageError("a whole number in it has more than 64 bits") from None
    if len(data) > LARGEST * 4:
        raise MessageError(f"a message of {len(data)} bytes is too large")
    return data


def decode_message(data: bytes) -> AnyMessage:
    """The message in these bytes. Raises MessageError."""
    if not data:
        raise MessageError("it is empty")
    if data[0] not in VERSIONS:
        raise MessageError(f"it has the unknown version {data[0]}")
    try:
        message: AnyMessage = _decoder.decode(memoryview(data)[1:])
        return message
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise MessageError(str(error)) from None
