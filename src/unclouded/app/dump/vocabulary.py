"""The words that this program itself uses: what else stands in a text may be the owner's.

A word of a sentence, of a log line or of a message on a wire is kept in a bundle only where it stands in a text of the
program: in its messages, tables, profiles, or the texts of the page. Comments and docstrings do not count.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import unclouded

WORD = re.compile(r"[^\W_](?:\w*[^\W_])?", re.ASCII)
DOCSTRING = re.compile(r'(?:^|\n)[ \t]*[rR]?"""(?:[^"\\]|\\.|"(?!""))*"""')
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
FIELD = re.compile(r"^    ([a-z]\w*): ", re.MULTILINE)  # of a class
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d{1,3}")
ROOT = Path(unclouded.__file__).parent
WIRE = ("families", "core")  # packages whose texts cross wires
DATA = (".toml", ".json")
MANY_DIGITS = 6  # a word with so many is an address or an id, of a simulated device for example
TRANSLATED = "notification_texts.py"  # messages in all languages
LANGUAGE = "en"  # of what the program itself writes; words of translations are those of people, their rooms and files
LARGE = frozenset({"catalogue", "static"})  # folders of data whose words are not needed


@cache
def program_words() -> frozenset[str]:
    """Words of all texts of the program, in lower case. Reading them takes a few tenths of a second."""
    return frozenset(word for path in _files("") for word in _words(path))


@cache
def wire_words() -> frozenset[str]:
    """Words of the texts of the protocols, and of the fields of their messages, in lower case."""
    return frozenset(word for package in WIRE for path in _files(package) for word in _words(path, with_fields=True))


def is_field(name: str) -> bool:
    """Whether a name on a wire consists of such words: ``payloadVersion``."""
    parts = PART.findall(name)
    return bool(parts) and "".join(parts) == name.replace("_", "") and all(one.lower() in wire_words() for one in parts)


def _files(package: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*")):
        is_translation = (path.parent.name == "words" and path.stem != LANGUAGE) or path.name == TRANSLATED
        is_data = path.suffix in DATA and not LARGE & {*path.parts} and not is_translation
        if (path.suffix == ".py" and not is_translation) or is_data:
            yield path


def _words(path: Path, with_fields: bool = False) -> Iterator[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        fields = FIELD.findall(text) if with_fields else []
        text = "\n".join([*LITERAL.findall(DOCSTRING.sub("\n", text)), *fields])
    for found in WORD.finditer(text.replace("\\n", " ").replace("\\r", " ")):
        word = found[0].lower()
        yield from (one for one in (word, *word.split("_")) if sum(map(str.isdecimal, one)) < MANY_DIGITS)
