"""What providers of prices and carbon intensities send, in the forms that they are known to use -> intervals."""

import json
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.feeds.address import addresses, is_for_any_time, unknown_placeholder
from unclouded.feeds.answer import FeedForm, intervals_of
from unclouded.feeds.json_path import is_path, selected

BERLIN, LONDON, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London"), ZoneInfo("UTC")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
NOON = int(NOW)


def form(values: str, times: str = "", ends: str = "", factor: str = "1", zone: ZoneInfo = BERLIN) -> FeedForm:
    return FeedForm(zone=zone, values=values, times=times, ends=ends, factor=Decimal(factor))


def hours(*rows: tuple[int, int, str]) -> list[tuple[int, int, Decimal]]:
    """Hours after noon, exact values."""
    return [(NOON + 3600 * start, NOON + 3600 * end, Decimal(value)) for start, end, value in rows]


def read(text: str, shape: FeedForm) -> list[tuple[int, int, Decimal]]:
    return [(one.start, one.end, one.value) for one in intervals_of(text.encode(), shape, NOW)]


# --- forms of known providers -------------------------------------------------------------------------


def test_rows_with_both_ends_newest_first_as_an_agile_tariff_has_them() -> None:
    text = """{"count": 2, "results": [
        {"value_inc_vat": 21.63, "valid_from": "2026-11-30T13:00:00Z", "valid_to": "2026-11-30T14:00:00Z"},
        {"value_inc_vat": -1.05, "valid_from": "2026-11-30T12:00:00Z", "valid_to": "2026-11-30T13:00:00Z"}]}"""
    shape = form("results[].value_inc_vat", "results[].valid_from", "results[].valid_to", "0.01")
    assert read(text, shape) == hours((0, 1, "-0.0105"), (1, 2, "0.2163"))


def test_milliseconds_and_prices_of_a_megawatt_hour() -> None:
    rows = [
        {"start_timestamp": 1000 * (NOON + 3600 * one), "end_timestamp": 1000 * (NOON + 3600 * (one + 1)), "p": 88.19}
        for one in range(2)
    ]
    shape = form("data[].p", "data[].start_timestamp", "data[].end_timestamp", "0.001")
    assert read(json.dumps({"data": rows}), shape) == hours((0, 1, "0.08819"), (1, 2, "0.08819"))


def test_two_lists_beside_each_other_with_a_hole() -> None:
    times = [NOON + 900 * one for one in (0, 1, 2, 4)]
    found = read(
        json.dumps({"unix_seconds": times, "price": [80.0, None, 82.5, 83.1]}), form("price[]", "unix_seconds[]")
    )
    assert [(start - NOON, end - NOON, f"{value:f}") for start, end, value in found] == [
        (0, 900, "80"),
        (1800, 2700, "82.5"),
        (3600, 4500, "83.1"),
    ]


def test_a_list_as_the_whole_answer() -> None:
    text = """[{"NOK": 0.51, "time_start": "2026-11-30T13:00:00+01:00", "time_end": "2026-11-30T14:00:00+01:00"}]"""
    assert read(text, form("[].NOK", "[].time_start", "[].time_end")) == hours((0, 1, "0.51"))


def test_a_value_deep_inside_each_row() -> None:
    text = """{"data": [{"from": "2026-11-30T12:00Z", "to": "2026-11-30T12:30Z", "intensity": {"forecast": 143}}]}"""
    found = read(text, form("data[].intensity.forecast", "data[].from", "data[].to"))
    assert found == [(NOON, NOON + 1800, Decimal(143))]


def test_one_number_counts_from_now_on() -> None:
    for text, shape in (("0.21", form("")), ('"0.21"', form("")), ('{"price": {"now": 0.21}}', form("price.now"))):
        assert read(text, shape) == [(NOON, NOON + 3600, Decimal("0.21"))]


