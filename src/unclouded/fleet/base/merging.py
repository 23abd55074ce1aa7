"""A list whose rows are in several databases: the next page of each, put together, and where each goes on."""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from unclouded.fleet.base.errors import BaseRefused

T = TypeVar("T")

NO_PLACE = "The list does not have this place: begin at its start."
Order = tuple[Any, ...]  # Any: what rows are ordered by


class PlacedRow(NamedTuple, Generic[T]):
    """``place``: what the database's own next page begins after."""

    order: Order
    place: str
    row: T


def merged(
    found: Mapping[int, Sequence[PlacedRow[T]]], places: Mapping[int, str], limit: int
) -> tuple[list[T], Mapping[int, str]]:
    """The first ``limit`` rows by their order, and the places after them; none: it was the last page.

    ``found``: by database, from its place in ``places`` on, one row more than ``limit`` where it has as many.
    """
    every = heapq.merge(
        *([(one, shard) for one in rows] for shard, rows in found.items()), key=lambda placed: placed[0].order
    )
    rows: list[T] = []
    after = dict(places)
    for one, shard in every:
        if len(rows) == limit:
            return rows, after
        rows.append(one.row)
        after[shard] = one.place
    return rows, {}


def places_of(after: str, shards: Sequence[int]) -> dict[int, str]:
    """The place of each database in ``after``; of one database alone it is its own. Raises BaseRefused."""
    if len(shards) == 1:
        return {shards[0]: after}
    found = dict.fromkeys(shards, "")
    for part in after.split(",") if after else ():
        shard, colon, place = part.partition(":")
        if not colon or not shard.isdecimal() or int(shard) not in found:
            raise BaseRefused(NO_PLACE)
        found[int(shard)] = place
    return found


def after_of(places: Mapping[int, str]) -> str:
    """The text of places, "" = none."""
    if len(places) == 1:
        return next(iter(places.values()))
    return ",".join(f"{shard}:{place}" for shard, place in sorted(places.items()))


def number_of(place: str) -> int | None:
    """A place that is the number of a row. Raises BaseRefused."""
    if not place:
        return None
    if not place.isdecimal() or len(place) > 18:
        raise BaseRefused(NO_PLACE)
    return int(place)
