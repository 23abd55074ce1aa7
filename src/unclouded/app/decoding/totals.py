"""Totals of a whole recording: piece by piece, or by a family's faster Tally."""

from collections import Counter
from collections.abc import Callable, Iterable

from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.app.decoding.input_chunks import Timed
from unclouded.core.family import Sender, Tally, Totals
from unclouded.recording.line_monitor import GAP_S


def tallied(new: Callable[[], Tally], chunks: Iterable[InputChunk]) -> Totals:
    """The totals, counted by Tallies."""
    tallies: dict[Sender | None, Tally] = {}
    last: dict[Sender | None, float] = {}
    for chunk in chunks:
        tally = tallies.get(chunk.sender)
        if tally is None:
            tally = tallies[chunk.sender] = new()
        if chunk.t is not None:
            if chunk.t - last.get(chunk.sender, chunk.t) > GAP_S:
                tally.pause()
            last[chunk.sender] = chunk.t
        tally.feed(chunk.data)
    found = [tally.totals() for tally in tallies.values()]
    reasons = sum((Counter(one.by_reason) for one in found), Counter[str]())
    commands = sum((Counter(one.by_command) for one in found), Counter[str]())
    return _totals(reasons, commands)


def summarise(pieces: Iterable[Timed]) -> Totals:
    """The totals, counted from pieces."""
    reasons: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for _, piece in pieces:
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
