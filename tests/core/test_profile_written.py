"""Rows written as TOML are read back as they were, and values that are set are read back as they were set."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.test_interpret import NoSettings
from unclouded.app.protocols import profile_library
from unclouded.core.errors import ConfigError
from unclouded.core.profile import Condition, PointRow, Profile, ProfileFile, WirePoint, load_profile, make_profile
from unclouded.core.profile.written import row_lines

HEAD = 'name = "x/y"\nfamily = "toy"\ntitle = "X"\n'


def read_back(rows: list[WirePoint]) -> tuple[WirePoint, ...]:
    text = HEAD + "".join("\n[[point]]\n" + "\n".join(row_lines(row)) + "\n" for row in rows)
    return load_profile(text, "written", lambda _: NoSettings).points


def made(*rows: PointRow) -> Profile:
    return make_profile(ProfileFile(name="x/y", family="toy", title="X", point=list(rows)), "x", lambda _: NoSettings)


def test_every_shipped_profile_is_read_back_as_it_was() -> None:
    library = profile_library()
    for name in library.names():
        points = library.get(name).points
        assert read_back(list(points)) == points, name


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
CONDITIONS = st.builds(Condition, dp=st.integers(200, 255), values=st.lists(st.integers(0, 9), min_size=1).map(list))
SCALES = st.sampled_from([1, 10, Decimal("0.1"), Decimal("0.001"), Decimal("0.5"), Decimal("0.00001"), 3600])
COMMON = {"key": TEXTS, "dp": st.integers(0, 199), "label": st.text(max_size=5).filter(str.isprintable)}
NUMBERS = st.builds(
    PointRow,
    **COMMON,
    type=st.sampled_from(["value", "float", ""]),
    scale=SCALES,
    access=st.sampled_from(["r", "rw", "w"]),
    minimum=st.none() | st.decimals(-1000, 0, places=3).map(float),
    maximum=st.none() | st.decimals(0, 1000, places=3).map(float),
    exponent=st.none() | st.integers(-6, 2),
    used_when=st.none() | CONDITIONS,
)
SIGNED = st.builds(
    PointRow, **COMMON, type=st.just("value"), scale=SCALES, negative_when=CONDITIONS, direction_lags=st.booleans()
)
COUNTERS = st.builds(
    PointRow,
    **COMMON,
    type=st.just("value"),
    counter=st.sampled_from(["total", "increment", "daily", "dated", "net"]),
    wraps=st.none() | st.just(2**32),
    falls_to=st.just("elsewhere_Wh"),
)
CHOICES = st.builds(
    PointRow,
    **COMMON,
    type=st.sampled_from(["enum", "bitmap"]),
    options=st.lists(TEXTS, max_size=6, unique=True),
    access=st.sampled_from(["r", "rw"]),
    confidence=st.sampled_from(["", "confirmed", "single", "disputed"]),
)
SWITCHES = st.builds(
    PointRow, **COMMON, type=st.just("bool"), inverted=st.booleans(), access=st.sampled_from(["r", "rw"])
)
ALARMS = st.builds(PointRow, **COMMON, type=st.just("enum"), true_is=st.lists(st.integers(0, 5), min_size=1).map(list))
TENTHS = st.builds(PointRow, **COMMON, type=st.just("value"), negative=st.just("tenth"))
ROWS = st.one_of(NUMBERS, SIGNED, COUNTERS, CHOICES, SWITCHES, ALARMS, TENTHS)


@given(ROWS)
def test_any_row_is_read_back_as_it_was(row: PointRow) -> None:
    try:
        points = made(row).points
    except ConfigError:  # what a row may not be, other tests have
        return
    assert read_back(list(points)) == points


SETTABLE = st.one_of(NUMBERS, CHOICES, SWITCHES)


@given(SETTABLE, st.integers(-(2**31), 2**31 - 1))
def test_a_value_that_the_wire_can_have_is_set_to_the_same_wire_value(row: PointRow, raw: int) -> None:
    try:
        (point,) = made(row).points
    except ConfigError:
        return
    if row.type == "bool":
        wire: bool | int | float = bool(raw % 2)
    elif row.type == "enum":
        wire = raw % max(len(row.options), 1)
    else:
        wire = abs(raw) if row.type == "bitmap" else raw
    value = point.from_wire(wire)
    low, high = point.point.minimum, point.point.maximum
    is_beyond = (low is not None and float(value) < low) or (high is not None and float(value) > high)
    assert is_beyond or point.to_wire(value) == wire


@pytest.mark.parametrize("raw", [-1, 3, 255])
def test_an_enum_that_is_no_option_is_its_number(raw: int) -> None:
    (point,) = made(PointRow(dp=1, type="enum", key="mode", options=["a", "b"])).points
    assert point.from_wire(raw) == str(raw)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (PointRow(dp=1, key="x", type="number"), "type` must be one of bool, value"),
        (PointRow(dp=1, key="x", type="value", options=["a"]), "options` is for an enum or a bitmap"),
        (PointRow(dp=1, key="x", type="enum", options=["a", "a"]), "options` must name each option once"),
        (PointRow(dp=1, key="x", type="bitmap", options=[str(n) for n in range(33)]), "more than 32 names"),
        (PointRow(dp=1, key="x", type="value", inverted=True), "inverted` is for a switch"),
        (PointRow(dp=1, key="x", type="value", minimum=3, maximum=2), "minimum` is more than the maximum"),
        (PointRow(dp=-1, key="x"), "dp` is the number of a data point, not -1"),
        (PointRow(wire="", key="x"), "needs one of `dp` and `wire`"),
        (PointRow(dp=1, key="x", direction_lags=True), "direction_lags` is for a number with `negative_when`"),
        (
            PointRow(dp=1, key="x", access="rw", negative_when=Condition(dp=2, values=1)),
            "negative_when` is for a number that can only be read",
        ),
        (
            PointRow(dp=1, key="x", negative_when=Condition(dp=2, values="REVERSE")),
            "takes numbers as they are on the wire, not 'REVERSE'",
        ),
        (PointRow(dp=1, key="x", negative_when=Condition(dp=1, values=1)), "names its own data point"),
    ],
)
def test_a_row_that_means_nothing_is_an_error_that_names_the_key(row: PointRow, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        made(row)
    assert str(refused.value).startswith("x: `$.point[0]") or "of x" in str(refused.value)


def test_a_direction_is_a_value_that_is_reported_by_itself() -> None:
    raw = PointRow(dp=6, key="phase", type="raw", decode="phase")
    with pytest.raises(ConfigError, match=r"names 6.way, a raw value with others inside"):
        made(raw, PointRow(dp=1, key="x", negative_when=Condition(wire="6.way", values=1)))
