"""Raw bytes as ``cat -v`` and terminals show them: ^@ is 00, M-^? is ff, M-* is aa; letters stand for themselves."""

import re
from typing import TYPE_CHECKING

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import counted

if TYPE_CHECKING:
    import numpy as np

TOKEN = re.compile(r"M-\^[@-_?]|M-[ -~]|\^[@-_?]|.", re.DOTALL)
SIGN = re.compile(r"\^[@-Z\\\]_?]|M-[ -~]")
LEAST = 2  # signs
SHORT = 16_384  # characters that are read without numpy, which takes time to load
CONTROL, META = 0x40, 0x80
BEHIND_CARET = bytes([*range(ord("@"), ord("_") + 1), ord("?")])
LONGEST = 4  # letters of a token


def shown(token: str) -> bytes:
    """The bytes of a token, or of a letter."""
    if token.startswith("M-") and len(token) > 2:
        return bytes([shown(token[2:])[0] | META])
    if token.startswith("^") and len(token) == 2:
        return bytes([ord(token[1]) ^ CONTROL])
    return token.encode("utf-8", "replace")


def all_shown(data: bytes) -> bytes:
    """The bytes of a long text."""
    import numpy as np

    padded = np.frombuffer(data + bytes(LONGEST), np.uint8)
    first, second, third, fourth = (padded[at : at + len(data)] for at in range(LONGEST))
    behind_caret = np.isin(np.arange(256), list(BEHIND_CARET))
    is_control = (first == ord("^")) & behind_caret[second]
    is_meta = (first == ord("M")) & (second == ord("-")) & (third >= ord(" ")) & (third <= ord("~"))
    starts = np.flatnonzero(is_control | is_meta)
    is_meta = is_meta[starts]
    is_both = is_meta & (third[starts] == ord("^")) & behind_caret[fourth[starts]]
    sizes = np.where(is_both, 4, np.where(is_meta, 3, 2))
    values = np.where(
        is_both, fourth[starts] ^ CONTROL | META, np.where(is_meta, third[starts] | META, second[starts] ^ CONTROL)
    )
    is_token = tokens(starts, starts + sizes)
    found, is_kept = first.copy(), np.ones(len(padded), np.bool_)
    found[starts[is_token]] = values[is_token]
    for at in range(1, LONGEST):
        is_kept[starts[is_token & (sizes > at)] + at] = False
    return found[is_kept[: len(data)]].tobytes()


def tokens(starts: "np.ndarray", ends: "np.ndarray") -> "np.ndarray":
    """Which of the places where a token may be are not inside of the token before."""
    import numpy as np

    is_token = np.ones(len(starts), np.bool_)
    for at in (np.flatnonzero(starts[1:] < ends[:-1]) + 1).tolist():
        before = next(one for one in range(at - 1, -1, -1) if is_token[one])
        is_token[at] = starts[at] >= ends[before]
    return is_token


def recognise(source: InputSource) -> float:
    """1 where there are several signs of it."""
    text = source.head(16_384).text or ""
    return 1.0 if ("^" in text or "M-" in text) and len(SIGN.findall(text)) >= LEAST else 0.0


def read(source: InputSource) -> FormatReading:
    text = source.text or ""
    data = (
        all_shown(text.encode("utf-8", "replace")) if len(text) > SHORT else b"".join(map(shown, TOKEN.findall(text)))
    )
    lines = counted(len(data), source.lines, lambda line: len(b"".join(map(shown, TOKEN.findall(line)))) + 1)
    chunks = [InputChunk(None, None, data, line=lines[0], lines=lines)] if data else []
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
