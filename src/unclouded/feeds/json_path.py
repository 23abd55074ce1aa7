"""Paths to values in JSON: ``data.prices[].value``. Pure.

name    the value of a key          [3]   the fourth item of a list
a.b     a key in a key              []    each item of a list, in its order
"""

import re
from collections.abc import Sequence
from typing import Any

from unclouded.core.errors import CommandError

PATH = re.compile(r"(?:[^.\[\]]+|\[\d{0,6}\])(?:\.[^.\[\]]+|\[\d{0,6}\])*")
STEP = re.compile(r"\[(\d*)\]|([^.\[\]]+)")
LONGEST = 200  # characters


def is_path(text: str) -> bool:
    """Whether it can be a path; "" is the whole value."""
    return len(text) <= LONGEST and (not text or PATH.fullmatch(text) is not None)


def selected(tree: Any, path: str, most: int) -> Sequence[Any]:  # Any: JSON values
    """The values at a path, one for each item of its lists; None where an item lacks the key. ``most``: of values.

    Raises CommandError where a list is expected and there is none, or there are more values.
    """
    found = [tree]
    for step in STEP.finditer(path):
        place, name = step.groups()
        if name is not None:
            found = [one.get(name) if isinstance(one, dict) else None for one in found]
        elif place:
            found = [_item(one, int(place)) for one in found]
        else:
            found = _items(found, path[: step.end()], most)
    return found


def _item(value: Any, place: int) -> Any:  # Any: JSON values
    return value[place] if isinstance(value, list) and place < len(value) else None


def _items(values: Sequence[Any], path: str, most: int) -> list[Any]:  # Any: JSON values
    found = list[Any]()
    for one in values:
        if not isinstance(one, list):
            raise CommandError(f"there is no list at {path}")
        found += one
        if len(found) > most:
            raise CommandError(f"there are more than {most} values at {path}")
    return found
