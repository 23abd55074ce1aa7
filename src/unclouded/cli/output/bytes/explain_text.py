"""Explained frames as `decode --explain` prints them: a title, the drawing of the bytes, and what is odd.

21.000  ←  report  · after 34 ms                              tuya_wifi.md §2.4.9
 0  55 aa   03       07       00 08
    …
    ! data point 19: a value of 1 byte
"""

from collections.abc import Iterator

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.cli.output.bytes.conversation_text import ARROWS, span_text
from unclouded.cli.output.bytes.frame_drawing import INDENT, FrameDrawing
from unclouded.cli.output.terminal.palette import Palette
from unclouded.cli.output.terminal.text_width import columns, in_lines
from unclouded.core.text.printable import printable
from unclouded.core.views.decoded import ExplainedFrame

TITLE = 10  # columns of the time


class ExplainText:
    """Lines of text for explained frames, in ``width`` columns."""

    def __init__(self, width: int, palette: Palette) -> None:
        self._width = width
        self._palette = palette
        self._is_first = True

    def lines(self, frame: ExplainedFrame, decoded: DecodedPiece) -> Iterator[str]:
        """Title, drawing of its parts, what is odd; an empty line before each frame but the first."""
        if not self._is_first:
            yield ""
        self._is_first = False
        yield from self._title(frame)
        drawing = FrameDrawing(self._width, self._palette, decoded.names.reading_text)
        yield from drawing.lines(frame.parts, frame.hex)
        for odd in frame.odd:
            for number, line in enumerate(in_lines(printable(odd), max(self._width - INDENT - 2, 20))):
                yield self._palette.paint(f"{'':{INDENT}}{'! ' if number == 0 else '  '}{line}", "odd")

    # --- inside --------------------------------------------------------------------------------

    def _title(self, frame: ExplainedFrame) -> Iterator[str]:
        when = f"{frame.offset:{TITLE}d}" if frame.t is None else f"{frame.t:{TITLE}.3f}"
        name = f"{'noise' if frame.kind == 'noise' else frame.kind}: {frame.reason}"
        if frame.kind == "frame":
            code = f"command {frame.command:02x}" if isinstance(frame.command, int) else str(frame.command)
            name = frame.name or code
        part = f" of {frame.part}" if frame.part else ""
        after = "" if frame.after_ms is None else f"  · after {span_text(frame.after_ms / 1000)}"
        title = printable(f"{when}  {ARROWS[frame.sender]}  {name}{part}{after}{'  · masked' if frame.masked else ''}")
        section = frame.section.rpartition("/")[2]
        free = self._width - columns(title) - columns(section)
        shown = self._palette.paint(title, "title")
        if section and free < 2:
            yield shown
            title, shown, free = "", "", self._width - columns(section)
        yield f"{shown}{' ' * free if section else ''}{self._palette.paint(section, 'label')}"
