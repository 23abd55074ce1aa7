"""Which windows of a hub are kept, at the last value on each side: without a database."""

from collections.abc import Sequence
from time import thread_time

import pytest

from fleet.filled_base import CATALOGUE, NOW, energy, window
from unclouded.fleet.base.views import HubWindows
from unclouded.fleet.base.windows import opening
from unclouded.fleet.base.windows.opening import OpenedMessage, open_message, text_of
from unclouded.uplink.contents.catalogue import SentCatalogue, SentDevice, encode_catalogue
from unclouded.uplink.contents.energy import DayEnergy, EnergyWindow, encode_energy
from unclouded.uplink.contents.events import WindowEvent, encode_events
from unclouded.uplink.messages import SentWindow

START = int(NOW) - 86_400
FIRST = 946_684_800  # Unix s: 2000


def opened(level: str, *windows: SentWindow, now: float = NOW) -> OpenedMessage:
    return open_message(HubWindows("hub", level, windows), now)


def why_not(level: str, start: int, data: bytes, number: int = 1, now: float = NOW) -> str:
    """Why a window is refused; "" = it is kept."""
    found = opened(level, SentWindow(start, number, data), now=now)
    assert len(found.windows) + len(found.refused) == 1
    return found.refused[0].reason if found.refused else ""


def test_of_a_start_the_window_with_the_highest_number_is_kept() -> None:
    found = opened("later", *(SentWindow(300, number, bytes([number])) for number in (2, 3, 1)), now=FIRST)
    assert not found.windows and [one.start for one in found.refused] == [300]
    found = opened("later", *(SentWindow(FIRST, number, bytes([number])) for number in (2, 3, 1)))
    assert [(one.start, one.number, one.data) for one in found.windows.values()] == [(FIRST, 3, b"\3")]
    assert (found.hub, found.level, found.refused) == ("hub", "later", [])
    (kept,) = opened("later", SentWindow(FIRST, 3, b"first"), SentWindow(FIRST, 3, b"second")).windows.values()
    assert kept.data == b"first"


@pytest.mark.parametrize(
    ("level", "step"), [("energy", 3600), ("quarter", 900), ("minute", 300), ("raw", 300), ("events", 300)]
)
def test_windows_of_a_level_start_at_multiples_of_its_length(level: str, step: int) -> None:
    assert why_not(level, START + step, window(level, START + step, 1).data) == ""
    for start in (START + 1, START + step // 3):
        assert why_not(level, start, b"") == f"no window of this level starts at {start}"


@pytest.mark.parametrize(
    ("start", "now", "why"),
    [
        (FIRST, NOW, ""),
        (FIRST - 300, NOW, "it starts before 2000"),
        (START, START - 86_400, ""),
        (START, START - 86_401, "it starts in the future"),
        (START + 150, NOW, f"no window of this level starts at {START + 150}"),
    ],
)
def test_a_window_is_of_a_time_that_can_be(start: int, now: float, why: str) -> None:
    assert why_not("later", start, b"kept unopened", now=now) == why


@pytest.mark.parametrize(("number", "fits"), [(0, False), (1, True), (2**63 - 1, True), (2**63, False), (-1, False)])
def test_numbers_are_those_that_a_database_has(number: int, fits: bool) -> None:
    assert why_not("later", START, b"", number) == ("" if fits else f"it has the number {number}")


@pytest.mark.parametrize(
    ("level", "fits"),
    [("a", True), ("a_9" + "b" * 29, True), ("a" * 33, False), ("9a", False), ("", False), ("A", False)],
)
def test_names_of_levels(level: str, fits: bool) -> None:
    assert why_not(level, START, b"") == ("" if fits else "no level is called so")


def test_the_catalogue_has_one_window() -> None:
    data = encode_catalogue(CATALOGUE)
    (kept,) = opened("catalogue", SentWindow(0, 1, data)).windows.values()
    assert kept.catalogue == CATALOGUE
    assert why_not("catalogue", 300, data) == "the catalogue has only one window, from 0 on"
    for number, fits in ((0, True), (2**63 - 1, True), (2**63, False), (-1, False)):
        found = encode_catalogue(SentCatalogue((SentDevice(1, "w"), SentDevice(number, "x"))))
        assert why_not("catalogue", 0, found) == ("" if fits else "it has a device with no number")


# --- energy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "fits"),
    [
        ("2026-11-27", True),
        ("2026-11-29", True),
        ("2026-12-01", True),
        ("2026-11-26", False),
        ("2026-12-02", False),
        ("20261129", False),
        ("2026-11-2x", False),
        ("2026-13-01", False),
        ("2026-11-29T", False),
    ],
)
def test_a_day_of_energy_is_one_that_its_hour_may_touch(date: str, fits: bool) -> None:
    """The hour is of 2026-11-29; zones differ by up to a day."""
    why = why_not("energy", START, energy(date, 5))
    assert why == ("" if fits else "it has a day that its hour does not touch")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("value", "fits"), [(10**15, True), (10**15 + 1, False), (-(10**15), True), (-(10**15) - 1, False)]
)
def test_a_home_uses_so_much_energy_at_most(place: int, value: int, fits: bool) -> None:
    values = [value if place == number else None for number in range(3)]
    data = encode_energy(EnergyWindow((), (DayEnergy("2026-11-29", "UTC", values[0], values[1], values[2]),)))
    assert why_not("energy", START, data) == ("" if fits else "it has more energy than a home can use")


