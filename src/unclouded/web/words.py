"""The sentences that people read, from one table: ids -> words with {placeholders}. The page uses it too."""

from functools import cache
from pathlib import Path

import msgspec

TABLE = Path(__file__).parent / "words" / "en.json"


@cache
def table() -> dict[str, str]:
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, str])


def say(id: str, **parts: object) -> str:
    """The sentence of that id."""
    return table()[id].format_map(parts)
