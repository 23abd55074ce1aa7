"""What retention keeps and deletes, as clients of the API see it. Times: ISO 8601, UTC."""

from typing import Literal

import msgspec

RetentionState = Literal["off", "idle", "due", "announced", "deleting"]
KeptName = Literal["raw", "minutes", "quarters", "hours"]


class KeptSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Readings (raw), or the rolled-up rows of minutes, quarters or hours, that one rule is about.

    ``keeps``: 1 year, 90 days, forever. ``since``: the oldest that is stored; None = none is. ``rows``, ``bytes``: what
    is stored, roughly. ``before``: what is older is to be deleted now: ``frees_rows``, ``frees_bytes``, roughly; None =
    nothing is. ``next``: when the oldest of it gets too old; None = never, or it is already. ``gone``: until when some
    of it was deleted before.
    """

    name: KeptName
    keeps: str
    since: str | None = None
    rows: int = 0
    bytes: int = 0
    before: str | None = None
    frees_rows: int = 0
    frees_bytes: int = 0
    next: str | None = None
    gone: str | None = None


class KeptRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of [[retention]]. ``device``, ``point``: "" = all. ``devices``, ``points``: how many of them are stored
    that it counts for; other rules may be more exact. ``has_energy``: some of the points count energy, whose quarters
    and hours are kept for ever."""

    device: str
    point: str
    devices: int
    points: int
    has_energy: bool
    spans: tuple[KeptSpan, ...]


class RetentionView(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: off, no rule; idle, nothing is too old; due, something is, and it was not announced yet; announced:
    deleting begins at ``begins``; deleting, since ``begins``.

    ``others``: what no rule is about, which is kept for ever; None = nothing. ``bytes``: of the file; ``free_bytes``:
    of it, that are free for what comes next; ``frees_bytes``: what deleting will free, roughly.
    """

    state: RetentionState
    begins: str | None
    rules: tuple[KeptRule, ...]
    others: KeptRule | None
    bytes: int
    free_bytes: int
    frees_bytes: int
