"""Raw bytes as ``cat -v`` and terminals show them: ^@ is 00, M-^? is ff, M-* is aa; letters stand for themselves."""

import re

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource

TOKEN = re.compile(r"M-\^[@-_?]|M-[ -~]|\^[@-_?]|[^M^]+|.", re.DOTALL)
SIGN = re.compile(r"\^[@-Z\\\]_?]|M-[ -~]")
LEAST = 2  # signs
LONGEST_KEPT = 4  # characters of a token whose bytes are kept


class ShownBytes(dict[str, bytes]):
    """Token -> its bytes."""

    def __missing__(self, token: str) -> bytes:
        value = _shown(token)
        if len(token) <= LONGEST_KEPT:
            self[token] = value
        return value


def _shown(token: str) -> bytes:
    if token.startswith("M-") and len(token) > 2:
        return bytes([_shown(token[2:])[0] | 0x80])
    if token.startswith("^") and len(token) == 2:
        return bytes([ord(token[1]) ^ 0x40])
    return token.encode("utf-8", "replace")


def recognise(source: InputSource) -> float:
    """1 where there are several signs of it."""
    text = source.head(16_384).text or ""
    return 1.0 if ("^" in text or "M-" in text) and len(SIGN.findall(text)) >= LEAST else 0.0


def read(source: InputSource) -> FormatReading:
    text = source.text or ""
    data = b"".join(map(ShownBytes().__getitem__, TOKEN.findall(text)))
    chunks = [InputChunk(None, None, data, line=1)] if data else []
    return FormatReading(chunks=chunks, lines=source.filled, data_lines=source.filled)


CAT_V = InputFormat(
    name="cat_v",
    group="literal",
    title="bytes as cat -v shows them",
    specificity=Specificity.DECIMAL,
    recognise=recognise,
    read=read,
)
FORMATS = (CAT_V,)
