"""What `disturb` prints: the counts of both directions, as they grow and at the end."""

from collections.abc import Iterator, Mapping

import msgspec

from unclouded.app.recording.line_disturber import DisturbedSide
from unclouded.cli.output.bytes.conversation_text import counted

OTHER = {"a": "b", "b": "a"}


def disturbance_lines(sides: Mapping[str, DisturbedSide]) -> Iterator[str]:
    """``A to B: 120 bytes received, 118 passed on; 3 flipped, 2 dropped``"""
    for name, side in sides.items():
        counts = msgspec.structs.asdict(side.counts)
        received, passed_on = counts.pop("received"), counts.pop("passed_on")
        what = {**counts, "waiting": side.waiting, "not accepted by the other end": side.lost}
        parts = ", ".join(f"{count:,} {text}" for text, count in what.items() if count)
        text = f"{name.upper()} to {OTHER[name].upper()}: {counted(received, 'byte')} received, {passed_on:,} passed on"
        yield f"{text}; {parts}" if parts else text


def disturbance_json(sides: Mapping[str, DisturbedSide]) -> dict[str, dict[str, int]]:
    """The counts by the end that sent: ``{"a": {"received": …, "flipped": …}, "b": {…}}``."""
    return {
        name: {**msgspec.structs.asdict(side.counts), "waiting": side.waiting, "lost": side.lost}
        for name, side in sides.items()
    }
