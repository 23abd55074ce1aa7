"""A session: the sans-IO state machine of one end of one conversation. Here are its interface and its types.

    up(path) ──► submit / receive / failed / answer / tick ──► down(path)
                     │ events out                  │ outgoing() drained by the driver

    session    one end of the conversation with one device: the controller (we), or the device (a simulated one)
    path       a connection that the link offers: one for a serial line; "http" and "broker" for a plug
    command    what is to be done at the other end: values to set (WireCommand), or an action of the family
    ticket     the number of a submitted command; exactly one Settled ends it
    event      what a session finds out: a state, a report, a settled ticket, a question …
    question   what the other end asks the hub (time, network status, a block of an update file); answered by ``answer``
    part       a sub-device behind the device; "" is the device itself

Time comes in as ``now`` (monotonic seconds). A session never waits, never reads a clock, and ``receive`` never raises,
whatever the bytes. The laws are in ``tests/session_laws.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, Protocol

import msgspec

from unclouded.core.model import Result, ScheduleRule

WireValue = bool | int | float | Fraction | str | bytes
NumberType = Literal["value", "enum", "bitmap"]
Ticket = int


class LinkPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path to the other end, as its link describes it. The defaults are a byte stream's."""

    name: str = ""
    push: bool = True  # the other end may send without being asked
    answers: bool = False  # each datagram of ours gets its own answer or failure; the link owns the time-out
    asks: bool = False  # each datagram of theirs waits for one answer of ours
    window: int = 0  # unanswered datagrams at once; 0 = no limit
    limit: int = 0  # longest datagram in bytes; 0 = no limit
    recorded: bool = False  # a capture is replayed: nothing that is sent arrives, and secrets are blanked
    facts: tuple[tuple[str, str], ...] = ()  # what the link knows of the connection: its TLS, for example


class Out(msgspec.Struct, frozen=True):
    """Bytes for the link. ``id`` 0: no answer or failure is expected. ``re``: the id of what this answers.

    ``topic``: where to publish it, on a link that publishes; "" = the link's own topic.
    """

    data: bytes
    id: int = 0
    path: str = ""
    re: int = 0
    topic: str = ""


class Failure(Enum):
    """Why a datagram got no answer."""

    REFUSED = "refused"
    CLOSED = "closed"
    TIMEOUT = "timed out"
    GARBLED = "garbled"
    GONE = "gone"
    FULL = "full"


class Ambient(msgspec.Struct, frozen=True):
    """What a session gets from outside besides ``now``; fixed in tests."""

    wall: Callable[[float], float]  # Unix seconds at a given now
    token: Callable[[int], bytes]  # that many random bytes
    memory: Mapping[str, bytes] = {}  # of its Remember events, over restarts


# --- commands -------------------------------------------------------------------------------------


class WireCommand(msgspec.Struct, frozen=True):
    """Values to set, by wire key. ``types``: the wire type of a key where the profile names one.

    In the device role: what the simulated world measures now.
    """

    values: Mapping[str, WireValue]
    part: str = ""
    types: Mapping[str, str] = {}


class WireAction(msgspec.Struct, frozen=True):
    """An action of the family, by name."""

    name: str
    args: Mapping[str, str] = {}
    part: str = ""


SessionCommand = WireCommand | WireAction

# --- questions: what a device (or, in the device role, the controller) asks the hub -----------------


class AskTime(msgspec.Struct, frozen=True):
    """The time, local or GMT. Answer: LocalTime."""

    local: bool = True


class AskNetwork(msgspec.Struct, frozen=True):
    """The network status. Answer: a Network member's value."""


class AskSignal(msgspec.Struct, frozen=True):
    """The Wi-Fi signal. Answer: int, dBm."""


class AskMemory(msgspec.Struct, frozen=True):
    """Free memory. Answer: int, bytes."""


class AskWeather(msgspec.Struct, frozen=True):
    """Weather values by Tuya's names. Answer: name -> value."""

    names: tuple[str, ...] = ()


class AskClock(msgspec.Struct, frozen=True):
    """The time for a plug that keeps its own clock and zone. Answer: LocalTime, with the changes of ten years."""


class AskPlace(msgspec.Struct, frozen=True):
    """Where the home is. Answer: ``latitude`` and ``longitude`` in degrees."""


