"""One recording, from its first byte to its last: what `record` tells people while it runs, and at its end.

    Bridge ─► Record (Witness) ─┬─► stderr: how the wires fare
                                └─► Scribe ─► Capture, and with --watch the lines of `decode` on stdout

Everything is printed by a thread of its own: a terminal that is stopped with Ctrl-S must not stop the appliance.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import msgspec

from unclouded.cli.conversation_text import ConversationText
from unclouded.cli.decode import profile_of
from unclouded.cli.display import BackgroundPrinter, until_stopped
from unclouded.core.family import Comment, Conversation, Family, Piece, Remark, Sender
from unclouded.core.link import Link
from unclouded.core.profile import Profile
from unclouded.links import open_link
from unclouded.recording.bridge import Bridge
from unclouded.recording.capture_writer import CaptureWriter, DirectionCount
from unclouded.recording.line_monitor import MonitoredPiece

QUIET = 10.0  # s between two words about bytes that one side does not take

Urls = Mapping[Sender, str]


class PrintedLine(msgspec.Struct, frozen=True):
    """Something to print."""

    text: str
    err: bool = False


class Drops(msgspec.Struct, kw_only=True):
    """Bytes for one side that were not taken. ``spell``: since it was last heard; ``told``: people know of them."""

    bytes: int = 0
    spell: int = 0
    told: bool = False
    quiet_until: float = 0.0


class RecordObserver:
    """The Witness of a Bridge, who tells people and a Scribe. ``watch``: print what is said as well."""

    def __init__(self, family: Family, file: Path, urls: Urls, teller: "DecodedLines", *, watch: bool) -> None:
        self._family = family
        self._file = file
        self._urls = urls
        self._teller = teller
        self._watch = watch
        self._names: dict[Sender, str] = {"controller": family.ends[0], "device": family.ends[1]}
        self._drops: dict[Sender, Drops] = {sender: Drops() for sender in urls}
        self._been_up: set[Sender] = set()
        self._up: set[Sender] = set()

    async def run(self, span: float | None, forward: bool) -> None:
        """Until Ctrl-C or the end of the span. Raises CommandError, ConfigError and LinkRefused."""
        ended = asyncio.Event()
        with BackgroundPrinter(_show, ended) as self._aside:
            links: dict[Sender, Link] = {
                sender: open_link(url, baud=self._family.baud) for sender, url in self._urls.items()
            }
            bridge = Bridge(links, self, forward=forward)
            self._scribe = CaptureWriter(self._file, self._family, self._tell)
            try:
                bridge.start()
                await until_stopped(span, ended)
            finally:
                await bridge.close()
                await self._scribe.close()

    # --- Witness -------------------------------------------------------------------------------

    def heard(self, sender: Sender, data: bytes, path: str = "") -> None:
        self._scribe.heard(sender, data, path)
        if self._drops[sender].told:
            self._say(sender, "is heard again", self._drops[sender])

    def up(self, sender: Sender) -> None:
        again = " again" if sender in self._been_up else ""
        self._been_up.add(sender)
        self._up.add(sender)
        self._say(sender, f"the line is open{again}", self._drops[sender])

    def down(self, sender: Sender, reason: str) -> None:
        self._up.discard(sender)
        self._scribe.paused(sender)
        self._say(sender, f"{reason} Waiting for it.")

    def dropped(self, sender: Sender, size: int) -> None:
        drops = self._drops[sender]
        drops.bytes += size
        drops.spell += size
        now = asyncio.get_running_loop().time()
        if sender in self._up and not drops.told and now >= drops.quiet_until:
            drops.told, drops.quiet_until = True, now + QUIET
            self._say(sender, "takes nothing now; what comes for it is dropped")

    # --- inside --------------------------------------------------------------------------------

    def _tell(self, at: float, said: Sequence[MonitoredPiece]) -> None:
        """In the scribe's thread."""
        lines = list(self._teller.lines(self._scribe.began, at, said))
        if lines and self._watch:
            self._aside.feed(lines)

    def _say(self, sender: Sender, words: str, drops: Drops | None = None) -> None:
        """On stderr: how a side's wire fares; with ``drops``: and what it has missed meanwhile."""
        if drops is not None and drops.spell:
            words += f"; {drops.spell:,} bytes for it were dropped meanwhile"
            drops.spell, drops.told = 0, False
        name = f"{self._names[sender]}: " if len(self._urls) > 1 else ""
        self._aside.feed([PrintedLine(name + words, err=True)])

    # --- afterwards ----------------------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """Whether all that was heard is in the file."""
        return self._scribe.recording and not any(count.missed_bytes for count in self._counts.values())

    @property
    def _counts(self) -> Mapping[Sender, DirectionCount]:
        return {side: self._scribe.counts[side] for side in self._urls}

    def totals(self) -> dict[str, object]:
        """As `record --json` ends."""
        counts = self._counts.values()
        return {
            "file": str(self._file),
            "bytes": sum(count.bytes for count in counts),
            "frames": sum(count.frames for count in counts),
            "noise_bytes": sum(count.noise_bytes for count in counts),
            "remarks": self._teller.remarks,
            "recorded": self.is_whole,
            "sides": {
                side: msgspec.structs.asdict(count) | {"dropped_bytes": self._drops[side].bytes}
                for side, count in self._counts.items()
            },
        }

    def words(self) -> Iterator[str]:
        """The same for people."""
        heard = ", ".join(f"{count.bytes:,} bytes from the {self._names[side]}" for side, count in self._counts.items())
        yield f"{heard}, written to {self._file}"
        yield from self._teller.words()
        for side, count in self._counts.items():
            if dropped := self._drops[side].bytes:
                yield f"{dropped:,} bytes for the {self._names[side]} were dropped: nobody took them."
            if count.missed_bytes:
                yield f"{count.missed_bytes:,} bytes from the {self._names[side]} are not in the file."


