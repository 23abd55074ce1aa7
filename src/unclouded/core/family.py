"""What the composition root needs to know of one family of devices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from unclouded.core.model import ActionSpec, Value
from unclouded.core.session import Ambient, Refusal, Session, WireValue

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
    values: Sequence[tuple[str, WireValue]] = ()  # of the points in it, by wire key, as Reported would have them


class Decoder(Protocol):
    """Reads one direction of a stream (or both mixed, if sender is unknown) into Pieces, however it is chunked."""

    def feed(self, data: bytes) -> Sequence[Piece]:
        """Pieces that are settled now."""

    def close(self) -> Sequence[Piece]:
        """The rest: the stream has ended, or a gap has passed."""


class Remark(msgspec.Struct, frozen=True):
    """Something in a conversation that people should know of. ``kind``: the same word for the same matter."""

    kind: str
    words: str


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What a Conversation says of one Piece.

    ``piece``: the same bytes, with the sender (and so the meaning) where the conversation found it out.
    ``answers``: the offset of the request that it answers, in the stream of the other side.
    ``after_s``: how long after that request, where both have a time.
    """

    piece: Piece
    answers: int | None = None
    after_s: float | None = None
    remarks: Sequence[Remark] = ()


class Conversation(Protocol):
    """Hears both sides of a line in the order of what was said, and remarks on what is not as it should be.

    ``t``: seconds on any clock that never goes back, when the piece was whole; None = no times are known, and
    nothing is said of them. A remark about silence comes with whatever is heard next, or by ``tick``.
    """

    def hear(self, t: float | None, piece: Piece) -> Comment:
        """The next piece of either side."""

    def tick(self, t: float) -> Sequence[Remark]:
        """It is ``t``, and nothing more was heard: what has not come by now."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One of several ways to speak on a family's line: how it is read."""

    words: str
    decoder: Callable[[Sender | None], Decoder]
    conversation: Callable[[], Conversation]
    tally: Callable[[], "Tally"]
    commands: Sequence["CommandRow"]


class Detector(Protocol):
    """Finds out which dialect is spoken."""

    def feed(self, sender: Sender | None, data: bytes) -> None:
        """Bytes of one side, or of both mixed (None)."""

    def verdict(self) -> tuple[str, str]:
        """The dialect's name, and in words what was seen of it."""


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

    ``subject``: what of the simulated house it measures: "meter" = the whole house, "plug" = one load, "phases" =
    three behind one breaker, "room" = one with a heater.
    ``profile``: turns the world's quantities into wire values. ``faults``: name -> what it does.
    ``make``: a device-role session; a WireCommand submitted to it is what the world measures now,
    its AskWish what the controller wants. ``asks``: name -> what the session can be made to ask the controller,
    by the action "ask" with the argument "what"; its Settled has the answer in words.
    ``settings``: what can be set and is not at its lowest at first, by point key. ``encoders``: the profile's named
    decoders turned round, {suffix of the wire key: count} -> bytes; ``decoders``: those of them that read raw settings.
    ``baud``: where it is not the family's.
    """

    name: str
    words: str
    subject: Literal["meter", "plug", "phases", "room"]
    profile: str
    make: Callable[[SimOptions, Ambient], Session]
    faults: Mapping[str, str] = {}
    asks: Mapping[str, str] = {}
    settings: Mapping[str, Value] = {}
    encoders: Mapping[str, Callable[[Mapping[str, int]], bytes]] = {}
    decoders: Mapping[str, Callable[[bytes], Mapping[str, WireValue]]] = {}
    baud: int = 0


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [session] table of a family that has none."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family: both ends of a protocol, its decoder, its tables.

    ``settings``: a frozen msgspec.Struct type with forbid_unknown_fields, the closed [session] table
    of the family's profiles. ``generic``: the profile of a device whose product nobody knows.
    ``decoders``: named decoders of raw values: bytes -> {suffix of the wire key: value}; they raise WireError.
    ``redact``: the same bytes with secrets blanked, same length, checksum made good.
    ``controller`` None: a protocol that can be decoded, but not yet spoken.
    ``caller``: of devices that call us, who a client of the broker is: (client id, user, password, key) -> its UUID,
    or why it may not come in.
    ``ends``: what people call the controller and the device of this protocol.
    ``tally``: counts long streams by a faster way than ``decoder``, where the family has one.
    ``conversation``: checks who answers what, where the family has that. ``dialects``: where its line has several,
    by name; ``decoder``, ``tally`` and ``conversation`` are the first one's, ``detector`` tells which it is.
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
    ends: tuple[str, str] = ("controller", "device")
    conversation: Callable[[], Conversation] | None = None
    dialects: Mapping[str, Dialect] = {}
    detector: Callable[[], Detector] | None = None
