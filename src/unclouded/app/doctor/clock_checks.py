"""The clocks of this computer: the time of day, the time zone, and whether both clocks run alike."""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

from unclouded.app.doctor.context import DoctorContext
from unclouded.core.errors import StoreError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.times import duration_text, iso
from unclouded.store.file.inspection import has_log, inspect

EARLIEST = 1_767_225_600.0  # Unix seconds of 2026-01-01: this program is not older
LATEST = EARLIEST + 30 * 365 * 86_400
BACK_S = 120.0  # s by which stored rows may be ahead of the clock
MEASURED_S = 0.5
MOST_DRIFT = 500e-6  # an NTP client corrects with 500 ppm at most
RESOLUTION_S = 0.001
TIME_ERROR = 5  # what adjtimex(2) returns while the clock is not synchronised
TIMEX_BYTES = 512  # more than struct timex has on any machine
NTP_ADVICE = "Run: sudo timedatectl set-ntp true (Debian: sudo apt install systemd-timesyncd)"
SET_CLOCK = "Set the clock: connect to the network and run: sudo timedatectl set-ntp true"
MONTHS = tuple(range(1, 13))


def wall_clock(context: DoctorContext) -> Iterator[Finding]:
    now = time.time()
    text = f"it is {iso(now)}"
    newest = _newest_stored(context)
    if not EARLIEST <= now <= LATEST:
        yield problem("time", f"{text}, which cannot be right", SET_CLOCK)
    elif newest is not None and newest > now + BACK_S:
        ahead = duration_text(newest - now)
        yield problem("time", f"{text}, and the store has readings that are {ahead} ahead of it", SET_CLOCK)
    else:
        yield ok("time", text)


def synchronisation(context: DoctorContext) -> Iterator[Finding]:
    """By the system's own service, else by the state of the kernel's clock."""
    shown = context.computer.output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if shown in ("yes", "no"):
        text = f"timedatectl: {'' if shown == 'yes' else 'not '}synchronised"
        yield judged(shown == "yes", "NTP", text, NTP_ADVICE, warning)
        return
    state = _adjtimex()
    if state is None:
        yield not_checked("NTP", "neither timedatectl nor adjtimex is available here")
    else:
        text = f"the kernel's clock is {'not ' if state == TIME_ERROR else ''}synchronised"
        yield judged(state != TIME_ERROR, "NTP", text, NTP_ADVICE, warning)


def zone(context: DoctorContext) -> Iterator[Finding]:
    """Days and weeks of energy are cut in the configured zone."""
    if context.config is None:
        return
    own = context.config.zone
    name = _system_zone(context)
    if _offsets(own) == _offsets(None):
        yield ok("time zone", f"{own}, as this computer{f' ({name})' if name else ''}")
        return
    text = f"the configuration has {own}, this computer {name or time.tzname[0]}: days end at different times"
    yield warning(
        "time zone", text, f'Set timezone = "{name or "Europe/Madrid"}" in [hub], or leave it if it is meant.'
    )


def drift(context: DoctorContext) -> Iterator[Finding]:
    """Is the clock being set, or does it run at another speed than the one that measures spans?"""
    before = time.time() - time.monotonic()
    time.sleep(MEASURED_S)
    moved = time.time() - time.monotonic() - before
    text = f"the time of day moved by {moved * 1000:.3f} ms against the monotonic clock within {MEASURED_S:g} s"
    limit = max(MEASURED_S * MOST_DRIFT, RESOLUTION_S)
    advice = "Something sets the clock: look for a second NTP client, or a virtual machine that sets it from its host."
    yield judged(abs(moved) <= limit, "clocks", text, advice, warning)


# --- inside -----------------------------------------------------------------------------------------


def _newest_stored(context: DoctorContext) -> float | None:
    """Unix seconds of the newest contact with any device; None where that is not known."""
    file = context.data / "store.sqlite"
    is_open = context.hub is not None
    try:
        return None if not is_open and has_log(file) else inspect(file, 0.0, is_open).last
    except (StoreError, OSError):
        return None


def _adjtimex() -> int | None:
    """The state of the kernel's clock; nothing is set, since no mode is given."""
    try:
        call = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state = int(call(ctypes.create_string_buffer(TIMEX_BYTES)))
    return None if state < 0 else state


def _system_zone(context: DoctorContext) -> str:
    """The name of this computer's zone, "" = not known."""
    given = os.environ.get("TZ", "").removeprefix(":")
    if given:
        return given
    with suppress(OSError):
        target = str(context.computer.path("/etc/localtime").readlink())
        if "zoneinfo/" in target:
            return target.rpartition("zoneinfo/")[2]
    return context.computer.read("/etc/timezone")


def _offsets(zone: tzinfo | None) -> list[object]:
    """From UTC, in each month of this year; ``None``: in the zone of this computer."""
    year = datetime.now(UTC).year
    return [datetime(year, month, 1, 12, tzinfo=UTC).astimezone(zone).utcoffset() for month in MONTHS]