class AskBind(msgspec.Struct, frozen=True):
    """Whether this device may be bound to the hub. Answer: True or a Refusal."""

    info: Mapping[str, str] = {}


class AskStored(msgspec.Struct, frozen=True):
    """Whether everything reported so far is stored and outlives the hub. Answered, by any value, once it is.

    A hub whose disk is full or does not respond keeps it in memory and answers after 5 s at the latest.
    """


class AskFile(msgspec.Struct, frozen=True):
    """The facts of an update file of the hub. Answer: size (bytes) and md5 (hex)."""

    name: str


class AskBlock(msgspec.Struct, frozen=True):
    """A block of an update file. Answer: bytes (shorter at the end of the file)."""

    offset: int
    size: int
    file: str = ""


class AskDownload(msgspec.Struct, frozen=True):
    """Where the device at the address ``peer`` can fetch an update file of the hub, and how far it is with that.

    Answer: url, md5 (hex), size (bytes), sent (bytes of the newest download), whole (complete downloads).
    """

    name: str
    peer: str


class AskCommand(msgspec.Struct, frozen=True):
    """Device role: a command from the controller. Answer: True or a Refusal."""

    key: str
    value: WireValue


class AskServer(msgspec.Struct, frozen=True):
    """Device role: connect to this server, or (``connect`` False) to none. Answer: True or a Refusal.

    ``host`` "": the server that the link was made for. ``key``, ``user_id``: what the login is derived from; secret.
    ``uuid``, ``mac``: the identity in it; "" = that which the link was made for. The link's ``up`` and ``down`` show
    what comes of it.
    """

    connect: bool
    host: str = ""
    port: int = 0
    user_id: str = "0"
    key: str = ""
    uuid: str = ""
    mac: str = ""

    def __repr__(self) -> str:
        return f"AskServer(connect={self.connect}, host={self.host!r}, port={self.port})"


Service = (
    AskTime | AskNetwork | AskSignal | AskMemory | AskWeather | AskClock | AskPlace | AskFile | AskBlock | AskDownload
    | AskStored
)  # fmt: skip
Question = Service | AskBind | AskCommand | AskServer


class LocalTime(msgspec.Struct, frozen=True):
    """Unix seconds and the offset of local time. ``trusted`` False: the host has no real clock yet.

    ``changes``: (from which Unix seconds, the offset from then on) of the past year and of what comes; the first one
    also counts before its time. ``zone``: the name of the time zone (Europe/Berlin), "" where it is not known.
    """

    unix: float
    offset_s: int = 0
    trusted: bool = True
    changes: tuple[tuple[float, int], ...] = ()
    zone: str = ""


class Network(Enum):
    """Network status as Tuya modules report it (docs/protocols/tuya_wifi.md §2.4.6)."""

    PAIRING_EZ = 0
    PAIRING_AP = 1
    NO_ROUTER = 2
    ROUTER = 3
    CLOUD = 4
    LOW_POWER = 5
    PAIRING_BOTH = 6


class Refusal(msgspec.Struct, frozen=True):
    """An answer that says no, and why."""

    reason: str


Answer = LocalTime | bool | int | bytes | Mapping[str, WireValue]

# --- events ---------------------------------------------------------------------------------------


class Online(msgspec.Struct, frozen=True):
    """The other end has answered and is usable."""

    part: str = ""


class Offline(msgspec.Struct, frozen=True):
    """The other end no longer answers, and why. ``asleep``: that is normal, and it will wake."""

    reason: str
    part: str = ""
    asleep: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """Why the conversation cannot go on; once for each cause. ``since``: monotonic seconds."""

    reason: str
    since: float
    part: str = ""


class Identified(msgspec.Struct, frozen=True):
    """What a part reports about itself: identity, product, version, model … as text, no secrets.

    ``lacks``: wire keys of its profile that it turned out not to have; their points are dropped.
    """

    info: Mapping[str, str]
    part: str = ""
    lacks: frozenset[str] = frozenset()


class Scheduled(msgspec.Struct, frozen=True):
    """The schedule that a part keeps: all of its rules."""

    rules: tuple[ScheduleRule, ...]
    part: str = ""


class Joined(msgspec.Struct, frozen=True):
    """A sub-device is there. ``sleeps``: it is mostly asleep, and commands are held for it."""

    part: str
    info: Mapping[str, str] = {}
    sleeps: bool = False


class Left(msgspec.Struct, frozen=True):
    """A sub-device has left for good."""

    part: str


