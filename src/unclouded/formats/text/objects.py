"""Objects of JSON and literals of Python in the middle of a text: where they end, and what they hold."""

import re
from typing import Any

import msgspec

LONGEST = 65_536  # characters of an object
MOST_OPEN = 32  # objects without an end that are searched for it, of one text
TOKEN = re.compile(r"""["'{}\[\]]""")
STRINGS = {'"': re.compile(r'(?:[^"\\]++|\\.)*', re.DOTALL), "'": re.compile(r"(?:[^'\\]++|\\.)*", re.DOTALL)}
LITERAL = re.compile(
    r"""'(?P<single>(?:[^'\\]++|\\.)*)(?P<end>'?)|(?P<double>"(?:[^"\\]++|\\.)*"?)
    |(?<![0-9A-Za-z_])(?P<name>True|False|None)(?![0-9A-Za-z_])""",
    re.DOTALL | re.VERBOSE,
)
NAMES = {"True": "true", "False": "false", "None": "null"}
QUOTED = {"\\'": "'", '"': '\\"'}
IN_SINGLE = re.compile(r"""\\'|\\.|\"""", re.DOTALL)


class ObjectEnds:
    """Finds the ends of objects in one text, at a cost that grows no faster than the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open = 0

    def end(self, start: int) -> int:
        """Where the object that begins there ends; 0 = it does not, or too many before it did not."""
        end = end_of(self._text, start) if self._open < MOST_OPEN else 0
        self._open += not end
        return end


def end_of(text: str, start: int) -> int:
    """Where the object that begins with the bracket at ``start`` ends; 0 = it does not.

    Strings count only in double quotes, or in single ones where the object's first quote is one.
    """
    limit = min(len(text), start + LONGEST)
    depth, at, quotes = 0, start, ""
    while (token := TOKEN.search(text, at, limit)) is not None:
        at = token.end()
        sign = token[0]
        if sign in "\"'":
            quotes = quotes or (sign if sign == '"' else "\"'")
            if sign in quotes:
                string = STRINGS[sign].match(text, at, limit)
                at = (string.end() if string is not None else at) + 1
        elif sign in "{[":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return at
    return 0


def value_of(text: str) -> Any:  # JSON types
    """The value of a JSON text or of a literal of Python; None where it is neither."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    if "'" not in text and "True" not in text and "False" not in text and "None" not in text:
        return None
    try:
        return msgspec.json.decode(json_of(text))
    except (msgspec.DecodeError, RecursionError):
        return None


def json_of(text: str) -> str:
    """JSON of what Python prints of it."""
    return LITERAL.sub(_as_json, text)


def _as_json(found: re.Match[str]) -> str:
    if found["name"]:
        return NAMES[found["name"]]
    if found["double"] or not found["end"]:
        return found[0]
    inner = IN_SINGLE.sub(lambda one: QUOTED.get(one[0], one[0]), found["single"])
    return f'"{inner}"'
