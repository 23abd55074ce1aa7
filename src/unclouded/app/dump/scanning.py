"""Whether a private word stands in some bytes, in any of the ways in which programs write text down."""

import base64
import json
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

LEAST = 4  # characters of what is looked for in base64: its ends depend on what stands beside it


def found_in(data: bytes, words: Iterable[str]) -> list[str]:
    """The words that stand in the bytes, as they are or encoded; upper and lower case are the same."""
    lower = data.lower()
    return [word for word in words if any(_is_in(form, data, lower) for form in forms(word))]


def forms(word: str) -> set[bytes]:
    """UTF-8, UTF-16, Latin-1, hexadecimal, base64, JSON, URLs, HTML, C strings."""
    spellings = {word, *(unicodedata.normalize(form, word) for form in ("NFC", "NFD"))}
    spellings |= {one for word in spellings for one in (word.lower(), word.upper())}
    found = {form for text in spellings for form in _text_forms(text)}
    for data in {one.encode("utf-8", "replace") for one in spellings}:
        found |= set(_binary_forms(data))
    return {form for form in found if len(form) >= LEAST}


def _text_forms(text: str) -> Iterator[bytes]:
    for codec in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        yield text.encode(codec, "replace")
    yield json.dumps(text)[1:-1].encode()
    yield quote(text, safe="").encode()
    yield quote_plus(text).encode()
    yield text.encode("unicode_escape")
    yield text.encode("ascii", "xmlcharrefreplace")


def _binary_forms(data: bytes) -> Iterator[bytes]:
    for sep in ("", " ", ":", "-", ", ", "\\x"):
        yield (data.hex(sep) if len(sep) == 1 else sep.join(f"{byte:02x}" for byte in data)).encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data)
        whole = len(data) + shift
        start = -(-shift * 8 // 6) if shift else 0
        end = whole * 8 // 6
        yield encoded[start:end]
        yield encoded[start:end].translate(bytes.maketrans(b"+/", b"-_"))


def _is_in(form: bytes, data: bytes, lower: bytes) -> bool:
    return form in data or form.lower() in lower
