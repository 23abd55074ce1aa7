"""Reading histories back: ranges, steps, names, while a hub writes and without one."""

from pathlib import Path
from random import Random
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Device, Fact, Point, Quality, Reading
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store

NOON = 1_800_000_000
POINTS = (
    Point(key="power_W", exponent=-1),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="on", kind="switch"),
    Point(key="mode", kind="enum"),
)
PLUG = Device(id="plug", identity="uuid-1", family="sim", link="", profile="", points=POINTS)


def said(
    point: str,
    value: float | str,
    after: float,
    device: str = "plug",
    *,
    quality: Quality = "good",
    flags: tuple[str, ...] = (),
) -> Reading:
    return Reading(device, point, value, NOON + after, quality, flags)


async def filled(path: Path, *facts: Fact) -> StoreReader:
    store = Store(path, wall=lambda: NOON + 9000.0)
    store.open()
    store.deliver(facts)
    await store.close()
    return StoreReader(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


async def test_a_range_includes_its_start_and_not_its_end(path: Path) -> None:
    readings = [said("power_W", n, n / 2) for n in range(10)]
    with await filled(path, PLUG, *readings) as reader:
        assert [row.value for row in reader.history("plug", None, NOON + 1, NOON + 2.5)] == [2, 3, 4]


async def test_points_can_be_chosen(path: Path) -> None:
    with await filled(path, PLUG, said("power_W", 1, 0), said("on", True, 0), said("mode", "eco", 0)) as reader:
        assert [row.point for row in reader.history("plug", ["on"])] == ["on"]
        assert [row.point for row in reader.history("plug", ["mode"])] == ["mode"]


async def test_a_step_gives_min_mean_and_max_of_numbers_and_the_last_of_all_else(path: Path) -> None:
    facts = [
        *(said("power_W", value, n * 10) for n, value in enumerate([10.0, 40.0, 10.0, 7.0])),
        *(said("energy_import_Wh", value, n * 10) for n, value in enumerate([1.0, 2.0, 3.5, 4.0])),
        said("on", True, 5, flags=("odd",), quality="suspect"),
        said("on", False, 15),
        said("mode", "eco", 12),
    ]
    with await filled(path, PLUG, *facts) as reader:
        first = {row.point: row for row in reader.history("plug", None, NOON, NOON + 30, step=30)}
    power = first["power_W"]
    assert (power.at, power.value, power.min, power.mean, power.max) == (NOON, None, 10, 20, 40)
    assert first["energy_import_Wh"].value == 3.5
    assert (first["on"].value, first["on"].quality, first["on"].flags) == (False, "suspect", ("odd",))
    assert first["mode"].value == "eco"


async def test_a_long_history_is_read_whole_though_in_pieces(path: Path) -> None:
    readings = [said("power_W", n, n) for n in range(9001)]
    with await filled(path, PLUG, *readings) as reader:
        assert [row.value for row in reader.history("plug")] == list(range(9001))


async def test_the_latest_values_are_those_of_each_point(path: Path) -> None:
    facts = [said("on", True, 0), said("power_W", 5, 1), said("power_W", 6, 2), said("mode", "eco", 3)]
    with await filled(path, PLUG, *facts) as reader:
        assert reader.latest() == [facts[3], facts[0], facts[2]]


async def test_devices_are_known_with_all_their_names(path: Path) -> None:
    renamed = Device(id="pump", identity="uuid-1", family="sim", link="", profile="", points=POINTS)
    with await filled(path, PLUG, renamed) as reader:
        (known,) = reader.devices()
    assert (known.identity, known.id, set(known.ids), known.device) == ("uuid-1", "pump", {"plug", "pump"}, renamed)


async def test_an_unknown_device_is_named_with_those_that_are_known(path: Path) -> None:
    with await filled(path, PLUG) as reader, pytest.raises(CommandError, match=r"'kettle'.*plug"):
        reader.history("kettle")


async def test_an_old_name_of_several_devices_must_be_made_clear(path: Path) -> None:
    facts = [
        Device(id=id, identity=identity, family="sim", link="", profile="")
        for id, identity in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "2")]
    ]
    with await filled(path, *facts) as reader, pytest.raises(CommandError, match="Several"):
        reader.history("a")


async def test_a_reader_sees_what_the_hub_writes_meanwhile(path: Path) -> None:
    store = Store(path)
    store.open()
    with StoreReader(path) as reader:
        for number in range(3):
            store.deliver([PLUG, said("power_W", number, number)])
            await store.flush()
            assert [row.value for row in reader.history("plug")] == list(range(number + 1))
    await store.close()


async def test_the_value_at_a_time_is_the_last_one_before_with_its_quality_also_from_rollups(path: Path) -> None:
    facts = [
        said("power_W", 1, -600, quality="suspect"),
        said("power_W", 2, -599),
        said("mode", "eco", -300, quality="estimated"),
        said("energy_import_Wh", 5, -600, quality="held", flags=("dip",)),
        *(said("on", n % 2 == 0, n - 240) for n in range(300)),
    ]
    with await filled(path, PLUG, *facts) as reader:
        found = reader.standing("plug", ["power_W", "mode", "energy_import_Wh", "nothing"], NOON)
        assert {point: (one.at / 1000 - NOON, one.value, one.quality) for point, one in found.items()} == {
            "power_W": (-599, 2, "good"),
            "mode": (-300, "eco", "estimated"),
            "energy_import_Wh": (-600, 5, "held"),
        }
        assert reader.standing("plug", ["mode", "power_W"], NOON - 600) == {}
        assert reader.standing("plug", ["on"], NOON)["on"].at / 1000 == NOON - 1


def test_a_missing_store_is_reported(path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        StoreReader(path)


stories = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from(["power_W", "energy_import_Wh"]), st.integers(-9999, 10**6)),
    max_size=30,
    unique_by=lambda story: story[:2],
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stories, st.randoms(use_true_random=False), st.integers(1, 5))
async def test_in_whatever_order_and_batches_readings_come_the_history_is_the_same(
    tmp_path: Path, story: list[tuple[int, str, int]], chance: Random, batches: int
) -> None:
    readings = [said(point, number / 10, ms / 1000) for ms, point, number in story]
    shuffled = readings[:]
    chance.shuffle(shuffled)
    path = Path(mkdtemp(dir=tmp_path)) / "store.sqlite"
    store = Store(path)
    store.open()
    store.deliver([PLUG])
    for start in range(batches):
        store.deliver(shuffled[start::batches])
        await store.flush()
    await store.close()
    with StoreReader(path) as reader:
        found = sorted((row.at, row.point, row.value) for row in reader.history("plug"))
    assert found == sorted((reading.at, reading.point, reading.value) for reading in readings)
