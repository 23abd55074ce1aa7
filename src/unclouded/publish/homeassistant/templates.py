"""The templates of entities: how a value is read from the JSON state of a device. Pure.

A point that the state does not contain yet gives "None", which Home Assistant takes for unknown; so does a message
that is not JSON.
"""

import json
from collections.abc import Mapping

STATE = "(value_json | default({}))"


def value_of(key: str) -> str:
    """The value of a point as it is."""
    return f"{{{{ {STATE}.get('{key}') }}}}"


def number_of(key: str) -> str:
    """A number; "None" for anything else."""
    return f"{{% set v = {STATE}.get('{key}') %}}{{{{ v if v is number else 'None' }}}}"


def text_of(key: str, longest: int, missing: str = "None") -> str:
    """A text as far as Home Assistant keeps it."""
    return f"{{{{ ({STATE}.get('{key}', '{missing}') | string)[:{longest}] }}}}"


def word_of(key: str, words: Mapping[str, str]) -> str:
    """A value by another word: ``words``: value as text -> word."""
    return f"{{{{ {choice_of(key, words)} }}}}"


def choice_of(key: str, words: Mapping[str, str], otherwise: str = "'None'") -> str:
    """The same as an expression; ``otherwise``: the expression for other values."""
    return f"{literal(words)}.get({STATE}.get('{key}') | string, {otherwise})"


def literal(value: object) -> str:
    """A text, number or mapping as templates write it."""
    return json.dumps(value, ensure_ascii=False)


def json_command(choices: Mapping[str, Mapping[str, object]]) -> str:
    """The command that a choice of Home Assistant means: choice -> the points to set."""
    return f"{{{{ {literal(choices)}[value] | tojson }}}}"
