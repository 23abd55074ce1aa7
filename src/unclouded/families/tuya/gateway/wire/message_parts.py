"""What the messages of a gateway's line are made of: JSON, results, sub-commands, and what is out of range.

    result byte          0 is success in most commands, 1 in some: ``ok`` says which it was
    JSON                 strict and compact when written, read leniently
    out of range         a frame that can be read and says what its command does not allow: shown, never acted upon

Source: docs/protocols/tuya_gateway.md §1.5, §1.6.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, TypeVar

import msgspec

from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.lenient_json import read_object
from unclouded.families.tuya.line.command import Message, Reader
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Bare

GATEWAY_ID = "0000"  # of the gateway itself, where a sub-device could stand
RESERVED_IDS = frozenset({GATEWAY_ID, "0000.0000"})  # never a sub-device's; docs/protocols/tuya_gateway.md §1.4
LONGEST_ID = 255  # bytes

Text = Annotated[str, msgspec.Meta(min_length=1)]
Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){2}$")]
Flag = Annotated[int, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
PointId = Annotated[int, msgspec.Meta(ge=1, le=255)]

NOT_ON_THE_WIRE = frozenset({"command", "sub", "as_text"})  # fields of JSON messages that are not members

# Which result byte is success, and which failure; docs/protocols/tuya_gateway.md §1.6.3.
ZERO_IS_OK, ONE_OR_TWO = (0, 1), (1, 2)
RESULTS: Mapping[tuple[int, int | None], tuple[int, int]] = {
    (codes.ADD, None): ZERO_IS_OK,
    (codes.ADD_MANY, None): ZERO_IS_OK,
    (codes.LOCAL_DELETE, None): ZERO_IS_OK,
    (codes.LOCAL_PERMIT, None): ZERO_IS_OK,
    (codes.PAIRING, None): ZERO_IS_OK,
    (codes.ONLINE, None): ZERO_IS_OK,
    (codes.RECORD, None): ZERO_IS_OK,
    (codes.GROUP_CHANGED, None): ZERO_IS_OK,
    (codes.INFRARED_SEND, codes.INFRARED_CODE): ONE_OR_TWO,
    (codes.INFRARED_STOP, None): ONE_OR_TWO,
    (codes.SERVICES, codes.WEATHER_NOW): ZERO_IS_OK,
    (codes.SECURITY, codes.ARM): ZERO_IS_OK,
    (codes.ALARM, codes.LOCAL_ALARM): ZERO_IS_OK,
}


class OutOfRange(msgspec.Struct, frozen=True):
    """A frame that can be read, and what in it its command does not allow.

    ``sub``: the sub-command, where the command has some. ``message``: what it would be; None = its JSON only.
    """

    command: int
    data: bytes
    reason: str
    sub: int | None = None
    message: Message | None = None

    def payload(self) -> bytes:
        return self.data

    def __repr__(self) -> str:  # the data may hold keys
        return f"OutOfRange(command={self.command}, sub={self.sub}, reason={self.reason!r})"


class BareSub(msgspec.Struct, frozen=True):
    """A request or acknowledgement of a sub-command and nothing else."""

    command: int
    sub: int

    def payload(self) -> bytes:
        return bytes((self.sub,))


class GatewayResult(msgspec.Struct, frozen=True):
    """The result of a command, as the byte on the line; see ``result_of``."""

    command: int
    result: int
    sub: int | None = None

    @property
    def ok(self) -> bool:
        return self.result == RESULTS[self.command, self.sub][0]

    def payload(self) -> bytes:
        return bytes((self.result,)) if self.sub is None else bytes((self.sub, self.result))


def result_of(command: int, ok: bool, sub: int | None = None) -> GatewayResult:
    """Success or failure of this command."""
    success, failure = RESULTS[command, sub]
    return GatewayResult(command, success if ok else failure, sub)


class JsonMessage(msgspec.Struct, frozen=True):
    """A JSON object on the line: strict, compact, members in the order of the fields; None is left out."""

    def payload(self) -> bytes:
        """What stands before the object, and the object as compact JSON in UTF-8."""
        return self.before() + msgspec.json.encode(self.members())

    def before(self) -> bytes:
        """The bytes before the object: the sub-command, where there is one."""
        sub: int | None = getattr(self, "sub", None)
        return b"" if sub is None else bytes((sub,))

    def members(self) -> Mapping[str, Any]:  # Any: JSON types
        """The members as they are sent, by their names on the wire."""
        fields = msgspec.structs.asdict(self)
        return {name: one for name, one in fields.items() if one is not None and name not in NOT_ON_THE_WIRE}

    def problem(self) -> str:
        """What its members do not allow together, "" = nothing."""
        return ""


class SecretJson(JsonMessage, frozen=True):
    """One whose members are never shown."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class CheckedMessage(Message, Protocol):
    """A message that knows what its fields do not allow together."""

    def problem(self) -> str:
        """What is wrong with its fields, as text; "" where nothing is."""


