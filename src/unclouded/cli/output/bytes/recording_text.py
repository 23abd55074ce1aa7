"""What `record` prints: decoded entries with --watch, the state of the wires on stderr, and the totals at the end."""

from collections.abc import Iterator, Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.decoding.live_reader import DialectChange, LiveEntry, TimedRemark
from unclouded.app.recording.recorder import LineRecorder
from unclouded.cli.output.bytes.conversation_text import ConversationText, counts_text
from unclouded.cli.output.lines import print_text
from unclouded.core.family import Family


class PrintedLine(msgspec.Struct, frozen=True):
    """A line to print; ``err``: on stderr."""

    text: str
    err: bool = False

    def show(self) -> None:
        """Prints it; a line for people only goes to stderr, so that what is piped has data alone."""
        print_text(self.text, err=self.err)


class RecordingText:
    """The lines of decoded entries, as `decode` would print them of the capture."""

    def __init__(self, family: Family, *, as_json: bool) -> None:
        self._text = ConversationText(family, as_json=as_json)

    def lines(self, entries: Sequence[LiveEntry]) -> Iterator[PrintedLine]:
        """Lines of each entry, as it comes; those of a change of dialect go to stderr."""
        for entry in entries:
            match entry:
                case DecodedPiece():
                    yield from map(PrintedLine, self._text.lines(entry))
                case TimedRemark(t=t, remark=remark):
                    yield PrintedLine(self._text.remark(t, remark))
                case DialectChange(name=name, text=text):
                    yield PrintedLine(f"Dialect from here on: {name}: {text}.", err=True)


def recording_json(recorder: LineRecorder) -> dict[str, object]:
    """The last line of `record --json`."""
    sides = recorder.sides
    return {
        "file": str(recorder.file),
        "bytes": sum(side.bytes for side in sides.values()),
        "frames": sum(side.frames for side in sides.values()),
        "noise_bytes": sum(side.noise_bytes for side in sides.values()),
        "remarks": recorder.reader.remarks,
        "recorded": recorder.is_whole,
        "sides": {name: msgspec.structs.asdict(side) for name, side in sides.items()},
    }


def recording_lines(recorder: LineRecorder) -> Iterator[str]:
    """The totals as text."""
    names, sides = recorder.names, recorder.sides
    received = ", ".join(f"{side.bytes:,} bytes from the {names[sender]}" for sender, side in sides.items())
    yield f"{received}, written to {recorder.file}"
    yield from counts_text(recorder.reader.counts, recorder.family.ends)
    for sender, side in sides.items():
        if side.dropped_bytes:
            yield f"{side.dropped_bytes:,} bytes for the {names[sender]} were dropped: it did not accept them."
        if side.missed_bytes:
            yield f"{side.missed_bytes:,} bytes from the {names[sender]} are not in the file."
