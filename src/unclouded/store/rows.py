"""The query interface between a reader and its parts."""

from typing import Any, Protocol


class Rows(Protocol):
    """All rows of a query. Raises StoreError."""

    def __call__(self, query: str, *values: object) -> list[Any]: ...  # Any: rows as SQLite has them