M = TypeVar("M", bound=Message)
J = TypeVar("J", bound=CheckedMessage)

# --- reading ----------------------------------------------------------------------------------------


def must(fits: bool) -> None:
    """Raises ValueError: the payload has another form."""
    if not fits:
        raise ValueError("the payload has another form")


def read_bare_request(frame: Frame) -> Bare:
    must(not frame.payload)
    return Bare(frame.command)


def bare_sub_reader(sub: int) -> Reader:
    """Of a sub-command alone."""

    def read(frame: Frame) -> BareSub:
        must(frame.payload == bytes((sub,)))
        return BareSub(frame.command, sub)

    return read


def result_reader(sub: int | None = None) -> Reader:
    """Of one result byte."""

    def read(frame: Frame) -> GatewayResult:
        head = b"" if sub is None else bytes((sub,))
        must(len(frame.payload) == len(head) + 1 and frame.payload.startswith(head))
        return GatewayResult(frame.command, frame.payload[-1], sub)

    return read


def in_range(read: Callable[[Frame], M], problem: Callable[[M], str], sub: int | None = None) -> Reader:
    """A reader of messages that are OutOfRange where ``problem`` names a reason."""

    def reader(frame: Frame) -> Message:
        message = read(frame)
        reason = problem(message)
        return OutOfRange(frame.command, frame.payload, reason, sub, message) if reason else message

    return reader


def byte_problem(name: str, highest: int) -> Callable[[Any], str]:
    """For ``in_range``: the field is at most so much."""

    def problem(message: Any) -> str:
        value: int = getattr(message, name)
        return "" if value <= highest else f"{name} is 0 to {highest}, not {value}"

    return problem


def json_reader(kind: type[J], sub: int | None = None, texts: frozenset[str] = frozenset()) -> Reader:
    """Of a JSON object, behind the sub-command where there is one. ``texts``: see ``read_object``."""

    def read(frame: Frame) -> Message:
        must(sub is None or frame.payload[0] == sub)
        members = read_object(frame.payload[0 if sub is None else 1 :], texts)
        return json_message(kind, frame, members, sub)

    return read


def json_message(kind: type[J], frame: Frame, members: Mapping[str, Any], sub: int | None = None) -> J | OutOfRange:
    """The message of these members, or that they are out of range."""
    given = {name: value for name, value in members.items() if name not in NOT_ON_THE_WIRE}
    try:
        message = msgspec.convert({**given, "command": frame.command, "sub": sub}, kind)
    except msgspec.ValidationError as error:
        return OutOfRange(frame.command, frame.payload, _reason(str(error)), sub)
    reason = message.problem()
    return OutOfRange(frame.command, frame.payload, reason, sub) if reason else message


def id_problem(id: str) -> str:
    """What is wrong with the id of a sub-device, "" = nothing."""
    if id in RESERVED_IDS:
        return f"{id} is the gateway itself"
    size = len(id.encode())
    return "" if size <= LONGEST_ID else f"an id has at most {LONGEST_ID} bytes, not {size}"


def counted(text: str) -> bytes:
    """A text with its length in bytes before it. Raises ValueError where it is longer than 255."""
    data = text.encode()
    return bytes((len(data),)) + data


def counted_part(data: bytes, at: int) -> tuple[bytes, int]:
    """What stands behind its length, and where the next part begins."""
    end = at + 1 + data[at]
    must(end <= len(data))
    return data[at + 1 : end], end


def counted_text(data: bytes, at: int) -> tuple[str, int]:
    """The text behind a byte of length at ``at``, and where it ends. Raises UnicodeDecodeError where it is no UTF-8."""
    raw, end = counted_part(data, at)
    return raw.decode(), end


def counted_texts(data: bytes) -> tuple[str, ...]:
    """Texts with their lengths, one behind the other, and nothing else."""
    texts, at = [], 0
    while at < len(data):
        text, at = counted_text(data, at)
        texts.append(text)
    return tuple(texts)


# --- inside -----------------------------------------------------------------------------------------


def _reason(error: str) -> str:
    """msgspec's text without its path: ``mode: expected `int` <= 2``."""
    text, _, path = error.partition(" - at `$.")
    return f"{path.rstrip('`')}: {text[0].lower()}{text[1:]}" if path else f"{text[0].lower()}{text[1:]}"
