"""What a protocol family offers to the rest: sessions of both ends, a stream decoder, its tables, a redactor.

Only ``app`` reads these; it hands the factories on, so that the hub and the links know no family.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.frame_part import FramePart
from unclouded.core.model import ActionSpec, Value
from unclouded.core.sessions.session import Ambient, Answer, Question, Refusal, Session, WireValue

if TYPE_CHECKING:
    from unclouded.core.profile import Profile

MASKED = "··"  # what is shown in place of a secret: nothing that could have been on the wire
MEANS = "means"  # the field of a message that says what numbers in other fields mean: {"status": "cloud"}

Sender = Literal["controller", "device"]
Layout = Callable[["Piece"], Sequence[FramePart]]
Initiator = Literal["controller", "device", "both"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One frame or one stretch of noise of a byte stream, with its meaning. Pieces add up to the input."""

    offset: int
    data: bytes
    kind: Literal["frame", "noise", "cut"]  # cut: the beginning of a frame whose end the input has lost
    reason: str = ""  # why it is noise; or what is odd about a frame
    sender: Sender | None = None  # None = not decidable
    command: int | str | None = None
    sub: int | None = None
    name: str = ""
    message: Mapping[str, Any] | None = None  # Any: named fields, JSON types, as each message has them
    values: Sequence[tuple[str, WireValue]] = ()  # of the points in it, by wire key, as Reported would have them
    part: str = ""  # the sub-device that the values belong to
    products: Mapping[str, str] = {}  # that the frame names, by part; "" = the device itself

    @property
    def code(self) -> str:
        """Its command without a name, as text."""
        return f"command {self.command:02x}" if isinstance(self.command, int) else str(self.command)


def checked_sender(sender: Sender | None) -> Sender | None:
    """The same. Raises CommandError where it is no side of a line."""
    if sender not in (None, "controller", "device"):
        raise CommandError(f"A sender is 'controller' or 'device', not {sender!r}.")
    return sender


def fed_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """What a decoder was fed, which its Pieces keep. Raises CommandError where it is not bytes."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise CommandError(f'A decoder takes bytes, as bytes.fromhex("55 AA") makes them, not {type(data).__name__}.')
    return bytes(data)


class Decoder(Protocol):
    """Reads one direction of a stream (or both mixed, if sender is unknown) into Pieces, however it is chunked."""

    def feed(self, data: bytes) -> Sequence[Piece]:
        """Pieces that are settled now. Raises CommandError where it is not given bytes."""

    def close(self) -> Sequence[Piece]:
        """The rest: the stream has ended, or there was a gap after which no frame goes on."""


class Remark(msgspec.Struct, frozen=True):
    """Something irregular in a conversation. ``kind``: the same word for the same irregularity."""

    kind: str
    words: str


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What a Conversation finds out about one Piece.

    ``piece``: the same bytes, with the sender (and so the meaning) where the conversation shows it.
    ``answers``: the offset of the request that it answers, in the stream of the other side.
    ``after_s``: how long after that request, where both have a time.
    """

    piece: Piece
    answers: int | None = None
    after_s: float | None = None
    remarks: Sequence[Remark] = ()


class Conversation(Protocol):
    """Follows both sides of a line in their order, matches answers to requests and remarks on what is irregular.

    ``t``: seconds on any clock that never goes back, when the piece was complete; None = no times are known, and
    no remark is about them. A remark about silence comes with the next piece, or by ``tick``.
    """

    def receive(self, t: float | None, piece: Piece) -> Comment:
        """The next piece of either side."""

    def tick(self, t: float) -> Sequence[Remark]:
        """It is ``t``, and no more pieces came: remarks about what is overdue."""


class Redaction(Protocol):
    """What is secret in the bytes of a protocol; see Family."""

    @property
    def redact(self) -> Callable[[Sender | None, bytes], bytes]:
        """Bytes of a sender (None: unknown) with secrets blanked: same length, checksum made good."""

    @property
    def hidden(self) -> Callable[[Sender | None, bytes, bytes], bytes] | None:
        """Which bytes are not to be shown, one byte for each; None: those that ``redact`` blanks."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One of the dialects of a family that has several, and how it is read. What has no comment is as in Family.

    ``spoken_by``: the family whose sessions speak it; "" = it is only read.
    """

    words: str
    decoder: Callable[[Sender | None], Decoder]
    commands: Sequence["CommandRow"]
    redact: Callable[[Sender | None, bytes], bytes]
    spoken_by: str = ""
    hidden: Callable[[Sender | None, bytes, bytes], bytes] | None = None
    conversation: Callable[[], Conversation] | None = None
    tally: Callable[[], "Tally"] | None = None
    layout: Layout | None = None


