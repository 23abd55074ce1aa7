"""`disturb`: faults between two real ends, with counts, and two captures: what was sent, and what was passed on.

link A ─► Disturber ─► link B
             ├──► WireReports ─► ``report``: state of the wires, as text
             └──► CaptureWriter: FILE.sent.jsonl (what the ends sent), FILE.jsonl (what they received)
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded import families
from unclouded.app.recording.recorder import check_ends
from unclouded.app.recording.wire_reports import WireReports
from unclouded.app.thread_switches import quick_thread_switches
from unclouded.core.errors import CommandError
from unclouded.core.family import Family, Sender
from unclouded.core.sessions.link import Link
from unclouded.links import BAUD, open_link
from unclouded.recording.capture_writer import CaptureWriter
from unclouded.recording.disturbing.byte_faults import Draw, FaultCounts
from unclouded.recording.disturbing.direction import DisturbedDirection
from unclouded.recording.disturbing.disturber import Disturber
from unclouded.recording.disturbing.faults import FAULTS, LineFault, parse_fault

NAMES: Mapping[Sender, str] = {"controller": "A", "device": "B"}
OTHER: Mapping[Sender, Sender] = {"controller": "device", "device": "controller"}
LARGEST_SEED = 2**31 - 1


class DisturbedSide(msgspec.Struct, frozen=True, kw_only=True):
    """What one end sent, and what became of it. ``waiting``: bytes that are delayed. ``lost``: of those passed on,
    what the other end did not accept."""

    counts: FaultCounts
    waiting: int
    lost: int


class DisturbanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``faults``: as they are written. ``after_s``, ``until_s``: when they begin and end, from the start.

    ``family`` "": the bytes are of none that is known; then there is no ``record``, as no secrets could be blanked.
    """

    faults: Sequence[str]
    seed: int
    after_s: float = 0.0
    until_s: float = math.inf
    family: str = ""
    record: Path | None = None


def fault_lines() -> Sequence[tuple[str, str]]:
    """Each fault with its usual value, and what it does."""
    return [(f"{name}={kind.usual}", kind.text) for name, kind in FAULTS.items()]


def random_seed() -> int:
    """A seed that can be typed."""
    return random.SystemRandom().randrange(1, 100_000)


class LineDisturber:
    """``report``: takes one sentence about a wire, in the loop. Raises CommandError and ConfigError."""

    def __init__(
        self, link_a: str, link_b: str, settings: DisturbanceSettings, report: Callable[[str], None] = lambda text: None
    ) -> None:
        self._settings = settings
        self._family: Family | None = families.family(settings.family) if settings.family else None
        self._faults = [parse_fault(text) for text in settings.faults]
        self._urls: Mapping[Sender, str] = {"controller": link_a, "device": link_b}
        self._reports = WireReports(NAMES, report)
        self._directions: Mapping[Sender, DisturbedDirection] = {}
        self._sent: CaptureWriter | None = None
        self._passed: CaptureWriter | None = None
        check_ends([link_a, link_b])
        _check_splits(self._faults)
        if settings.until_s <= settings.after_s:
            raise CommandError("The faults end before they begin: --until counts from the start, as --after does.")
        if settings.record is not None and self._family is None:
            raise CommandError("A capture needs --family FAMILY: secrets are blanked by what the protocol is.")

    async def run(self, stopped: Callable[[], Awaitable[None]]) -> None:
        """Until ``stopped()`` returns. Raises CommandError, ConfigError and LinkRefused."""
        baud, parity = (self._family.baud, self._family.parity) if self._family is not None else (BAUD, "none")
        links: dict[Sender, Link] = {
            sender: open_link(url, baud=baud, parity=parity) for sender, url in self._urls.items()
        }
        await self.join(links, stopped)

    async def join(self, links: Mapping[Sender, Link], stopped: Callable[[], Awaitable[None]]) -> None:
        """The same with links that are made already."""
        self._directions = {sender: self._direction(sender) for sender in NAMES}
        disturber = Disturber(links, self._directions, self)
        with quick_thread_switches():
            try:
                self._open_captures()
                disturber.start()
                await stopped()
            finally:
                await disturber.close()
                for writer in self._writers:
                    await writer.close()

    # --- results -------------------------------------------------------------------------------

    @property
    def sides(self) -> Mapping[str, DisturbedSide]:
        """By the name of the end that sent: "a", "b"."""
        return {
            NAMES[sender].lower(): DisturbedSide(
                counts=direction.counts, waiting=direction.waiting, lost=self._reports.rejected(OTHER[sender])
            )
            for sender, direction in self._directions.items()
        }

    @property
    def files(self) -> Sequence[Path]:
        """The captures: what was passed on, and what was sent."""
        record = self._settings.record
        return [] if record is None else [record, record.with_suffix(f".sent{record.suffix}")]

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are in the captures."""
        return all(
            writer.recording and not any(count.missed_bytes for count in writer.counts.values())
            for writer in self._writers
        )

    # --- DisturberObserver ---------------------------------------------------------------------

    def received(self, sender: Sender, data: bytes, path: str = "") -> None:
        self._reports.received(sender)
        if self._sent is not None:
            self._sent.received(sender, data)

    def passed_on(self, sender: Sender, data: bytes) -> None:
        if self._passed is not None:
            self._passed.received(sender, data)

    def up(self, sender: Sender) -> None:
        self._reports.up(sender)

    def down(self, sender: Sender, reason: str) -> None:
        for writer in self._writers:
            writer.paused(sender)
        self._reports.down(sender, reason)

    def dropped(self, sender: Sender, size: int) -> None:
        self._reports.dropped(sender, size)

    # --- inside --------------------------------------------------------------------------------

    @property
    def _writers(self) -> Sequence[CaptureWriter]:
        return [writer for writer in (self._passed, self._sent) if writer is not None]

    def _direction(self, sender: Sender) -> DisturbedDirection:
        side = NAMES[sender].lower()
        began = asyncio.get_running_loop().time()

        def draw_for(fault: str) -> Draw:
            return random.Random(f"{self._settings.seed} {side} {fault}").random

        return DisturbedDirection(
            [fault for fault in self._faults if is_for(fault, side)],
            draw_for,
            begins=began + self._settings.after_s,
            ends=began + self._settings.until_s,
        )

    def _open_captures(self) -> None:
        if self._family is not None and self.files:
            passed, sent = self.files
            self._passed = CaptureWriter(passed, self._family)
            self._sent = CaptureWriter(sent, self._family)


def is_for(fault: LineFault, side: str) -> bool:
    """Whether the fault is for what this end sends."""
    return fault.side in ("", side)


def _check_splits(faults: Sequence[LineFault]) -> None:
    """Raises CommandError: other faults may be repeated, but what is in pieces is not split again."""
    for name in NAMES.values():
        if sum(fault.name == "split" and is_for(fault, name.lower()) for fault in faults) > 1:
            raise CommandError(f"What end {name} sends is split twice. Give one split for each end: a:split, b:split.")
