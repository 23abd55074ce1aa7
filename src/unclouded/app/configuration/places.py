"""Where a key of a TOML file stands, and errors that name the line, the device and the key that was meant.

"$.device[1].lnk"  ──►  line 9, device pump: there is no key `lnk`. Did you mean `link`?
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from unclouded.core.text.toml_text import BYTE_ORDER_MARK

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=(.*)$"
)
PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')
QUOTED = re.compile(r"`\$([^`]*)`")
STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`( - at )?")
MISSING = re.compile(r"Object missing required field `([^`]*)`( - at )?")
EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`(?: - at (`[^`]*`))?")
BOUND = re.compile(r"Expected `(?:int|float)` (>=|<=) (\d+(?:\.\d+)?)(?: - at (`[^`]*`))?")
NO_NUMBER = "Invalid decimal string"
NO_CHOICE = re.compile(r"Invalid enum value ('.*?'|-?\d+) - at (`[^`]*`)")
TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}

KeyPath = tuple[str | int, ...]


class ConfigPlaces:
    """The lines of all keys and tables in a TOML text, and the ids of its devices."""

    def __init__(self, text: str = "") -> None:
        self._lines: dict[KeyPath, int] = {}
        self._ids: dict[KeyPath, str] = {}
        self._counts: dict[KeyPath, int] = {}
        table: KeyPath = ()
        until, depth = "", 0  # within a text of several lines, within brackets
        for number, line in enumerate(text.removeprefix(BYTE_ORDER_MARK).split("\n"), 1):
            if until:
                until = "" if until in line else until
                continue
            if depth == 0 and (header := HEADER.match(line)):
                table = self._table(_parts(header[2]), header[1] == "[[", number)
                continue
            value = line
            if depth == 0 and (key := KEY.match(line)):
                self._lines.setdefault((*table, *_parts(key[1])), number)
                value = key[2]
                if key[1] in ("id", "name"):
                    self._ids.setdefault((*table, key[1]), value.strip().strip("\"'"))
            for quotes in ('"""', "'''"):
                if value.count(quotes) % 2:
                    until = quotes
            bare = STRING.sub("", value)
            depth = max(depth + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"), 0)

    def line(self, path: KeyPath) -> int | None:
        """The line of a key, else of the table that it belongs to."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)

    def name(self, path: KeyPath) -> str:
        """A key as people call it: ```link` of device pump``, ```timezone` in [hub]``."""
        owner, key = "", ""
        for place, step in enumerate(path):
            here = path[: place + 1]
            if isinstance(step, int):
                kind = str(path[place - 1])
                label = self._ids.get((*here, "id" if kind == "device" else "name")) or f"number {step + 1}"
                owner = f"{kind} {label}" + (f" of {owner}" if owner else "")
                key = ""
            elif place + 1 == len(path) or not isinstance(path[place + 1], int):
                key = f"{key}.{step}" if key else step
        if owner:
            return f"`{key}` of {owner}" if key else owner
        table, _, rest = key.partition(".")
        return f"`{rest}` in [{table}]" if rest else f"[{table}]"

    def located(self, message: str, where: str, known: Mapping[str, Sequence[str]] | None = None) -> str:
        """An error that names a key path, with its line instead. ``known``: keys of each table by its path."""
        quoted = QUOTED.search(message)
        path = _path(quoted[1]) if quoted else ()
        head = f"{where}: "
        rest = message.removeprefix(head)
        if unknown := UNKNOWN.search(rest):
            path = (*path, unknown[1])
            keys = (known or {}).get(_pattern(path[:-1]), ())
            owner = f"{self.name(path[:-1])}: " if path[:-1] else ""
            rest = f"{owner}there is no key `{unknown[1]}`.{did_you_mean(unknown[1], keys, '`')}"
        elif missing := MISSING.search(rest):
            rest = f"{self.name(path)}: the key `{missing[1]}` is missing."
        elif expected := EXPECTED.search(rest):
            rest = f"{self.name(path)} must be {_types(expected[1])}, but is {_types(expected[2])}."
        elif bound := BOUND.search(rest):
            most = "least" if bound[1] == ">=" else "most"
            rest = f"{self.name(path)} must be at {most} {float(bound[2]):g}."
        elif choice := NO_CHOICE.search(rest):
            rest = f"{self.name(path)} cannot be {choice[1]}; docs/unclouded.toml lists what it may be."
        elif NO_NUMBER in rest:
            rest = f"{self.name(path)} must be a number."
        elif quoted:
            rest = rest.replace(quoted[0], self.name(path), 1)
        else:
            return message
        line = self.line(path)
        return f"{where}, line {line}: {rest}" if line else f"{where}: {rest}"

    def _table(self, parts: Sequence[str], is_array: bool, number: int) -> KeyPath:
        path: KeyPath = ()
        for place, part in enumerate(parts):
            path = (*path, part)
            if is_array and place == len(parts) - 1:
                count = self._counts[path] = self._counts.get(path, 0) + 1
                self._lines.setdefault(path, number)
                path = (*path, count - 1)
            elif path in self._counts:
                path = (*path, self._counts[path] - 1)
        self._lines.setdefault(path, number)
        return path


def did_you_mean(word: str, known: Iterable[str], quote: str = "") -> str:
    """`` Did you mean link?``, "" where nothing known is like it."""
    close = difflib.get_close_matches(word[:100], list(known), 1, 0.6)
    return f" Did you mean {quote}{close[0]}{quote}?" if close else ""


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in PART.findall(dotted)]


def _path(text: str) -> KeyPath:
    """``.device[1].link`` as ("device", 1, "link")."""
    return tuple(
        name or (int(index) if index.isdecimal() else index) for name, index in STEP.findall(text) if index != "..."
    )


def _pattern(path: KeyPath) -> str:
    """``device[].channel[]``: the same for all devices."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _types(text: str) -> str:
    return " or ".join(TYPES.get(one.strip(), one.strip()) for one in text.split("|"))
