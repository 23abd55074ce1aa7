"""Recording a line: one wire, two taps, or a bridge between two ends, from the first byte to the last.

Bridge ─► Recorder (observer) ─┬─► ``report``: state of the wires, as text
                               └─► CaptureWriter ─► capture, and decoded entries to ``show``
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from unclouded import families
from unclouded.app.decoding.live_reader import LiveEntry, LiveReader
from unclouded.app.protocols import profile_named
from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.link import Link
from unclouded.links import check_url, open_link
from unclouded.links.url import parse
from unclouded.recording.bridge import Bridge
from unclouded.recording.capture_writer import CaptureWriter, DirectionCount
from unclouded.recording.line_monitor import MonitoredPiece

QUIET_S = 10.0  # s between two reports about bytes that one side does not accept
SWITCH_S = 0.0002  # s that the writing threads may run while a byte waits to be forwarded; Python's default is 5 ms
LINES = ("serial", "tcp", "rfc2217", "pty", "listen")  # links that carry a line of bytes, as a bridge can join them

Urls = Mapping[Sender, str]


class Drops(msgspec.Struct, kw_only=True):
    """Bytes that one side did not accept. ``spell``: since it last accepted any; ``reported``: to the user."""

    bytes: int = 0
    spell: int = 0
    reported: bool = False
    quiet_until: float = 0.0


class RecordedSide(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of one side. ``missed_bytes``: not in the file; ``dropped_bytes``: not accepted by this side."""

    bytes: int
    frames: int
    noise_bytes: int
    missed_bytes: int
    dropped_bytes: int


class LineRecorder:
    """Records a line to ``file``. ``profile``: a name or a TOML file.

    ``report``: takes one sentence about a wire, in the loop. ``show``: takes decoded entries, in the writer's thread.
    Raises CommandError and ConfigError.
    """

    def __init__(
        self,
        family: str,
        file: Path,
        urls: Urls,
        profile: str | None = None,
        *,
        report: Callable[[str], None],
        show: Callable[[Sequence[LiveEntry]], None],
    ) -> None:
        self.family: Family = families.family(family)
        self.file = file
        self.names: Mapping[Sender, str] = {"controller": self.family.ends[0], "device": self.family.ends[1]}
        self.reader = LiveReader(self.family, profile_named(self.family, profile) if profile else None)
        self._urls = urls
        self._report = report
        self._show = show
        self._drops: dict[Sender, Drops] = {sender: Drops() for sender in urls}
        self._been_up: set[Sender] = set()
        self._up: set[Sender] = set()

    async def run(self, stopped: Callable[[], Awaitable[None]], *, forward: bool) -> None:
        """Until ``stopped()`` returns. ``forward``: join the two ends.

        Raises CommandError, ConfigError and LinkRefused.
        """
        links: dict[Sender, Link] = {
            sender: open_link(url, baud=self.family.baud, parity=self.family.parity)
            for sender, url in self._urls.items()
        }
        bridge = Bridge(links, self, forward=forward)
        self._writer = CaptureWriter(self.file, self.family, self._decode)
        with _quick_thread_switches():
            try:
                bridge.start()
                await stopped()
            finally:
                await bridge.close()
                await self._writer.close()

    # --- BridgeObserver ------------------------------------------------------------------------

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        self._writer.received(sender, data, path)
        if self._drops[sender].reported:
            self._report_side(sender, "is received again", self._drops[sender])

    def up(self, sender: Sender) -> None:
        again = " again" if sender in self._been_up else ""
        self._been_up.add(sender)
        self._up.add(sender)
        self._report_side(sender, f"the line is open{again}", self._drops[sender])

    def down(self, sender: Sender, reason: str) -> None:
        self._up.discard(sender)
        self._writer.paused(sender)
        self._report_side(sender, f"{reason} Waiting for it.")

    def dropped(self, sender: Sender, size: int) -> None:
        drops = self._drops[sender]
        drops.bytes += size
        drops.spell += size
        now = asyncio.get_running_loop().time()
        if sender in self._up and not drops.reported and now >= drops.quiet_until:
            drops.reported, drops.quiet_until = True, now + QUIET_S
            self._report_side(sender, "accepts nothing now; bytes for it are dropped")

    # --- inside --------------------------------------------------------------------------------

    def _decode(self, at: float, pieces: Sequence[MonitoredPiece]) -> None:
        """In the writer's thread."""
        entries = list(self.reader.entries(self._writer.began, at, pieces))
        if entries:
            self._show(entries)

    def _report_side(self, sender: Sender, text: str, drops: Drops | None = None) -> None:
        """Report the state of a side's wire; with ``drops``: and how many bytes it has missed."""
        if drops is not None and drops.spell:
            text += f"; {drops.spell:,} bytes for it were dropped meanwhile"
            drops.spell, drops.reported = 0, False
        name = f"{self.names[sender]}: " if len(self._urls) > 1 else ""
        self._report(name + text)

    # --- afterwards ----------------------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """Whether all received bytes are in the file."""
        return self._writer.recording and not any(count.missed_bytes for count in self._counts.values())

    @property
    def sides(self) -> Mapping[Sender, RecordedSide]:
        """Totals by side."""
        return {
            side: RecordedSide(**msgspec.structs.asdict(count), dropped_bytes=self._drops[side].bytes)
            for side, count in self._counts.items()
        }

    @property
    def _counts(self) -> Mapping[Sender, DirectionCount]:
        return {side: self._writer.counts[side] for side in self._urls}


def check_ends(urls: Sequence[str]) -> None:
    """Raises ConfigError and CommandError where a bridge cannot join these ends."""
    for text in urls:
        check_url(text)
        url = parse(text)
        if url.scheme not in LINES:
            known = ", ".join(f"{scheme}:" for scheme in LINES)
            raise CommandError(f"{url.shown} is not a line of bytes. The two ends can be {known}.")
    if len(set(urls)) < len(urls):
        raise CommandError("Both ends are the same wire. Each end needs its own wire.")


@contextmanager
def _quick_thread_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