class Detector(Protocol):
    """Finds out which dialect is spoken on a line."""

    def feed(self, sender: Sender | None, data: bytes) -> None:
        """Bytes of one side, or of both mixed (None)."""

    def verdict(self) -> tuple[str, str]:
        """The dialect's name, and as text what shows it."""


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
        """There was a gap: an incomplete frame is noise."""

    def totals(self) -> Totals:
        """The totals; the stream has ended."""


class StreamReport(Protocol):
    """What a whole stream shows, apart from its Pieces."""

    def feed(self, data: bytes) -> None:
        """The bytes of the next Piece."""

    def fields(self) -> Mapping[str, Any]:
        """The report as JSON values, by section, without secrets; {} = nothing to report. The stream has ended."""


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the protocol, for people. ``initiator``: who starts it.

    ``answer``: the code that answers it, None = nothing does. ``timeout_s``: how long the answer may take, None where
    no source says so. ``since``: the revision of the protocol that names it first, "" = not known. ``section``: where
    it is described: ``docs/protocols/tuya_wifi.md §2.4.9``.
    """

    code: int | str
    sub: int | None = None
    name: str
    initiator: Initiator
    request: str
    response: str
    answer: int | str | None = None
    timeout_s: float | None = None
    since: str = ""
    section: str = ""


def section_of(page: str, number: str) -> str:
    """Where a command is described: ``docs/protocols/tuya_wifi.md §2.4.9``."""
    return f"{page} \N{SECTION SIGN}{number}"


class UnlistedValues(msgspec.Struct, frozen=True):
    """Values of a wire key that no profile lists, oldest first: (seconds, value). ``type``: how they are encoded."""

    wire: str
    type: str
    values: Sequence[tuple[float, Any]]  # Any: a WireValue that is not a fraction


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to simulate a device: the seed of its chance, its faults, its dialect ("" = the usual one)."""

    seed: int = 0
    faults: frozenset[str] = frozenset()
    dialect: str = ""


SimSubject = Literal["meter", "plug", "phases", "room", "gateway", "air", "motion", "lock", "siren", "product"]


class PlayedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product that a kind can play: the id that it reports, its title and the name of its profile.

    ``increments``: wire keys of counters that report what was added. ``directions``: wire keys that are the direction
    of a magnitude, and sent again with it. ``settings``: where its settings begin, by wire key.
    """

    id: str
    title: str
    profile: str
    increments: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    settings: Mapping[str, Value] = {}


class SimPart(msgspec.Struct, frozen=True, kw_only=True):
    """A sub-device of a simulated device: its id, its profile, what it measures, and of which load, if of one."""

    id: str
    profile: str
    subject: SimSubject
    load: str = ""
    settings: Mapping[str, Value] = {}


class SimKind(msgspec.Struct, frozen=True, kw_only=True):
    """A device that can be simulated.

    ``subject``: what it measures in the simulated home: "meter" = all of it, "plug" = one load, "phases" = three
    phases behind one breaker, "room" = a room with a heater, "gateway" = nothing itself, but its ``parts`` do.
    ``profile``: turns the world's quantities into wire values. ``faults``: name -> its effect. ``dialects``: name ->
    what that generation of the device is like, the usual one first; empty where there is only one.
    ``make``: a device-role session; a WireCommand submitted to it is what the world measures now, its AskCommand a
    command from the controller. ``asks``: name -> a question that the session can put to the controller, by the action
    "ask" with the argument "what"; its Settled has the answer as text.
    ``settings``: initial values of points that can be set, where they are not the lowest, by point key. ``encoders``:
    the inverse of the profile's named decoders, {suffix of the wire key: count} -> bytes; ``decoders``: those of them
    that read raw settings. ``baud``: where it is not the family's. ``plays``: makes the kind that is these products,
    one or more, or has them as sub-devices; "product" as a ``subject`` is one of them.
    """

    name: str
    words: str
    subject: SimSubject
    profile: str
    make: Callable[[SimOptions, Ambient], Session]
    faults: Mapping[str, str] = {}
    dialects: Mapping[str, str] = {}
    asks: Mapping[str, str] = {}
    settings: Mapping[str, Value] = {}
    encoders: Mapping[str, Callable[[Mapping[str, int]], bytes]] = {}
    decoders: Mapping[str, Callable[[bytes], Mapping[str, WireValue]]] = {}
    baud: int = 0
    parts: Sequence[SimPart] = ()
    plays: "Callable[[Sequence[PlayedProduct]], SimKind] | None" = None


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A family: both ends of a protocol, its decoder, its tables.

    ``settings``: a frozen msgspec.Struct type with forbid_unknown_fields, the closed [session] table
    of the family's profiles. ``generic``: the profile of a device whose product is unknown; ``generic_part``: that of
    a sub-device, where it is another one. ``actions``, ``part_actions``: what a device and a sub-device can be asked
    to do; a profile may list those of its product.
    ``decoders``: named decoders of raw values: bytes -> {suffix of the wire key: value}; they raise WireError.
    ``redact``: the same bytes with secrets blanked, same length, checksum made good. ``hidden``: which bytes are not to
    be shown, one byte for each, of a frame or of noise with the noise before it; without it what ``redact`` blanks.
    ``controller`` None: a protocol that can be decoded, but not yet spoken.
    ``baud``, ``parity``: of its UART, where the link names none.
    ``caller``: of devices that connect to the broker, the identity of a client: (client id, user, password, key) -> its
    UUID, or why it is not accepted.
    ``unadmitted``: the answers to a client that is not admitted yet: (message, UUID, key, Unix seconds, what answers
    questions) -> messages. Nothing else about such a client is read.
    ``plaintext``: of a family that may encrypt datagrams: (UUID, key) -> what turns one into its plaintext, for
    recordings and for the frames that are shown; what it cannot decrypt stays as it is.
    ``ends``: the usual names of the controller and the device of this protocol.
    ``report``: what a decoded stream shows as a whole. ``identity_of``: the family under whose name the identities of
    its devices stand, where both reach the same ones; "" = its own.
    ``tally``: counts long streams faster than ``decoder``, where the family has one.
    ``conversation``: matches answers to requests, where the family has that. ``dialects``: where it has several, by
    name; ``decoder``, ``tally``, ``conversation`` and ``layout`` are those of the first one, ``detector`` finds out
    which it is. ``layout``: the parts of a frame, or of noise that may be a damaged one; they cover each of its bytes
    once. Its secrets are blanked before. ``guess``: by wire key, what values that no profile lists may be and why, from
    the values, the keys that are listed, and all profiles.
    """

    name: str
    words: str
    settings: type[msgspec.Struct]
    controller: Callable[[Any, Ambient], Session] | None  # Any: an instance of ``settings``
    decoder: Callable[[Sender | None], Decoder]
    commands: Sequence[CommandRow]
    generic: str
    generic_part: str = ""
    redact: Callable[[Sender | None, bytes], bytes]
    hidden: Callable[[Sender | None, bytes, bytes], bytes] | None = None
    decoders: Mapping[str, Callable[[bytes], Mapping[str, WireValue]]] = {}
    actions: Sequence[ActionSpec] = ()
    part_actions: Sequence[ActionSpec] = ()
    sim_kinds: Mapping[str, SimKind] = {}
    baud: int = 115200
    parity: str = "none"
    caller: Callable[[str, str, str, str], str | Refusal] | None = None
    unadmitted: Callable[[bytes, str, str, float, Callable[[Question], Answer | Refusal]], Sequence[bytes]] | None = (
        None
    )
    plaintext: Callable[[str, str], Callable[[bytes], bytes]] | None = None
    tally: Callable[[], Tally] | None = None
    capture_as: Literal["hex", "text"] = "hex"
    ends: tuple[str, str] = ("controller", "device")
    conversation: Callable[[], Conversation] | None = None
    dialects: Mapping[str, Dialect] = {}
    detector: Callable[[], Detector] | None = None
    report: Callable[[], StreamReport] | None = None
    identity_of: str = ""
    layout: Layout | None = None
    guess: Callable[[Sequence[UnlistedValues], frozenset[str], Sequence["Profile"]], Mapping[str, str]] | None = None

    def read_as(self, dialect: str) -> "Family | Dialect":
        """How bytes in that dialect are read; "" or an unknown name: as those of the first one."""
        return self.dialects.get(dialect, self)