# --- times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("descending", [False, True])
def test_a_local_day_on_which_clocks_go_back_has_25_hours(descending: bool) -> None:
    labels = [f"2026-10-25T{hour:02}:00" for hour in (0, 1, 2, 2, *range(3, 24))]
    rows = [{"t": label, "v": number} for number, label in enumerate(labels)]
    text = json.dumps(rows[::-1] if descending else rows)
    found = read(text, form("[].v", "[].t"))
    begin = int(datetime(2026, 10, 25, tzinfo=BERLIN).timestamp())
    assert [(start - begin) // 3600 for start, _, _ in found] == list(range(25))
    assert [int(value) for _, _, value in found] == list(range(25))
    assert all(end - start == 3600 for start, end, _ in found)


def test_a_local_day_on_which_clocks_go_forward_has_23_hours_whatever_the_provider_sends() -> None:
    rows = [{"t": f"2026-03-29T{hour:02}:00", "v": hour} for hour in range(24)]
    found = read(json.dumps(rows), form("[].v", "[].t"))
    begin = int(datetime(2026, 3, 29, tzinfo=BERLIN).timestamp())
    assert [(start - begin) // 3600 for start, _, _ in found] == list(range(23))
    assert [int(value) for _, _, value in found] == [0, 1, *range(3, 24)]


def test_a_message_that_ends_with_a_gap_does_not_fill_it() -> None:
    rows = [{"t": NOON + 3600 * one, "v": one} for one in (0, 1, 5)]
    assert read(json.dumps(rows), form("[].v", "[].t")) == hours((0, 1, "0"), (1, 2, "1"), (5, 6, "5"))


# --- what cannot be used ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shape", "words"),
    [
        ("<html>", form(""), "it is not JSON"),
        ("", form(""), "it is not JSON"),
        ("[" * 100_000, form(""), "it is not JSON"),
        ('{"a": 1}', form(""), "is not a number"),
        ("true", form(""), "is not a number"),
        ("1e999", form(""), "not a number"),
        ('"\u0663"', form(""), "is not a number"),
        ("123456789012345678901234567890", form(""), "not a number that a feed may have"),
        ("1e-300", form(""), "too many decimals"),
        ("1e999999999", form(""), "not a number that a feed may have"),
        ("9e999999", form("", factor="10"), "not a number that a feed may have"),
        ('{"v": [1], "t": [[[]]]}', form("v[]", "t[]"), "a list is not a time"),
        ('{"a": {}}', form("a[]", "t[]"), "there is no list at a[]"),
        ("[1, 2]", form("[]"), "`times` must say"),
        ('{"v": [1, 2], "t": [1796000000]}', form("v[]", "t[]"), "2 values, 1 times"),
        ('{"v": [1], "t": ["yesterday"]}', form("v[]", "t[]"), "'yesterday' is not a time"),
        ('{"v": [1], "t": [5]}', form("v[]", "t[]"), "not a time of this century"),
        ('{"v": [1], "t": ["9999-12-31T00:00Z"]}', form("v[]", "t[]"), "not a time of this century"),
        ('[{"v": 1, "t": 1796000000, "e": 1796000000}]', form("[].v", "[].t", "[].e"), "before it begins"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(text: str, shape: FeedForm, words: str) -> None:
    with pytest.raises(CommandError, match=words.replace("[", r"\[").replace("]", r"\]")):
        read(text, shape)


def test_a_text_of_thirty_digits_is_kept_exactly() -> None:
    text = "123456789.123456789012345"
    assert read(f'"{text}"', form(""))[0][2] == Decimal(text)
    text = "0.123456789012345678901234567891"
    assert read(text, form(""))[0][2] == Decimal(text)


def test_json_that_is_nested_as_deeply_as_can_be_decoded_is_refused() -> None:
    for depth in range(900, 1010):
        with pytest.raises(CommandError, match=r"not a number|not JSON"):
            read("[" * depth + "]" * depth, form(""))


@given(st.binary(max_size=200), st.sampled_from([form(""), form("[].v", "[].t"), form("v[]", "t[]", "e[]")]))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_anything_else(data: bytes, shape: FeedForm) -> None:
    try:
        intervals_of(data, shape, NOW)
    except CommandError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("vte"), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["", "v", "[]", "[].v", "v[].t", "[0]", "v[1].e[]"]))
@settings(max_examples=200, deadline=None)
def test_a_path_finds_values_in_any_json_or_says_why_not(tree: object, path: str) -> None:
    assert is_path(path)
    try:
        found = selected(tree, path, 1000)
    except CommandError:
        return
    assert path or found == [tree]


@given(JSON, st.sampled_from([form(""), form("[].v", "[].t"), form("v[]", "t[]", "e[]"), form("[].v", "[].t", "[].e")]))
@settings(max_examples=200, deadline=None)
def test_any_json_is_read_or_refused(tree: object, shape: FeedForm) -> None:
    try:
        found = intervals_of(json.dumps(tree).encode(), shape, NOW)
    except CommandError:
        return
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize("text", [".", "a..b", "a.", "[x]", "a[", "]", "a[]b", "[1234567]"])
def test_what_is_no_path_is_known(text: str) -> None:
    assert not is_path(text)


# --- addresses ----------------------------------------------------------------------------------------


def test_an_address_of_a_range_is_fetched_a_month_at_a_time() -> None:
    url = "https://h.example/p?from={from}&to={to_ms}"
    found = list(addresses(url, date(2026, 10, 24), 40, BERLIN))
    assert [day for _, day in found] == [date(2026, 10, 24), date(2026, 11, 24)]
    assert found[0][0] == f"https://h.example/p?from=2026-10-23T22:00:00Z&to={1000 * _at(2026, 11, 24)}"


def test_an_address_of_a_day_is_fetched_for_each_day() -> None:
    found = list(addresses("https://h.example/{year}/{month}-{day}?until={next_date}", date(2026, 12, 31), 2, BERLIN))
    assert [address for address, _ in found] == [
        "https://h.example/2026/12-31?until=2027-01-01",
        "https://h.example/2027/01-01?until=2027-01-02",
    ]


def test_an_address_without_times_is_fetched_once_and_has_no_past() -> None:
    url = "https://h.example/now"
    assert list(addresses(url, date(2026, 12, 31), 300, BERLIN)) == [(url, date(2026, 12, 31))]
    assert not is_for_any_time(url) and is_for_any_time(url + "/{date}")
    assert unknown_placeholder("https://h.example/{yesterday}") == "yesterday"


def _at(*day: int) -> int:
    return int(datetime(*day, tzinfo=BERLIN).timestamp())  # type: ignore[arg-type, misc]
