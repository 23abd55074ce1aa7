"""Totals of a whole recording: piece by piece, or by a family's faster Tally."""

from collections import Counter
from collections.abc import Callable, Iterable

from unclouded.app.decoding.pieces import LaneName, TimedPiece
from unclouded.core.family import Tally, Totals
from unclouded.formats.chunk import InputChunk
from unclouded.recording.line_monitor import GAP_S


def tallied(new: Callable[[], Tally], chunks: Iterable[InputChunk], *, gap_s: float = GAP_S) -> Totals:
    """The totals, counted by Tallies. ``gap_s``: silence that ends a frame."""
    tallies: dict[LaneName, Tally] = {}
    last: dict[LaneName, float] = {}
    for chunk in chunks:
        lane = chunk.lane, chunk.sender
        tally = tallies.get(lane)
        if tally is None:
            tally = tallies[lane] = new()
        is_silent = chunk.t is not None and chunk.t - last.get(lane, chunk.t) > gap_s
        if is_silent or chunk.gap:
            tally.pause()
        if chunk.t is not None:
            last[lane] = chunk.t if chunk.times is None else chunk.times[-1]
        tally.feed(chunk.data)
        if chunk.mark == "cut":
            tally.pause()
    found = [tally.totals() for tally in tallies.values()]
    reasons = sum((Counter(one.by_reason) for one in found), Counter[str]())
    commands = sum((Counter(one.by_command) for one in found), Counter[str]())
    return _totals(reasons, commands)


def summarise(pieces: Iterable[TimedPiece]) -> Totals:
    """The totals, counted from pieces."""
    reasons: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for timed in pieces:
        piece = timed.piece
        if piece.kind == "frame":
            commands[piece.name or str(piece.command)] += 1
        else:
            reasons[piece.reason] += len(piece.data)
    return _totals(reasons, commands)


def _totals(reasons: Counter[str], commands: Counter[str]) -> Totals:
    """Sorted by count, the highest first, then by name."""

    def ordered(counts: Counter[str]) -> dict[str, int]:
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    return Totals(
        frames=commands.total(),
        noise_bytes=reasons.total(),
        by_reason=ordered(reasons),
        by_command=ordered(commands),
    )
