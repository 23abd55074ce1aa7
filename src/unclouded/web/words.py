"""All texts shown to users: a table for each language, id -> text with {placeholders}. The page uses the same tables.

words/en.json    the language that all programs get
words/de.json    what a browser gets that asks for it (Accept-Language); a text that is missing is English
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
LONGEST_HEADER = 200  # characters of Accept-Language that are read; browsers send fewer
_ACCEPTED = re.compile(r"\s*([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")

_language = ContextVar("unclouded.language", default=ENGLISH)


@cache
def languages() -> tuple[str, ...]:
    """All languages that have a table: ``("de", "en", "es")``."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def table(language: str = ENGLISH) -> dict[str, str]:
    """The texts of a language by id. Raises FileNotFoundError for a language that there is not."""
    return msgspec.json.decode((FOLDER / f"{language}.json").read_bytes(), type=dict[str, str])


def language() -> str:
    """That of the request that is being answered."""
    return _language.get()


def say(id: str, **parts: object) -> str:
    """The text with that id, in the language of the request that is being answered."""
    text = table(_language.get()).get(id) or table()[id]
    return text.format_map(parts)


def say_if_known(id: str) -> str:
    """The same without placeholders; "" where there is no text with that id."""
    return table(_language.get()).get(id) or table().get(id, "")


def asked_language(query: Mapping[str, str]) -> str:
    """Of an answer: that of ``?language=de``, else that of the request."""
    asked = query.get("language")
    return language() if asked is None else language_of(asked)


@contextlib.contextmanager
def answering_in(accepted: str) -> Iterator[None]:
    """Texts are in the language that an Accept-Language header prefers."""
    token = _language.set(language_of(accepted))
    try:
        yield
    finally:
        _language.reset(token)


def language_of(accepted: str) -> str:
    """The language of an Accept-Language header with the highest weight that has a table; the first one of equals."""
    best, weight = ENGLISH, 0.0
    for one in accepted[:LONGEST_HEADER].lower().split(","):
        found = _ACCEPTED.fullmatch(one)
        q = float(found[2] or 1) if found else 0.0
        if found and found[1] in languages() and q > weight:
            best, weight = found[1], q
    return best