@pytest.mark.parametrize(("flags", "fits"), [(0, True), (2**31 - 1, True), (2**31, False), (-1, False)])
def test_the_flags_of_a_day_fit_the_database(flags: int, fits: bool) -> None:
    assert why_not("energy", START, energy("2026-11-29", 5, flags)) == ("" if fits else "it has flags that no day has")
    if fits:
        (kept,) = opened("energy", SentWindow(START, 1, energy("2026-11-29", 5, flags))).windows.values()
        assert [(one.date, one.import_mWh, one.flags) for one in kept.days] == [("2026-11-29", 5, flags)]


# --- events -------------------------------------------------------------------------------------------


def events(*found: WindowEvent) -> Sequence[WindowEvent]:
    (kept,) = opened("events", SentWindow(START, 1, encode_events(found))).windows.values()
    assert kept.items == len(found)
    return kept.events


def test_texts_of_events_are_kept_as_the_database_takes_them() -> None:
    at = START * 1000
    (event,) = events(WindowEvent(at, 7, "k\0" * 300, "t\0" * 3000, '{"a":1}'))
    assert event == WindowEvent(at, 7, "k" * 200, "t" * 2000, '{"a":1}')
    assert text_of("x" * 201) == "x" * 200
    longest, longer = f'{{"a":"{"x" * 1992}"}}', f'{{"a":"{"x" * 1993}"}}'
    assert len(longest) == 2_000
    shown = [one.data for one in events(*(WindowEvent(at, 0, "k", "", data) for data in (longest, longer, "{ }")))]
    assert shown == [longest, "{}", "{}"]


@pytest.mark.parametrize("data", ["", "[]", "1", '{"a"', "[" * 5000])
def test_the_data_of_an_event_is_an_object(data: str) -> None:
    why = why_not("events", START, encode_events([WindowEvent(0, 0, "k", "", data)]))
    assert why == "the data of an event is not a JSON object"


@pytest.mark.parametrize(
    ("at", "device", "fits"),
    [(0, 0, True), (2**63 - 1, 2**63 - 1, True), (-1, 0, False), (2**63, 0, False), (0, -1, False), (0, 2**63, False)],
)
def test_an_event_has_a_time_and_a_device(at: int, device: int, fits: bool) -> None:
    why = why_not("events", START, encode_events([WindowEvent(at, device, "k")]))
    assert why == ("" if fits else "it has an event of no time or device")


# --- how much -----------------------------------------------------------------------------------------


def test_the_items_of_a_window_are_rows_events_or_ten_readings() -> None:
    counts = {"quarter": 1, "minute": 5, "raw": 30, "events": 1, "energy": 0, "later": 0}
    for level, count in counts.items():
        (kept,) = opened(level, window(level, START, 1)).windows.values()
        assert kept.items == count
        assert kept.data == window(level, START, 1).data


def test_a_message_has_so_many_items_and_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert opening.MOST_ITEMS == 200_000
    monkeypatch.setattr(opening, "MOST_ITEMS", 10)
    before = thread_time()
    found = opened("minute", *(window("minute", START + 300 * number, 1) for number in range(5)))
    assert sorted(found.windows) == [START, START + 300, START + 600]
    assert [(one.start, one.reason) for one in found.refused] == [
        (START + 300 * number, "the windows of its message have more than 10 rows or events") for number in (3, 4)
    ]
    assert 0.0 < found.cost_s <= thread_time() - before