class DecodedLines:
    """Puts what is said into the lines that `decode` would print of the capture."""

    def __init__(self, family: Family, profile: Profile | None = None, *, as_json: bool = False) -> None:
        self._family = family
        self._turning = DetectedConversation(family, family.conversation()) if family.conversation is not None else None
        self._commentary = ConversationText(
            family,
            self._turning,
            profile=profile,
            profile_of=lambda product: profile_of(family, product),
            as_json=as_json,
        )

    def lines(self, began: float, at: float, said: Sequence[MonitoredPiece]) -> Iterator[PrintedLine]:
        """``began``: Unix seconds at which the capture began; ``at``: how late it is now."""
        for one in said:
            yield from self._turned(one.dialect)
            for text in self._commentary.lines(round(max(one.at - began, 0.0), 6), one.piece):
                yield PrintedLine(text)
        for text in self._commentary.tick(round(at - began, 6)):
            yield PrintedLine(text)

    @property
    def remarks(self) -> Mapping[str, int]:
        """How many of each kind."""
        return dict(self._commentary.counts.remarks)

    def words(self) -> Iterator[str]:
        """What there was, for the end."""
        yield from self._commentary.counts.words(self._family.ends)

    def _turned(self, dialect: str) -> Iterator[PrintedLine]:
        if self._turning is not None and self._turning.turn(dialect):
            yield PrintedLine(
                f"From here on it is read as {dialect}: {self._family.dialects[dialect].words}.", err=True
            )


class DetectedConversation:
    """The Conversation of a family in whatever dialect is spoken: who first sounded like the one may be the other."""

    def __init__(self, family: Family, first: Conversation) -> None:
        self._family = family
        self._dialect = next(iter(family.dialects), "")
        self._now = first
        self._before: dict[str, Conversation] = {}

    def turn(self, dialect: str) -> bool:
        """Whether it is another one than before."""
        if dialect == self._dialect:
            return False
        self._before[self._dialect] = self._now
        self._dialect = dialect
        self._now = self._before.get(dialect) or self._family.dialects[dialect].conversation()
        return True

    def hear(self, t: float | None, piece: Piece) -> Comment:
        return self._now.hear(t, piece)

    def tick(self, t: float) -> Sequence[Remark]:
        return self._now.tick(t)


def _show(line: PrintedLine) -> None:
    click.echo(line.text, err=line.err)