class ReportedDay(msgspec.Struct, frozen=True, gc=False):
    """The day of the device that the value of a dated counter belongs to.

    ``date``: as the device names it, ISO 8601. ``start``: when it began, Unix seconds. ``since``: when the counter was
    read before in this connection, so that what it rose by was used since; 0 = it was not.
    """

    date: str
    start: float
    since: float = 0.0


class Reported(msgspec.Struct, frozen=True, gc=False):
    """Values by wire key. ``at``: the device's own time (Unix seconds) where it gave one.

    ``odd``: wire keys whose value is readable but not as the protocol demands, with the reason.
    ``types``: wire keys whose number is an ``enum`` or a ``bitmap`` on the wire, where the protocol distinguishes them.
    ``repeated``: an answer to a query for everything: an increment in it may have been reported before.
    ``day``: that of the dated counters among the values.
    """

    values: Mapping[str, WireValue]
    part: str = ""
    at: float | None = None
    odd: Mapping[str, str] = {}
    types: Mapping[str, NumberType] = {}
    repeated: bool = False
    day: ReportedDay | None = None


class Advanced(msgspec.Struct, frozen=True):
    """The progress of a long action."""

    ticket: Ticket
    done: int
    total: int
    words: str = ""


class Settled(msgspec.Struct, frozen=True):
    """The outcome of the command with this ticket; exactly one for each.

    ``answer``: what the device answered to an action that asks it something, as JSON values, without secrets.
    """

    ticket: Ticket
    result: Result = "confirmed"
    reason: str = ""
    answer: Mapping[str, Any] = {}  # Any: JSON values


class Asked(msgspec.Struct, frozen=True):
    """A question from the other end; call ``answer(id, …)`` once."""

    id: int
    question: Question
    part: str = ""


class Remember(msgspec.Struct, frozen=True):
    """Keep this over restarts: it comes back in Ambient.memory. Empty value = forget."""

    key: str
    value: bytes


class Noticed(msgspec.Struct, frozen=True):
    """What a person should know of a device that is online, and what to do about it; once for each cause.

    ``kind``: of the notice, one word.
    """

    kind: str
    reason: str
    part: str = ""


class Logged(msgspec.Struct, frozen=True):
    """A line that the device printed by itself: of its log, or of its start. It is not kept.

    ``level``: info, warning or error, "" where it has none; ``source``: the part of its software, "" where not known.
    ``text``: without secrets.
    """

    text: str
    level: str = ""
    source: str = ""
    part: str = ""


class Rejected(msgspec.Struct, frozen=True):
    """Bytes that are not a valid message, and why. ``data`` may be shortened for the log."""

    reason: str
    data: bytes = b""


class Replaced(msgspec.Struct, frozen=True):
    """From here on ``session`` is driven instead of this one; its paths are up as they were. Always the last event.

    Its tickets and question ids go on where its predecessor's end (one ``Ids`` serves both), so whoever drives a
    session only has to keep the new one; see ``session_parts.succeed``.
    """

    session: "Session"


Event = (
    Online
    | Offline
    | Waiting
    | Identified
    | Scheduled
    | Joined
    | Left
    | Reported
    | Advanced
    | Settled
    | Asked
    | Remember
    | Noticed
    | Logged
    | Rejected
    | Replaced
)


class Session(Protocol):
    """One end of one conversation. ``[]`` and ``()`` are both fine as "no events"."""

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        """The path can be used; again for the same path = a new connection."""

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        """The path is gone. With the last one every ticket settles and the device goes Offline."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        """Bytes from the other end. Never raises."""

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """The datagram with this id gets no answer."""

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """Begin a command; its Settled comes from a later call (``deadline()`` may become ``now``).

        Raises CommandError for an invalid one. Never waits for a path: without one it settles unreachable.
        """

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The answer to an Asked; a second or late one is ignored."""

    def tick(self, now: float) -> Sequence[Event]:
        """Run what is due. Afterwards ``deadline()`` is None or later than ``now``."""

    def deadline(self) -> float | None:
        """When ``tick`` is to be called next."""

    def outgoing(self, now: float) -> list[Out]:
        """What to send, in order; drained by the call."""

    def stats(self) -> Mapping[str, float]:
        """Counters and gauges of the wire: frames_in, frames_out, noise_bytes, noise_REASON, round_trip_ms …"""
