"""Sentences of the rest of the program in the language of a request: refusals, problems, warnings.

They are written in English where they arise, by code that knows no language. ``api.said.*`` are their forms:

    "192.168.1.3 refuses port 9. Is the serial server running?"   ──►  api.said.refuses_port with host and port, then
                                                                       api.said.serial_server
A sentence that has no form stays English. Linear in the text: each piece is compared with each form once.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from unclouded.web.words import language, say, table

FORMS = "api.said."
LONGEST = 4_000  # characters of a text that is translated
DEEPEST = 4  # sentences within sentences
REASONS = ("problem", "why")  # places of sentences of the program itself
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
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
    return text if language() == "en" or len(text) > LONGEST else _translated(text, 0)


# --- inside -------------------------------------------------------------------------------------------


def _translated(text: str, depth: int) -> str:
    whole = _of_form(text, depth)
    if whole is not None or depth == DEEPEST:
        return text if whole is None else whole
    sentences = _BETWEEN.split(text)
    if len(sentences) > 1:
        return " ".join(_translated(one, depth + 1) for one in sentences)
    head, colon, tail = text.partition(": ")
    return f"{head}{colon}{_translated(tail, depth + 1)}" if colon else text


def _of_form(text: str, depth: int) -> str | None:
    for form in _forms():
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
def _forms() -> Sequence[SentenceForm]:
    """All forms, those with the most text of their own first."""
    found = [_form(id, text) for id, text in table().items() if id.startswith(FORMS)]
    return sorted(found, key=lambda one: -sum(map(len, one.texts)))


def _form(id: str, text: str) -> SentenceForm:
    pieces = _PLACEHOLDER.split(text)
    return SentenceForm(id, pieces[::2], pieces[1::2])
