"""What the composition root needs to know of one family of devices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from unclouded.model import ActionSpec
from unclouded.session import Ambient, Refusal, Session, WireValue

Sender = Literal["controller", "device"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One frame or one stretch of noise of a byte stream, in words. Pieces add up to the input."""

    offset: int
    data: bytes
    kind: Literal["frame", "noise"]
    reason: str = ""  # why it is noise; or what is odd about a frame
    sender: Sender | None = None  # None = cannot be told
    command: int | str | None = None
    sub: int | None = None
    name: str = ""
    message: Mapping[str, Any] | None = None  # Any: named fields, JSON types, as each message has them

    @property
    def fields(self) -> str:
        """The fields of the message as people read them: ``power=673 on=true``; "" where it has none."""
        return " ".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in (self.message or {}).items())


class Decoder(Protocol):
    """Reads one direction of a stream (or both mixed, if sender is unknown) into Pieces, however it is chunked."""

    def feed(self, data: bytes) -> Sequence[Piece]:
        """Pieces that are settled now."""

    def close(self) -> Sequence[Piece]:
        """The rest: the stream has ended, or a gap has passed."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream held. ``by_command``: frames by the name that their Pieces would have, or their number."""

    frames: int
    noise_bytes: int
    by_reason: Mapping[str, int]  # bytes of noise
    by_command: Mapping[str, int]


class Tally(Protocol):
    """Counts what is in one direction of a long stream: as a Decoder's Pieces would be counted, but fast."""

    def feed(self, data: bytes) -> None:
        """Bytes, however they are chunked."""

    def pause(self) -> None:
        """A gap has passed: what was half received is given up."""

    def totals(self) -> Totals:
        """What it was; the stream has ended."""


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the protocol. ``initiator``: who begins."""

    code: int | str
    sub: int | None = None
    name: str
    initiator: Literal["controller", "device", "both"]
    request: str
    response: str


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulated device shall be."""

    seed: int = 0
    faults: frozenset[str] = frozenset()


class SimKind(msgspec.Struct, frozen=True, kw_only=True):
    """A device that can be simulated.

    ``subject``: what of the simulated house it measures: "meter" = the whole house, "plug" = one load.
    ``profile``: turns the world's quantities into wire values. ``faults``: name -> what it does.
    ``make``: a device-role session; a WireCommand submitted to it is what the world measures now,
    its AskWish what the controller wants.
    """

    name: str
    words: str
    subject: Literal["meter", "plug"]
    profile: str
    make: Callable[[SimOptions, Ambient], Session]
    faults: Mapping[str, str] = {}


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [session] table of a family that has none."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family: both ends of a protocol, its decoder, its tables.

    ``settings``: a frozen msgspec.Struct type with forbid_unknown_fields, the closed [session] table
    of the family's profiles. ``generic``: the profile of a device whose product nobody knows.
    ``decoders``: named decoders of raw values: bytes -> {suffix of the wire key: value}; they raise WireError.
    ``redact``: the same bytes with secrets blanked, same length, checksum made good.
    ``controller`` None: a protocol that can be decoded, but not yet spoken.
    ``caller``: of devices that call us, who a client of the door is: (client id, user, password, key) -> its UUID,
    or why it may not come in.
    ``tally``: counts long streams by a faster way than ``decoder``, where the family has one.
    """

    name: str
    words: str
    settings: type[msgspec.Struct]
    controller: Callable[[Any, Ambient], Session] | None  # Any: an instance of ``settings``
    decoder: Callable[[Sender | None], Decoder]
    commands: Sequence[CommandRow]
    generic: str
    redact: Callable[[Sender | None, bytes], bytes]
    decoders: Mapping[str, Callable[[bytes], Mapping[str, WireValue]]] = {}
    actions: Sequence[ActionSpec] = ()
    sim_kinds: Mapping[str, SimKind] = {}
    baud: int = 115200
    caller: Callable[[str, str, str, str], str | Refusal] | None = None
    tally: Callable[[], Tally] | None = None
    capture_as: Literal["hex", "text"] = "hex"
