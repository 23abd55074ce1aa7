"""Windows as they come: whether they can be read, and what other tables take from them.

A window is refused alone, with a reason for its owner. Levels that this Unclouded does not know are kept unopened.

Source: docs/protocols/fleet.md §3, §4
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from time import thread_time
from typing import NamedTuple

import msgspec

from unclouded.fleet.base.views import HubWindows
from unclouded.uplink.contents.arrays import raw_arrays
from unclouded.uplink.contents.catalogue import SentCatalogue, decode_catalogue
from unclouded.uplink.contents.energy import DayEnergy, decode_energy
from unclouded.uplink.contents.events import WindowEvent, decode_events
from unclouded.uplink.contents.packing import ContentError
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.messages import RefusedWindow, SentWindow

CATALOGUE = "catalogue"
LENGTHS: Mapping[str, int] = {"energy": 3600, "quarter": 900}  # s; of all others UNIT_S
MOST_ITEMS = 200_000  # of all windows of a message: columns of zeros have no length, but take time
UNIT_S = 300  # every window is a multiple, also of levels to come
DAY = 86_400
EARLIEST = 946_684_800  # Unix s: 2000, before any hub
LATEST_S = DAY  # ahead of the clock of the fleet
MOST_NUMBER = 2**63
MOST_ENERGY_MWH = 10**15
LONGEST_TEXT = 2_000
LONGEST_NAME = 200
MOST_FLAGS = 2**31
LEVEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
NOT_AN_OBJECT = "the data of an event is not a JSON object"


class OpenedWindow(NamedTuple):
    """A window that is kept. ``items``: rows or events, or ten readings each."""

    start: int
    number: int
    data: bytes
    days: Sequence[DayEnergy] = ()
    events: Sequence[WindowEvent] = ()
    catalogue: SentCatalogue | None = None
    items: int = 0


class OpenedMessage(NamedTuple):
    """``windows``: by start, the newest of each. ``cost_s``: of processor time."""

    hub: str
    level: str
    windows: Mapping[int, OpenedWindow]
    refused: Sequence[RefusedWindow]
    cost_s: float


def open_message(message: HubWindows, now: float) -> OpenedMessage:
    """Checks the windows of a hub's message: those that can be stored, and the others with the reason."""
    newest: dict[int, SentWindow] = {}
    for window in message.windows:
        if window.start not in newest or newest[window.start].number < window.number:
            newest[window.start] = window
    windows: dict[int, OpenedWindow] = {}
    refused: list[RefusedWindow] = []
    began, left = thread_time(), MOST_ITEMS
    for window in newest.values():
        try:
            if left < 0:
                raise ContentError(f"the windows of its message have more than {MOST_ITEMS} rows or events")
            opened = windows[window.start] = open_window(message.level, window, now)
            left -= opened.items
        except ContentError as error:
            refused.append(RefusedWindow(window.start, str(error)[:LONGEST_NAME]))
    return OpenedMessage(message.hub, message.level, windows, refused, thread_time() - began)


def open_window(level: str, window: SentWindow, now: float) -> OpenedWindow:
    """Raises ContentError."""
    _check_place(level, window, now)
    found = OpenedWindow(window.start, window.number, window.data)
    return OPENERS[level](found) if level in OPENERS else found


# --- inside -----------------------------------------------------------------------------------------


def _check_place(level: str, window: SentWindow, now: float) -> None:
    if not 0 < window.number < MOST_NUMBER:
        raise ContentError(f"it has the number {window.number}")
    if level == CATALOGUE:
        if window.start != 0:
            raise ContentError("the catalogue has only one window, from 0 on")
        return
    if not LEVEL_NAME.fullmatch(level):
        raise ContentError("no level is called so")
    if window.start % LENGTHS.get(level, UNIT_S):
        raise ContentError(f"no window of this level starts at {window.start}")
    if not EARLIEST <= window.start <= now + LATEST_S:
        raise ContentError("it starts before 2000" if window.start < EARLIEST else "it starts in the future")


def _energy(window: OpenedWindow) -> OpenedWindow:
    days = decode_energy(window.data).days
    around = date(1970, 1, 1) + timedelta(seconds=window.start)
    for day in days:
        _check_day(day, around)
    return window._replace(days=days)


def _check_day(day: DayEnergy, around: date) -> None:
    if not (len(day.date) == 10 and _is_near(day.date, around)):
        raise ContentError("it has a day that its hour does not touch")
    for value in (day.import_mWh, day.export_mWh, day.solar_mWh):
        if value is not None and abs(value) > MOST_ENERGY_MWH:
            raise ContentError("it has more energy than a home can use")
    if not 0 <= day.flags < MOST_FLAGS:
        raise ContentError("it has flags that no day has")


def _is_near(day: str, around: date) -> bool:
    try:
        return abs((date.fromisoformat(day) - around).days) <= 2
    except ValueError:
        return False


def _events(window: OpenedWindow) -> OpenedWindow:
    events = [_event(one) for one in decode_events(window.data)]
    return window._replace(events=events, items=len(events))


def _event(event: WindowEvent) -> WindowEvent:
    if not 0 <= event.at < MOST_NUMBER or not 0 <= event.device < MOST_NUMBER:
        raise ContentError("it has an event of no time or device")
    try:
        data = msgspec.json.decode(event.data, type=dict)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise ContentError(NOT_AN_OBJECT) from None
    shown = event.data if len(event.data) <= LONGEST_TEXT and data else "{}"
    return WindowEvent(event.at, event.device, text_of(event.kind), text_of(event.text, LONGEST_TEXT), shown)


def _catalogue(window: OpenedWindow) -> OpenedWindow:
    found = decode_catalogue(window.data)
    if any(not 0 <= device.number < MOST_NUMBER for device in found.devices):
        raise ContentError("it has a device with no number")
    return window._replace(catalogue=found)


def _rows(level: str) -> Callable[[OpenedWindow], OpenedWindow]:
    def opened(window: OpenedWindow) -> OpenedWindow:
        return window._replace(items=len(decode_rows(level, window.start, window.data)))

    return opened


def _raw(window: OpenedWindow) -> OpenedWindow:
    values = sum(len(one.at) for one in raw_arrays(window.start, window.data).values())
    return window._replace(items=values // 10)


OPENERS: Mapping[str, Callable[[OpenedWindow], OpenedWindow]] = {
    CATALOGUE: _catalogue,
    "energy": _energy,
    "events": _events,
    "quarter": _rows("quarter"),
    "minute": _rows("minute"),
    "raw": _raw,
}


def text_of(text: str, most: int = LONGEST_NAME) -> str:
    """As PostgreSQL takes it: without NUL, and not too long."""
    return text.replace("\0", "")[:most]
