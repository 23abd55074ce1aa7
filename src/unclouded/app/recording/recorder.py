"""Recording a line: one wire, two taps, or a bridge between two ends, from the first byte to the last.

Bridge ─► Recorder (observer) ─┬─► ``report``: state of the wires, as text
                               └─► CaptureWriter ─► capture, and decoded entries to ``show``
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded import families
from unclouded.app.decoding.live_reader import LiveEntry, LiveReader
from unclouded.app.protocols import profile_named
from unclouded.app.recording.wire_reports import WireReports
from unclouded.app.thread_switches import quick_thread_switches
from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.sessions.link import Link
from unclouded.links import check_url, open_link
from unclouded.links.url import Url, parse
from unclouded.recording.bridge import Bridge
from unclouded.recording.capture_writer import CaptureWriter, DirectionCount
from unclouded.recording.line_monitor import MonitoredPiece

THIS_COMPUTER = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # hosts that lead to a port of this computer
LINES = ("serial", "tcp", "rfc2217", "pty", "listen")  # links that carry a line of bytes, as a bridge can join them

Urls = Mapping[Sender, str]


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
        self._show = show
        self._reports = WireReports({sender: self.names[sender] for sender in urls}, report)

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
        with quick_thread_switches():
            try:
                bridge.start()
                await stopped()
            finally:
                await bridge.close()
                await self._writer.close()

    # --- BridgeObserver ------------------------------------------------------------------------

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        self._writer.received(sender, data, path)
        self._reports.received(sender)

    def up(self, sender: Sender) -> None:
        self._reports.up(sender)

    def down(self, sender: Sender, reason: str) -> None:
        self._writer.paused(sender)
        self._reports.down(sender, reason)

    def dropped(self, sender: Sender, size: int) -> None:
        self._reports.dropped(sender, size)

    # --- inside --------------------------------------------------------------------------------

    def _decode(self, at: float, pieces: Sequence[MonitoredPiece]) -> None:
        """In the writer's thread."""
        entries = list(self.reader.entries(self._writer.began, at, pieces))
        if entries:
            self._show(entries)

    # --- afterwards ----------------------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """Whether all received bytes are in the file."""
        return self._writer.recording and not any(count.missed_bytes for count in self._counts.values())

    @property
    def sides(self) -> Mapping[Sender, RecordedSide]:
        """Totals by side."""
        return {
            side: RecordedSide(**msgspec.structs.asdict(count), dropped_bytes=self._reports.rejected(side))
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
    places = [place for text in urls for place in _places(parse(text))]
    if len(set(places)) < len(places):
        raise CommandError("Both ends are the same wire. Each end needs its own wire.")


def _places(url: Url) -> set[object]:
    """What the wire is, in each form in which the address of another end may name it."""
    if url.scheme in ("serial", "pty"):
        path = os.path.normpath(url.path("", Path()))
        return {path, os.path.realpath(path)} if url.scheme == "serial" else {path}
    host, port = url.host_port("", lowest=0)
    return {("" if host.lower() in THIS_COMPUTER else host.lower(), port)} if port else set()
