"""How full a disk is, and when it will be full at the rate of the last days. Pure.

    look, once a minute ──► newest ──► 90 % in two looks: an alert, until it is below 88 %
         once an hour ────► values of the last seven days ──► growth a day ──► full in about 12 days

The rate is that from the oldest of these values to now. Nothing is said where they go back less than a day, or
where the use does not grow.
"""

from collections.abc import Sequence

import msgspec

from unclouded.core.model import Alert
from unclouded.core.text.rough_time import DAY_S, RoughTime, rough_time

FULL, CALM = 0.90, 0.88  # of the disk: an alert begins, and ends
LOOKS = 2  # in a row at which it must be so full
EVERY_S = 3600.0  # between two values that are kept
KEPT_S = 7 * DAY_S
LEAST_S = DAY_S  # of values from which a rate is computed
OTHER_DISK = 0.05  # by how much the size of a disk may change, that is the same one


class DiskUse(msgspec.Struct, frozen=True, array_like=True):
    """Bytes. ``free``: what this user may still write; ``used``: what all files take; ``store``: of them, the store."""

    used: int
    free: int
    store: int

    @property
    def size(self) -> int:
        """Without what is reserved for root: as ``df`` computes its percentage."""
        return self.used + self.free

    @property
    def share(self) -> float:
        return self.used / self.size if self.size > 0 else 0.0

    @property
    def percent(self) -> int:
        """Whole ones, rounded down."""
        return int(self.share * 100)


class DiskGrowth(msgspec.Struct, frozen=True):
    """Bytes a day, negative where it becomes less: of all files, and of the store. ``full_in``: None = not said."""

    day: float
    store_day: float
    full_in: RoughTime | None


class KeptUse(msgspec.Struct, frozen=True, array_like=True):
    """The use at a time, Unix s."""

    at: float
    use: DiskUse


class DiskMemory(msgspec.Struct, frozen=True):
    """What outlives the hub. ``full_since``: Unix s, when the alert began; None = there is none."""

    kept: Sequence[KeptUse] = ()
    full_since: float | None = None


class DiskWatch:
    """``memory``: of an earlier run; what cannot be read is as if there was none."""

    def __init__(self, memory: bytes = b"") -> None:
        known = _decoded(memory)
        self._kept = list(known.kept)
        self._since = known.full_since
        self._looks = 0
        self._at = 0.0
        self.newest: DiskUse | None = None

    def take(self, use: DiskUse, at: float, *, is_trusted: bool = True) -> bool:
        """The disk is like this at ``at`` (Unix s). ``is_trusted``: the clock is right. Is there more to remember?"""
        self.newest, self._at = use, at
        before = self._since
        self._judge(use, at)
        return (is_trusted and self._keep(use, at)) or self._since != before

    def memory(self) -> bytes:
        """What is to be kept for the next run, as JSON; the constructor takes it."""
        return msgspec.json.encode(DiskMemory(self._kept, self._since))

    def growth(self) -> DiskGrowth | None:
        """None where it is not known for a day."""
        use, at = self.newest, self._at
        kept = [one for one in self._kept if 0 <= at - one.at <= KEPT_S + EVERY_S]
        if use is None or not kept or at - kept[0].at < LEAST_S:
            return None
        return _growth(kept[0], KeptUse(at, use))

    def last_growth(self) -> DiskGrowth | None:
        """The same at the end of what is remembered: for whoever looks while no hub runs."""
        kept = [one for one in self._kept if self._kept[-1].at - one.at <= KEPT_S]
        return _growth(kept[0], kept[-1]) if kept and kept[-1].at - kept[0].at >= LEAST_S else None

    def alert(self) -> Alert | None:
        """The alert that the disk is nearly full, while there is one. ``value`` and ``limit`` are percent."""
        use, growth = self.newest, self.growth()
        if use is None or self._since is None:
            return None
        full_in = growth.full_in if growth else None
        return Alert(
            device="",
            kind="disk",
            since=self._since,
            value=use.percent,
            limit=FULL * 100,
            full_in=full_in,
            text=disk_text(use.percent, full_in),
        )

    # --- inside --------------------------------------------------------------------------------

    def _judge(self, use: DiskUse, at: float) -> None:
        self._looks = self._looks + 1 if use.share >= FULL else 0
        if self._since is None and self._looks >= LOOKS:
            self._since = at
        elif use.share < CALM:
            self._since = None

    def _keep(self, use: DiskUse, at: float) -> bool:
        """Keep it, if the hour is over. Values of another disk, of the future and of long ago are forgotten."""
        fit = [one for one in self._kept if 0 <= at - one.at <= KEPT_S and _is_same_disk(one.use, use)]
        is_due = not fit or at - fit[-1].at >= EVERY_S
        if is_due:
            self._kept = [*fit, KeptUse(at, use)]
        return is_due


def disk_text(percent: int, full_in: RoughTime | None) -> str:
    """The alert as a sentence or two."""
    forecast = f" At the rate of the last days it will be full in {full_in}." if full_in is not None else ""
    return f"The disk with the data of the hub is {percent} % full.{forecast}"


def _growth(first: KeptUse, last: KeptUse) -> DiskGrowth:
    days = (last.at - first.at) / DAY_S
    day = (last.use.used - first.use.used) / days
    full_in = rough_time(last.use.free / day * DAY_S) if day > 0 else None
    return DiskGrowth(day, (last.use.store - first.use.store) / days, full_in)


def _is_same_disk(one: DiskUse, other: DiskUse) -> bool:
    return abs(one.size - other.size) <= OTHER_DISK * other.size


def _decoded(memory: bytes) -> DiskMemory:
    try:
        return msgspec.json.decode(memory, type=DiskMemory) if memory else DiskMemory()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return DiskMemory()
