"""Which dialect a recorded Tuya line has: every frame that only one of them knows is a vote.

    55 AA 03 07 …           version 3: normal              55 AA 00 05 … data points   low_power
    55 AA 00 00 00 00       a heartbeat: normal            55 AA 00 06 00 00           low_power: asks the time
    55 AA 00 0D … 04 "1234" points of a sub-device: gateway
    55 AA 02 00 26 06 …     a sequence number behind the version: zigbee_module

Some frames are *decisive*, whatever else was seen: data points in 05 of version 0 (there are battery devices that
answer heartbeats as well), product information with ``cap`` (a gateway's), a whole frame with a sequence number.
Unlike controller.py, which sends and must decide soon, this evaluates the frames of both ends. Where the MCU has
votes, they count alone: a module may only be trying several dialects.
Sources: docs/protocols/tuya_low_power.md §4; docs/protocols/tuya_gateway.md §1.8;
docs/protocols/tuya_zigbee_module.md §1.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.command import CommandTable
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.low_power import codes as low_codes
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.messages import PRODUCT, Points, Product, Unknown
from unclouded.families.tuya.reading import SENDERS
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame, SequencedFramer

NORMAL, LOW, GATEWAY_LINE, ZIGBEE = "normal", "low_power", "gateway", "zigbee_module"
NAMES = {
    NORMAL: "the ordinary dialect",
    LOW: "the dialect of battery devices",
    GATEWAY_LINE: "the dialect of gateways",
    ZIGBEE: "the dialect of Zigbee modules",
}
TABLES: Mapping[str, CommandTable] = {
    NORMAL: WIFI,
    LOW: LOW_POWER,
    GATEWAY_LINE: GATEWAY,
    ZIGBEE: ZIGBEE_MODULE,
}
ONLY_VERSION_0 = {LOW}  # both ends
LAST_GATEWAY_VERSION = 1  # of all frames but one; docs/protocols/tuya_gateway.md §1.1.1
MEMORY_QUERY = 0x1B  # that one
PLAIN_OVERHEAD = 7  # bytes of a frame without sequence number around its data
CAPABILITIES = "cap"  # of a gateway, in its product information

Voter = Sender | None


class LineFramers:
    """The framers of one side: one for each kind of frame."""

    def __init__(self) -> None:
        self._plain = Framer((WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes), gap=None)
        self._sequenced = SequencedFramer(ZIGBEE_MODULE.shapes)

    def frames(self, data: bytes) -> list[Frame]:
        """Whole frames of both kinds; bytes that are one of either kind show no sequence number."""
        sequenced = self._sequenced.feed(data)
        pieces = [*self._plain.feed(data), *(one for one in sequenced if not _is_plain(one))]
        return [piece for piece in pieces if isinstance(piece, Frame)]


class Votes(msgspec.Struct):
    """For the dialects, by who sent the frames. ``first``: the description of the first frame for each of them."""

    counts: dict[Voter, Counter[str]] = msgspec.field(
        default_factory=lambda: {"device": Counter(), None: Counter(), "controller": Counter()}
    )
    first: dict[tuple[Voter, str], str] = {}

    def add(self, voter: Voter, name: str, description: Callable[[], str]) -> None:
        """One more vote of a sender for a dialect; the description of the first is kept."""
        self.counts[voter][name] += 1
        if (voter, name) not in self.first:
            self.first[voter, name] = description()

    def winner(self, default: str) -> tuple[str, str] | None:
        """The dialect, and what shows it; None = there are no votes. ``default`` wins where the votes are equal."""
        who, cast = next(((who, cast) for who, cast in self.counts.items() if cast), (None, Counter[str]()))
        if not cast:
            return None
        name, votes = max(cast.items(), key=lambda one: (one[1], one[0] == default, one[0]))
        against = cast.total() - votes
        text = f"It is {NAMES[name]}: {self.first[who, name]} ({_frames(votes)} that only it has"
        return name, f"{text}, {against} of {'the other' if len(cast) == 2 else 'others'})." if against else f"{text})."


class DialectDetector:
    """A Detector. ``default``: the dialect of a line on which nothing decides."""

    def __init__(self, default: str = NORMAL) -> None:
        self._default = default
        self._framers: dict[Voter, LineFramers] = {}
        self._decisive = Votes()
        self._votes = Votes()
        self._frames = 0

    def feed(self, sender: Sender | None, data: bytes) -> None:
        framers = self._framers.get(sender)
        if framers is None:
            framers = self._framers[sender] = LineFramers()
        for frame in framers.frames(data):
            self._frames += 1
            self._vote(sender, frame)

    def verdict(self) -> tuple[str, str]:
        found = self._decisive.winner(self._default) or self._votes.winner(self._default)
        if found is not None:
            return found
        why = f"nothing in {_frames(self._frames)} decides which one it is" if self._frames else "no frame was seen"
        return self._default, f"Read as {NAMES[self._default]}: {why}."

    def _vote(self, sender: Sender | None, frame: Frame) -> None:
        senders = (sender,) if sender else SENDERS
        decisive = _decisive(senders, frame)
        fits = {name: found for name in TABLES if (found := _fitting(name, senders, frame))}
        name = decisive or (next(iter(fits)) if len(fits) == 1 else "")
        if not name:
            return
        may_have_sent = fits.get(name) or senders
        voter = may_have_sent[0] if len(may_have_sent) == 1 else None
        (self._decisive if decisive else self._votes).add(voter, name, partial(_description, name, frame))


# --- inside -----------------------------------------------------------------------------------------


def _is_plain(piece: object) -> bool:
    """Whether a frame with a sequence number is one without it as well: the length fits there too."""
    if not isinstance(piece, SequencedFrame):
        return False
    data = bytes(piece)
    return int.from_bytes(data[4:6]) + PLAIN_OVERHEAD == len(data)


def _decisive(senders: Sequence[Sender], frame: Frame) -> str:
    """The dialect that this frame proves, "" = it proves none."""
    if isinstance(frame, SequencedFrame):
        return ZIGBEE if ZIGBEE_MODULE.name_of(frame.command) else ""
    if "device" not in senders:
        return ""
    if frame.command == low_codes.REPORT and not frame.version:
        return LOW if isinstance(LOW_POWER.read("device", frame), Points) else ""
    message = WIFI.read("device", frame) if frame.command == PRODUCT else None
    return GATEWAY_LINE if isinstance(message, Product) and CAPABILITIES in message.fields else ""


def _fitting(name: str, senders: Sequence[Sender], frame: Frame) -> Sequence[Sender]:
    """Which of the senders may have sent this in that dialect."""
    if isinstance(frame, SequencedFrame) is not (name == ZIGBEE):
        return []
    if name in ONLY_VERSION_0 and frame.version:
        return []
    if name == GATEWAY_LINE and frame.version > LAST_GATEWAY_VERSION and frame.command != MEMORY_QUERY:
        return []
    return [one for one in senders if not isinstance(TABLES[name].read(one, frame), Unknown)]


def _description(name: str, frame: Frame) -> str:
    """What was seen: ``a frame 07 of version 3 with 5 bytes is its report``."""
    named = TABLES[name].name_of(frame.command, frame.payload)
    size = f"{len(frame.payload)} byte{'s' if len(frame.payload) != 1 else ''}"
    number = f", sequence number {frame.sequence}," if isinstance(frame, SequencedFrame) else ""
    return f"a frame {frame.command:02x} of version {frame.version}{number} with {size} is its {named}"


def _frames(count: int) -> str:
    return f"{count} frame{'s' if count != 1 else ''}"
