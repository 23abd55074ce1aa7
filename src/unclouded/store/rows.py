"""How the parts of a reader ask the file."""

from typing import Any, Protocol


class Rows(Protocol):
    """All rows that a query gives. Raises StoreError."""

    def __call__(self, query: str, *values: object) -> list[Any]: ...  # Any: rows as SQLite has them
