"""Tables about others (addresses, hubs, messages) whose size these others must not decide."""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MAX_ENTRIES = 1_024  # where a table needs no more


def put_newest(table: OrderedDict[K, V], key: K, value: V, most: int = MAX_ENTRIES) -> None:
    """Put an entry at the end; of more than ``most`` the oldest are removed."""
    table[key] = value
    table.move_to_end(key)
    while len(table) > most:
        table.popitem(last=False)
