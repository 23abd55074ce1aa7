"""Sentences of the rest of the program in the language of a request: refusals, problems, warnings.

They are written in English where they arise, by code that knows no language. ``api.said.*`` are their forms:

    "192.168.1.3 refuses port 9. Is the serial server running?"   ──►  api.said.refuses_port with host and port, then
                                                                       api.said.serial_server
A sentence that has no form stays English, and so do all for programs, which accept no other language. Reasons of rules
have a grammar of their own (said_rules.py). Linear in the text: each piece is compared with each form once.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import msgspec

from unclouded.web.words import ENGLISH, language, say, table

FORMS = "api.said."
LONGEST = 4_000  # characters of a text that is translated
DEEPEST = 4  # sentences within sentences
MOST_SENTENCES = 12  # of a text that is translated; a home that is not trusted may write thousands
REASONS = ("problem", "why")  # places of sentences of the program itself
MOST_KEPT = 1_000  # translated texts that are kept: the same reason is shown by many views and to many pages
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_BRACKETS = re.compile(r"([^()]+) \((.+)\)")
_BETWEEN = re.compile(r"(?<=[.?!]) ")


class SentenceForm(msgspec.Struct, frozen=True):
    """``texts``: what stands before, between and behind the ``names``."""

    id: str
    texts: Sequence[str]
    names: Sequence[str]

    def parts(self, text: str) -> Mapping[str, str] | None:
        """What stands in the places of the names; None where the text is of another form."""
        first, *more = self.texts
        if not text.startswith(first) or (not more and text != first):
            return None
        found, at = {}, len(first)
        for place, (name, until) in enumerate(zip(self.names, more, strict=True), 1):
            end = _end(text, until, at) if place == len(more) else text.find(until, at)
            if end <= at:
                return None
            found[name], at = text[at:end], end + len(until)
            if _BETWEEN.search(found[name]) and (until or name not in REASONS):
                return None  # more than one sentence
        return found


def translated(text: str) -> str:
    """The text in the language of the request that is being answered, as far as its sentences have forms."""
    return text if language() == ENGLISH or len(text) > LONGEST else _kept(language(), text)


@cache
def forms(prefix: str) -> Sequence[SentenceForm]:
    """All forms whose ids begin so, those with the most text of their own first."""
    found = [_form(id, text) for id, text in table().items() if id.startswith(prefix)]
    return sorted(found, key=lambda one: -sum(map(len, one.texts)))


# --- inside -------------------------------------------------------------------------------------------


@lru_cache(maxsize=MOST_KEPT)
def _kept(its_language: str, text: str) -> str:
    """``its_language``: the language that is spoken now, so that each has its own."""
    return _translated(text, 0)


def _translated(text: str, depth: int) -> str:
    ways = [_of_form, _of_form_but_dot]
    if text not in _plain() and _with_other_end(text) in _plain():
        ways.reverse()
    whole = next(filter(None, (way(text, depth) for way in ways)), None)
    if whole is not None or depth == DEEPEST:
        return text if whole is None else whole
    more = _BRACKETS.fullmatch(text)
    main = _of_form(more[1], depth) if more else None
    if more and main:
        return f"{main} ({_translated(more[2], depth + 1)})"
    sentences = _BETWEEN.split(text)
    if len(sentences) > MOST_SENTENCES:
        return text
    if len(sentences) > 1:
        return " ".join(_translated(one, depth + 1) for one in sentences)
    head, colon, tail = text.partition(": ")
    return f"{head}{colon}{_translated(tail, depth + 1)}" if colon else text


def _of_form_but_dot(text: str, depth: int) -> str | None:
    """A part of a sentence is said as a sentence, too, and the other way round: only the full stop is different."""
    found = _of_form(_with_other_end(text), depth)
    return None if found is None else _with_other_end(found)


def _with_other_end(text: str) -> str:
    return text[:-1] if text.endswith(".") else f"{text}."


def _of_form(text: str, depth: int) -> str | None:
    id = _plain().get(text)
    if id is not None:
        return say(id)
    for form in _forms_by_first().get(text[:1], _forms_by_first()[""]):
        parts = form.parts(text)
        if parts is not None:
            return say(form.id, **{name: _part(name, one, depth + 1) for name, one in parts.items()})
    return None


def _part(name: str, text: str, depth: int) -> str:
    """What stands in a sentence: reasons as all texts, others only as a whole, since a person may have written them."""
    if depth > DEEPEST:
        return text
    return _translated(text, depth) if name in REASONS else _of_form(text, depth) or text


def _end(text: str, until: str, at: int) -> int:
    """Where the last part ends: at the end of the text, before what stands behind it."""
    return len(text) - len(until) if text.endswith(until) and len(text) - len(until) > at else -1


@cache
def _forms_by_first() -> Mapping[str, Sequence[SentenceForm]]:
    """The forms that a text may have, by its first character; "": those that may begin with any."""
    firsts = {"", *(form.texts[0][:1] for form in forms(FORMS))}
    return {first: [form for form in forms(FORMS) if form.texts[0][:1] in ("", first)] for first in firsts}


@cache
def _plain() -> Mapping[str, str]:
    """The forms without places: text -> id."""
    return {text: id for id, text in table().items() if id.startswith(FORMS) and "{" not in text}


def _form(id: str, text: str) -> SentenceForm:
    pieces = _PLACEHOLDER.split(text)
    return SentenceForm(id, pieces[::2], pieces[1::2])
