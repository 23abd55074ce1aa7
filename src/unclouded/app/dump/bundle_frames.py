"""The frames of a bundle: each channel as a capture, cleaned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from unclouded import families
from unclouded.app.dump.frame_cleaning import FrameCleaner, KeptPoints
from unclouded.app.dump.private_words import PrivateWords, public_products
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.shown_frames import ChannelFrames
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import wire_words
from unclouded.core.family import Dialect, Family, Piece
from unclouded.recording.capture import CaptureLine, header_bytes, line_bytes

LEAST_KNOWN = 4  # characters of a private word that is looked for in frames
BLANKED = {
    "text": "{} texts of data points: an owner may have written them.",
    "raw": "{} raw values of data points that no profile names; --raw keeps them.",
    "personal": "{} values of data points that are a person's.",
    "opaque": "{} long payloads without a known meaning.",
}


class CleanedFrames(msgspec.Struct, frozen=True, kw_only=True):
    """``data``: the capture. ``count``: of its lines. ``left_out``: what was blanked, as sentences."""

    family: str
    data: bytes
    count: int
    left_out: Sequence[str]


def cleaned_frames(
    channels: Iterable[ChannelFrames], words: PrivateWords, pseudonyms: Pseudonyms, points: Mapping[str, KeptPoints]
) -> Iterator[CleanedFrames]:
    """The capture of each channel."""
    for channel in channels:
        yield _Channel(channel, words, pseudonyms, points).cleaned()


class _Channel:
    """Cleans one channel, in the dialect that its frames show."""

    def __init__(
        self, channel: ChannelFrames, words: PrivateWords, pseudonyms: Pseudonyms, points: Mapping[str, KeptPoints]
    ) -> None:
        self._channel = channel
        self._family: Family = families.family(channel.family)
        self._reading = self._read_as()
        known = {word: "" for word in words.known if len(word) >= LEAST_KNOWN and word.lower() not in wire_words()}
        public = {*words.public, *self._products()}
        cleaner = TextCleaner(pseudonyms, wire_words(), known, public, words.secrets)
        self._cleaner = FrameCleaner(self._family, cleaner, pseudonyms, points, words.addresses())

    def cleaned(self) -> CleanedFrames:
        lines = [self._line(one) for one in self._channel.lines]
        as_text = self._family.capture_as == "text"
        head = header_bytes(self._family.name, self._channel.began)
        rows = [head, *(line_bytes(one, as_text=as_text) for one in lines)]
        left_out = [BLANKED[kind].format(count) for kind, count in self._cleaner.blanked.items() if count]
        return CleanedFrames(
            family=self._family.name,
            data=b"".join(row + b"\n" for row in rows),
            count=len(lines),
            left_out=left_out,
        )

    # --- inside --------------------------------------------------------------------------------

    def _read_as(self) -> Family | Dialect:
        if self._family.detector is None:
            return self._family
        detector = self._family.detector()
        for line in self._channel.lines:
            detector.feed(line.sender, line.data)
        return self._family.read_as(detector.verdict()[0])

    def _line(self, line: CaptureLine) -> CaptureLine:
        data = b"".join(self._cleaner.clean(piece, self._reading) for piece in self._pieces(line))
        return msgspec.structs.replace(line, data=data, redacted=line.redacted or data != line.data)

    def _pieces(self, line: CaptureLine) -> Sequence[Piece]:
        decoder = self._reading.decoder(line.sender)
        return [*decoder.feed(line.data), *decoder.close()]

    def _products(self) -> Iterator[str]:
        """Ids of products that the frames name."""
        for line in self._channel.lines:
            for piece in self._pieces(line):
                named = (piece.message or {}).get("product")
                yield from public_products([*piece.products.values(), *([named] if isinstance(named, str) else [])])
