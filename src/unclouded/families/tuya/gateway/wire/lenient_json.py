"""JSON as gateways really send it: what is irregular is read, and named.

    {“sub_id”:“1234”,}      typographic quotes, a comma before the closing brace
    {sub_id:0123}           names and texts without quotes: the characters are the text, leading zeros stay

One pass over the text, at most eight levels deep. Source: docs/protocols/tuya_gateway.md §1.5.
"""

import re
from collections.abc import Mapping
from typing import Any

from unclouded.core.errors import WireError

DEEPEST = 8  # levels
QUOTES = str.maketrans({"\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"'})
QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)  # a text, or the rest where it is not closed
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?")
WHOLE = re.compile(r"-?\d{1,18}")
BARE = re.compile(r"[^\s\"{}\[\],:]+")
STOP = re.compile(r'["\\]')
SPACE = re.compile(r"\s*")
ESCAPES: Mapping[str, str] = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}

SPELLINGS: Mapping[str, str] = {"Devkey": "devkey", "dpinf": "dp_inf", "cdis": "cids"}
NUMBERS = frozenset({
    "m", "cap", "n", "s", "a", "pk_type", "channel", "ota", "tp", "lp", "hb_time", "rets", "dpid", "all", "state",
    "d_link", "ret", "idx", "mode", "delay", "alarm", "countdown", "sound", "status", "type",
})  # fmt: skip
TEXTS = frozenset({"v", "p", "sub_id", "pid", "ver", "devkey", "gid", "cids", "key", "virt_id", "e_val", "t", "dp_inf"})


class LenientObject(dict[str, Any]):  # Any: JSON types
    """The members of an object, under their usual names. ``odd``: what is irregular in the text, "" = nothing."""

    odd = ""


def read_object(
    data: bytes, texts: frozenset[str] = frozenset(), either: frozenset[str] = frozenset()
) -> LenientObject:
    """The object. Raises WireError.

    ``texts``: members that are texts in this command and numbers in others. ``either``: numbers that may be texts.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise WireError("the text is not UTF-8") from None
    translated = text.translate(QUOTES)
    if translated != text:
        try:
            return _Reader(_with_quotes(text), text, texts, either).read()
        except WireError:  # quotes of both kinds enclose one text
            pass
    return _Reader(translated, text, texts, either).read()


class _Reader:
    """``text``: what is read of ``sent``, with the quotes of JSON."""

    def __init__(self, text: str, sent: str, texts: frozenset[str], either: frozenset[str]) -> None:
        self._text = text
        self._at = 0
        self._texts = TEXTS | texts
        self._numbers = NUMBERS - texts
        self._either = either
        self._odd: dict[str, None] = {"typographic quotes": None} if text != sent else {}

    def read(self) -> LenientObject:
        if self._next() != "{":
            raise WireError("it is not an object")
        members = self._object(1)
        if self._next():
            raise WireError("there is more behind the object")
        found = LenientObject(members)
        found.odd = ", ".join(self._odd)
        return found

    # --- inside --------------------------------------------------------------------------------

    def _next(self) -> str:
        """The next character that is not a space; "" at the end."""
        found = SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _note(self, odd: str) -> None:
        self._odd[odd] = None

    def _object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._at += 1
        while not self._ended("}", bool(members)):
            name = self._name()
            if self._next() != ":":
                raise WireError(f"there is no value of {name!r}")
            self._at += 1
            value = self._value(depth)
            if depth == 1:
                name = self._usual(name)
                value = self._typed(name, value)
            members[name] = value
        return members

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        self._at += 1
        while not self._ended("]", bool(items)):
            items.append(self._value(depth))
        return items

    def _ended(self, closing: str, has_items: bool) -> bool:
        """Whether the brackets close here; else the next item begins, behind the comma."""
        char = self._next()
        if char == "," and has_items:
            self._at += 1
            char = self._next()
            if char == closing:
                self._note("a comma before the closing bracket")
        elif char and char != closing and has_items:
            self._note("a comma is missing")
        if char != closing:
            return False
        self._at += 1
        return True

    def _name(self) -> str:
        if self._next() == '"':
            return self._string()
        self._note("names without quotes")
        return self._bare()

    def _value(self, depth: int) -> Any:
        char = self._next()
        if char in ("{", "["):
            if depth >= DEEPEST:
                raise WireError(f"it is more than {DEEPEST} levels deep")
            return self._object(depth + 1) if char == "{" else self._list(depth + 1)
        if char == '"':
            return self._string()
        bare = self._bare()
        if bare in WORDS:
            return WORDS[bare]
        if NUMBER.fullmatch(bare):
            return float(bare) if "." in bare else int(bare)
        if WHOLE.fullmatch(bare) is None and bare.lstrip("-").replace(".", "", 1).isdigit():
            raise WireError("a number has too many digits")
        self._note("texts without quotes")
        return bare

    def _bare(self) -> str:
        found = BARE.match(self._text, self._at)
        if found is None:
            raise WireError("it is not closed" if not self._next() else f"there is a {self._next()!r} out of place")
        self._at = found.end()
        return found[0]

    def _string(self) -> str:
        self._at += 1
        if self._text.startswith('"', self._at) and self._text[self._at + 1 : self._at + 2].isalnum():
            self._note("a doubled quote")
            self._at += 1
        start, parts = self._at, []
        while True:
            stop = STOP.search(self._text, start)
            if stop is None:
                raise WireError("a text is not closed")
            end = stop.start()
            parts.append(self._text[start:end])
            if self._text[end] == '"':
                break
            start = self._escape(end + 1, parts)
        self._at = end + 1
        text = "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # \\u escapes come in pairs
        if text.strip() != text:
            self._note("blanks around a text")
        return text.strip()

    def _escape(self, at: int, parts: list[str]) -> int:
        """Append the escaped character; returns where the text goes on."""
        char = self._text[at : at + 1]
        if char == "u":
            try:
                parts.append(chr(int(self._text[at + 1 : at + 5], 16)))
            except ValueError:
                raise WireError("an escape is not complete") from None
            return at + 5
        if char not in ESCAPES:
            raise WireError(f"there is no escape {char!r}")
        parts.append(ESCAPES[char])
        return at + 1

    def _usual(self, name: str) -> str:
        usual = SPELLINGS.get(name, name)
        if usual != name:
            self._note(f"{name} for {usual}")
        return usual

    def _typed(self, name: str, value: Any) -> Any:
        """Numbers that were sent as texts, and texts that were sent as numbers, as they should be."""
        if isinstance(value, list):
            return [self._typed(name, one) for one in value]
        if name in self._numbers and isinstance(value, str) and WHOLE.fullmatch(value):
            if name not in self._either:
                self._note("numbers as texts")
            return int(value)
        if name in self._texts and isinstance(value, int | float) and not isinstance(value, bool):
            self._note("texts as numbers")
            return str(value)
        return value


def _with_quotes(text: str) -> str:
    """With the quotes of JSON in place of typographic ones, but for those that stand inside a text."""
    parts: list[str] = []
    at = 0
    for found in QUOTED.finditer(text):
        parts += text[at : found.start()].translate(QUOTES), found[0]
        at = found.end()
    return "".join((*parts, text[at:].translate(QUOTES)))
