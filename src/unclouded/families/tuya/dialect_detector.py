"""Which dialect a recorded Tuya line has: every frame that only one of them knows is a vote.

    55 AA 03 07 …       version 3: normal              55 AA 00 05 … data points       low_power
    55 AA 00 00 00 00   a heartbeat: normal            55 AA 00 06 00 00               low_power: asks the time

Unlike controller.py, which sends and must decide soon, this evaluates the frames of both ends. Where the MCU has
votes, they count alone: a module may only be trying both dialects.
Source: docs/protocols/tuya_low_power.md §4.
"""

from collections import Counter

from unclouded.core.family import Sender
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.messages import Unknown
from unclouded.families.tuya.reading import SENDERS
from unclouded.families.tuya.wifi.commands import WIFI

NORMAL, LOW = "normal", "low_power"
NAMES = {NORMAL: "the ordinary dialect", LOW: "the dialect of battery devices"}


class DialectDetector:
    """A Detector."""

    def __init__(self) -> None:
        self._framers: dict[Sender | None, Framer] = {}
        self._votes: dict[Sender | None, Counter[str]] = {"device": Counter(), None: Counter(), "controller": Counter()}
        self._first: dict[tuple[Sender | None, str], str] = {}
        self._frames = 0

    def feed(self, sender: Sender | None, data: bytes) -> None:
        framer = self._framers.get(sender)
        if framer is None:
            framer = self._framers[sender] = Framer((WIFI.shapes, LOW_POWER.shapes), gap=None)
        for piece in framer.feed(data):
            if isinstance(piece, Frame):
                self._frames += 1
                self._vote(sender, piece)

    def verdict(self) -> tuple[str, str]:
        who, cast = next(((who, cast) for who, cast in self._votes.items() if cast), (None, Counter[str]()))
        if not cast:
            why = f"nothing in {_frames(self._frames)} decides which one it is" if self._frames else "no frame was seen"
            return NORMAL, f"Read as {NAMES[NORMAL]}: {why}."
        name, votes = max(cast.items(), key=lambda one: (one[1], one[0]))
        against = cast.total() - votes
        text = f"It is {NAMES[name]}: {self._first[who, name]} ({_frames(votes)} that only it has"
        return name, f"{text}, {against} of the other)." if against else f"{text})."

    def _vote(self, sender: Sender | None, frame: Frame) -> None:
        senders = (sender,) if sender else SENDERS
        fits = {
            NORMAL: [one for one in senders if not isinstance(WIFI.read(one, frame), Unknown)],
            LOW: [one for one in senders if not (frame.version or isinstance(LOW_POWER.read(one, frame), Unknown))],
        }
        if bool(fits[NORMAL]) == bool(fits[LOW]):
            return
        name = NORMAL if fits[NORMAL] else LOW
        voter = fits[name][0] if len(fits[name]) == 1 else None
        self._votes[voter][name] += 1
        self._first.setdefault((voter, name), _description(name, frame))


def _description(name: str, frame: Frame) -> str:
    """What was seen: ``07 report with version 3``."""
    named = (WIFI if name == NORMAL else LOW_POWER).name_of(frame.command, frame.payload)
    size = f"{len(frame.payload)} byte{'s' if len(frame.payload) != 1 else ''}"
    return f"a frame {frame.command:02x} of version {frame.version} with {size} is its {named}"


def _frames(count: int) -> str:
    return f"{count} frame{'s' if count != 1 else ''}"
