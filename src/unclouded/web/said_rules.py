"""Why rules act, or do not, in the language of a request: their reasons and events, which the engine writes in English.

    "export of Meter was 1.4 kW for 5 min and it was between 08:00 and sunset"
        ──► two parts, each of its own form (``api.because.*``), joined again

    src/unclouded/rules/engine/reasons.py    writes the parts of conditions
    src/unclouded/rules/engine/              the rest

These forms are for texts of rules only: "{subject} was {value}" would fit too many other sentences. Names of devices
and rules stay as they are. What has no form is said as all texts are (said.py).
"""

import re
from collections.abc import Callable, Collection, Mapping

from unclouded.web.said import DEEPEST, LONGEST, forms, translated
from unclouded.web.words import ENGLISH, language, say, say_if_known

FORMS = "api.because."
MOST_PARTS = 32  # of a reason that is translated; a home that is not trusted may write thousands
_WHOLE = ("why", "what")  # forms with such a place are of a whole text, not of a part of a condition
_JOINT = re.compile(r"(; |, and | and )")
_OPEN = re.compile(r"\bbetween (?:(?! and ).)*$")  # its "and" belongs to it
_TAIL = "is to be "  # and so does that before this
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_SUN = re.compile(r"(?:(.+) (before|after) )?(sunrise|sunset)")
_DAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)\b")
_WITH_COLON = re.compile(r"(?P<rule>.+?: )(?P<what>.+?)(?P<dot>\.?)")


def translated_reason(text: str) -> str:
    """Why a rule acts, has acted, or does not."""
    if language() == ENGLISH or len(text) > LONGEST:
        return text
    return _reason(text, 0) or translated(text)


def translated_rule_event(text: str) -> str:
    """What a rule has done: ``Surplus: Boiler on because export of Meter was 1.4 kW.``"""
    if language() == ENGLISH or len(text) > LONGEST:
        return text
    found = _WITH_COLON.fullmatch(text)
    what = _reason(found["what"], 0) if found else None
    if found and what is not None:
        return f"{found['rule']}{what}{found['dot']}"
    whole = _of_form(text.removesuffix("."), 0)
    return translated(text) if whole is None else f"{whole}{'.' if text.endswith('.') else ''}"


def translated_sent_text(text: str, because: str) -> str:
    """What a rule has sent to people: a text of its own, which stays as it is, and the reason in brackets behind it."""
    own = text.removesuffix(f" ({because})")
    return text if own == text else f"{own} ({translated_reason(because)})"


# --- inside -------------------------------------------------------------------------------------------


def _reason(text: str, depth: int) -> str | None:
    """All parts of a reason; None where one of them has no form."""
    around = _of_form(text, depth, _WHOLE)
    pieces = _pieces(text)
    if around is not None or len(pieces) == 1:
        return around or _of_form(text, depth)
    if len(pieces) > 2 * MOST_PARTS:
        return None
    said = [_of_form(piece, depth) for piece in pieces[::2]]
    if None in said:
        return _of_form(text, depth)
    joints = [f" {say('rules.and')} " if "and" in joint else joint for joint in pieces[1::2]]
    return "".join(piece + joint for piece, joint in zip(filter(None, said), [*joints, ""], strict=True))


def _pieces(text: str) -> list[str]:
    """The parts with the joints between them."""
    first, *rest = _JOINT.split(text)
    found = [first]
    for joint, piece in zip(rest[::2], rest[1::2], strict=True):
        if joint == " and " and (_OPEN.search(found[-1]) or piece.startswith(_TAIL)):
            found[-1] += joint + piece
        else:
            found += [joint, piece]
    return found


def _of_form(text: str, depth: int, places: Collection[str] = ()) -> str | None:
    """``places``: only forms that have one of them."""
    if depth > DEEPEST:
        return None
    for form in forms(FORMS):
        parts = form.parts(text) if not places or any(one in form.names for one in places) else None
        if parts is not None:
            said = {name: _SAID.get(name, str)(part) for name, part in parts.items() if name != "why"}
            if "why" in parts:
                said["why"] = _reason(parts["why"], depth + 1) or translated(parts["why"])
            return say(form.id, **said)
    return None


# --- what stands in their places ------------------------------------------------------------------------


def _value(text: str) -> str:
    """``on``, ``1.4 kW`` with the decimal sign of the language."""
    if text in ("on", "off"):
        return say(f"rules.{text}")
    return _DECIMAL.sub(",", text)


def _limit(text: str) -> str:
    """``> 1 kW for 5 min``, ``not on``."""
    if text.startswith("not "):
        return say("api.because.other_than", limit=_limit(text[4:]))
    limit, word, span = text.partition(" for ")
    return say("api.because.lasting", limit=_value(limit), span=span) if word else _value(text)


def _subject(text: str) -> str:
    """``export of Meter``; a switch is called as its device."""
    quantity, of, device = text.partition(" of ")
    key = quantity.replace(" ", "_")
    if not of:
        return text
    if key in ("export", "import"):
        return say(f"rules.{key}", device=device)
    point = say_if_known(f"point.{key}")
    return say("rules.point", device=device, point=point) if point and "{" not in point else text


def _moment(text: str) -> str:
    """``07:30``, ``30 min before sunset``, ``mon to fri``."""
    sun = _SUN.fullmatch(text)
    if sun:
        event = say(f"rules.{sun[3]}")
        return say(f"rules.{sun[2]}", span=sun[1], event=event) if sun[1] else event
    if text == "workdays":
        return say("rules.workdays")
    if text == "sat, sun":
        return say("rules.weekend")
    return _DAY.sub(lambda day: say(f"device.day_{day[0]}"), text.replace(" to ", "–"))


def _what(text: str) -> str:
    """``Surplus: Boiler on``."""
    before, space, value = text.rpartition(" ")
    return f"{before}{space}{_value(value)}"


def _result(text: str) -> str:
    return say_if_known(f"happened.result_{text}") or text


_SAID: Mapping[str, Callable[[str], str]] = {
    "end": _moment,
    "limit": _limit,
    "moment": _moment,
    "more": lambda text: _of_form(text, DEEPEST) or translated(text),
    "other": _value,
    "problem": translated,
    "result": _result,
    "start": _moment,
    "subject": _subject,
    "value": _value,
    "what": _what,
}
