"""All texts shown to users, from one table: id -> text with {placeholders}. The page uses the same table."""

from functools import cache
from pathlib import Path

import msgspec

TABLE = Path(__file__).parent / "words" / "en.json"


@cache
def table() -> dict[str, str]:
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, str])


def say(id: str, **parts: object) -> str:
    """The text with that id."""
    return table()[id].format_map(parts)
