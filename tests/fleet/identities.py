"""Ids and shards that no other test of this process uses."""

from itertools import count

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_numbers = count(1)


def new_hub_id() -> str:
    """The id of a hub: 20 characters."""
    number, text = next(_numbers), ""
    for _ in range(8):
        number, digit = divmod(number, 32)
        text = LETTERS[digit] + text
    return f"hubofatestab{text}"


def new_shard() -> int:
    """The number of a database."""
    return 1000 + next(_numbers)
