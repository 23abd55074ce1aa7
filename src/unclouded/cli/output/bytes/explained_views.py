"""The ways in which `decode` prints more than lines: --explain, --diff, --unknown."""

import shutil
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.app.explaining.frame_diff import FrameDiff
from unclouded.app.explaining.unknown_groups import UnknownGroups
from unclouded.cli.output.bytes.change_text import ChangeText
from unclouded.cli.output.bytes.explain_text import ExplainText
from unclouded.cli.output.bytes.unknown_text import UnknownText
from unclouded.cli.output.terminal.palette import Palette, wants_colours
from unclouded.core.family import Piece

ViewName = Literal["explain", "diff", "unknown"]
WIDTH = 80  # columns where there is no terminal
WIDEST = 100  # columns that are used of a wide one


class DecodedView(Protocol):
    """Takes the pieces of a recording in their order, and gives lines of text, or of JSON."""

    def add(self, decoded: DecodedPiece, piece: Piece) -> Iterator[str]:
        """The next piece; ``piece`` as it was before its secrets were hidden."""

    def end(self) -> Iterator[str]:
        """The recording has ended."""


class ExplainView:
    """Each frame explained."""

    def __init__(self, explainer: FrameExplainer, as_json: bool) -> None:
        self._explainer = explainer
        self._text = None if as_json else ExplainText(_width(), Palette(wants_colours()))

    def add(self, decoded: DecodedPiece, piece: Piece) -> Iterator[str]:
        frame = self._explainer.explain(decoded, piece)
        if self._text is None:
            yield msgspec.json.encode(frame).decode()
        else:
            yield from self._text.lines(frame, decoded)

    def end(self) -> Iterator[str]:
        return iter(())


class DiffView:
    """What changes between the frames."""

    def __init__(self, explainer: FrameExplainer, as_json: bool) -> None:
        self._diff = FrameDiff(explainer)
        self._as_json = as_json
        self._ends = explainer.family.ends

    def add(self, decoded: DecodedPiece, piece: Piece) -> Iterator[str]:
        self._diff.add(decoded, piece)
        return iter(())

    def end(self) -> Iterator[str]:
        fields = self._diff.summaries()
        if self._as_json:
            return (msgspec.json.encode(one).decode() for one in fields)
        return ChangeText(_width(), Palette(wants_colours()), self._ends).lines(fields, self._diff.left_out)


class UnknownView:
    """What nothing names."""

    def __init__(self, explainer: FrameExplainer, as_json: bool) -> None:
        self._unknown = UnknownGroups(explainer)
        self._as_json = as_json

    def add(self, decoded: DecodedPiece, piece: Piece) -> Iterator[str]:
        self._unknown.add(decoded, piece)
        return iter(())

    def end(self) -> Iterator[str]:
        groups = self._unknown.groups()
        if self._as_json:
            return (msgspec.json.encode(one).decode() for one in groups)
        return UnknownText(_width(), Palette(wants_colours())).lines(groups, self._unknown.left_out)


VIEWS: dict[ViewName, Callable[[FrameExplainer, bool], DecodedView]] = {
    "explain": ExplainView,
    "diff": DiffView,
    "unknown": UnknownView,
}


def _width() -> int:
    """Columns for text."""
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST)
