"""What a whole recording holds, for `decode --summary`: piece by piece, or by a family's faster Tally."""

from collections import Counter
from collections.abc import Callable, Iterable

from unclouded.cli.decode_input import InputChunk, Timed
from unclouded.core.family import Sender, Tally, Totals
from unclouded.recording.line_monitor import GAP


def tallied(new: Callable[[], Tally], chunks: Iterable[InputChunk]) -> Totals:
    """The same, counted by Tallies."""
    tallies: dict[Sender | None, Tally] = {}
    last: dict[Sender | None, float] = {}
    for chunk in chunks:
        tally = tallies.get(chunk.sender)
        if tally is None:
            tally = tallies[chunk.sender] = new()
        if chunk.t is not None:
            if chunk.t - last.get(chunk.sender, chunk.t) > GAP:
                tally.pause()
            last[chunk.sender] = chunk.t
        tally.feed(chunk.data)
    found = [tally.totals() for tally in tallies.values()]
    reasons = sum((Counter(one.by_reason) for one in found), Counter[str]())
    commands = sum((Counter(one.by_command) for one in found), Counter[str]())
    return _totals(reasons, commands)


def summarise(lines: Iterable[Timed]) -> Totals:
    """Totals: frames, noise bytes, noise by reason, frames by command."""
    reasons: Counter[str] = Counter()
    commands: Counter[str] = Counter()
    for _, piece in lines:
        if piece.kind == "frame":
            commands[piece.name or str(piece.command)] += 1
        else:
            reasons[piece.reason] += len(piece.data)
    return _totals(reasons, commands)


def _totals(reasons: Counter[str], commands: Counter[str]) -> Totals:
    """Most first; of equal ones, by the alphabet."""

    def ordered(counts: Counter[str]) -> dict[str, int]:
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    return Totals(
        frames=commands.total(),
        noise_bytes=reasons.total(),
        by_reason=ordered(reasons),
        by_command=ordered(commands),
    )
