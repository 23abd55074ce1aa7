"""What `decode` says of its input: which format it is, how sure that is, and which lines it did not understand."""

from collections.abc import Iterator, Sequence

import msgspec

from unclouded.app.decoding.input_chunks import Input, InputContent
from unclouded.core.family import Family
from unclouded.core.model import NamedValue

SURE = {"certain": "", "likely": " (likely)", "unsure": " (not sure)", "nothing": ""}
ARROWS = {"controller": "→", "device": "←", None: "?"}
MOST_SPANS = 12


def found_text(source: Input, families: Sequence[Family]) -> str:
    """``Read as lines with bytes in hex (14 of 20 lines): Tuya Wi-Fi.``"""
    found = source.found
    if found.format in ("empty", "unknown"):
        return "Nothing was recognised in the input."
    if found.refused:
        return f"Recognised as {found.title}, which is not read."
    lines = f", {found.explained} of {found.lines} lines" if found.explained else ""
    protocol = f": {'; '.join(family.words for family in families)}" if families else ""
    return f"Read as {found.title}{lines}{protocol}{SURE[found.sure]}."


def unread_text(numbers: Sequence[int]) -> str:
    """``2 lines are not understood: 3, 17.``; never their text."""
    spans = list(_spans(numbers))
    shown = ", ".join(spans[:MOST_SPANS]) + (", …" if len(spans) > MOST_SPANS else "")
    return (
        f"1 line is not understood: {shown}."
        if len(numbers) == 1
        else f"{len(numbers)} lines are not understood: {shown}."
    )


def content_text(content: InputContent, points: Sequence[NamedValue] | None, *, as_json: bool) -> str:
    """Values or a message without a frame, on one line. ``points``: the values by a profile, where there is one."""
    if as_json:
        line: dict[str, object] = {} if content.t is None else {"t": content.t}
        line |= {"kind": content.kind, "sender": content.sender, content.kind: content.fields}
        line |= {"points": points} if points is not None else {}
        return msgspec.json.encode(line | ({"line": content.line} if content.line else {})).decode()
    when = f"{content.t:10.3f}" if content.t is not None else " " * 10
    shown = msgspec.json.encode(content.fields).decode() if points is None else ", ".join(map(_point_text, points))
    return f"{when}  {ARROWS[content.sender]}  {content.kind}: {shown}"


def _point_text(named: NamedValue) -> str:
    """``power_W 67.3 W (19: 673)``; the value on the wire alone where no profile names it."""
    if named.reading is None:
        return f"{named.key or named.id} = {_value_text(named.raw)}"
    return f"{named.key} {_value_text(named.reading)} {named.unit}".strip() + f" ({named.id}: {_value_text(named.raw)})"


def _value_text(value: object) -> str:
    """A value as text for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    """``3``, ``5-9``."""
    begin = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if begin is not None:
            yield _span(begin, last)
        begin = last = number
    if begin is not None:
        yield _span(begin, last)


def _span(begin: int, last: int | None) -> str:
    return str(begin) if begin == last else f"{begin}-{last}"
