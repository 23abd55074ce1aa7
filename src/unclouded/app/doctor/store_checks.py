"""The store: whether it is sound, how large it is, and how long the disk lasts."""

import os
from collections.abc import Iterator
from pathlib import Path

from unclouded.app.disk.disk_watch import DiskWatch
from unclouded.app.disk.service import measured
from unclouded.app.doctor.context import DoctorContext
from unclouded.app.doctor.environment_checks import megabytes
from unclouded.core.errors import DamagedStore, StoreError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.text.rough_time import DAY_S, rough_time
from unclouded.core.times import iso
from unclouded.store.file.inspection import FORMAT, StoreFacts, has_log, inspect

QUICK_CHECK_S = 8.0  # of a store of about a gigabyte on a Raspberry Pi
LARGE_LOG = 64_000_000  # bytes; SQLite empties it at 4 MB
LEAST_SPAN_S = 7 * 86_400.0  # of history from which its growth is estimated
LEAST_DAYS = 90.0  # that the disk should last
MOST_HOURS = 5  # damaged ones that are listed
ONE_HOUR = (
    "Its minutes, quarters and hours are there, and so is its energy. A backup of before has the readings: "
    "unclouded restore FILE"
)
MANY_HOURS = (
    "The disk may be failing: make a backup, replace the disk, and restore it, or bring over what is readable: "
    "unclouded store salvage {path}"
)
TOO_SMALL = (
    "Move the data folder to a larger disk, delete files that nothing needs, or let the hub keep less: [[retention]] "
    "(docs/store.md)."
)
DAMAGED = "store-damaged-*.sqlite"


def store(context: DoctorContext) -> Iterator[Finding]:
    path = context.data / "store.sqlite"
    if context.is_locked:
        yield not_checked("store", f"you may not look into {context.data}", "Run it as the user of the hub.")
        return
    if not os.path.lexists(path):
        yield ok("store", "there is none yet; the hub makes it when it starts")
        return
    is_open = context.hub is not None
    if not is_open and has_log(path):
        text = "the last hub did not close it; what its log holds is brought in when the hub starts"
        yield not_checked("store", text, "Start the hub, and run this again.")
        return
    try:
        facts = inspect(path, QUICK_CHECK_S, is_open)
    except DamagedStore as error:
        yield problem(
            "store", str(error).partition(" Stop the hub")[0], f"Stop the hub, and run: unclouded store salvage {path}"
        )
        return
    except StoreError as error:
        yield problem("store", str(error), "Correct it, or choose another folder with --data.")
        return
    yield from _findings(path, facts)


def damaged_stores(context: DoctorContext) -> Iterator[Finding]:
    """Files that a hub has moved aside."""
    for file in sorted(context.data.glob(DAMAGED)):
        text = f"{file} ({megabytes(_size(file))}) was damaged and moved aside"
        yield warning(
            "damaged store", text, f"Stop the hub, bring it back with `unclouded store salvage {file}`, then delete it."
        )


# --- inside -----------------------------------------------------------------------------------------


def _findings(path: Path, facts: StoreFacts) -> Iterator[Finding]:
    text = f"{megabytes(facts.bytes)} in format {facts.format}, {facts.devices} devices"
    if facts.complaint:
        advice = f"Stop the hub, and run: unclouded store salvage {path}"
        yield problem("store", f"it is damaged: {facts.complaint}", advice)
    elif not facts.is_checked:
        yield ok("store", text)
        yield not_checked("store", f"whether all of it is sound: that took more than {QUICK_CHECK_S:g} s")
    else:
        yield ok("store", f"{text}, sound")
    yield from _damaged_hours(path, facts)
    if facts.format < FORMAT:
        yield ok("store", f"its format becomes {FORMAT} when the hub starts")
    yield judged(
        facts.wal_bytes <= LARGE_LOG,
        "store log",
        f"{megabytes(facts.wal_bytes)} are in the write-ahead log",
        "A program has held it open for long: stop what reads the store, or restart the hub.",
        warning,
    )
    yield from _growth(path, facts)


def _damaged_hours(path: Path, facts: StoreFacts) -> Iterator[Finding]:
    for device, start in facts.damaged_hours[:MOST_HOURS]:
        text = f"the readings of {device} in the hour from {iso(start)} are damaged in {path.absolute()}, and left out"
        yield warning("damaged hour", text, ONE_HOUR)
    if len(facts.damaged_hours) > MOST_HOURS:
        more = len(facts.damaged_hours) - MOST_HOURS
        yield warning("damaged hour", f"{more} more hours are damaged in {path}", MANY_HOURS.format(path=path))
    if facts.hours_unread:
        yield not_checked("store", f"whether {facts.hours_unread} of its sealed hours are sound: that took too long")


def _growth(path: Path, facts: StoreFacts) -> Iterator[Finding]:
    """How long the disk lasts: by its use in the last days, else by the store alone since its begin."""
    use = measured(path.parent, lambda: facts.bytes + facts.wal_bytes)
    if use is None:
        return
    growth = DiskWatch(facts.disk).last_growth()
    if growth is not None:
        text = f"in the last days the disk filled by {_change(growth.day)}, by the store {_change(growth.store_day)}"
        day = growth.day
    elif facts.first is not None and facts.last is not None and facts.last - facts.first >= LEAST_SPAN_S:
        day = facts.bytes / (facts.last - facts.first) * DAY_S
        text = f"it grows by {_change(day)}"
    else:
        return
    left_days = use.free / day if day > 0 else float("inf")
    text += f"; the disk is full in {rough_time(left_days * DAY_S)}" if day > 0 else ""
    yield judged(left_days >= LEAST_DAYS, "store size", text, TOO_SMALL, warning)


def _change(day: float) -> str:
    return f"{'-' if day < 0 else ''}{megabytes(abs(day))} a day"


def _size(file: Path) -> float:
    try:
        return file.stat().st_size
    except OSError:
        return 0
