"""An unknown MCU is talked to for a while, and a profile is proposed for it that reads it right."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from unclouded.app.protocols import settings_of
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.recent_chunks import RecentChunks, WireChunk
from unclouded.core.sessions.session import Ambient, Event, LinkPath, Reported, WireCommand, WireValue
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.probe.propose import Proposed, as_toml, learn, propose
from unclouded.families.tuya.values.phase import encode_phase
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.links.memory import pair
from unclouded.profiles import ProfileLibrary
from virtual_loop import virtual_run

SHELF = ProfileLibrary(settings_of)
KNOWN = [one for one in map(SHELF.get, SHELF.names()) if one.family == "tuya_wifi" and not one.unknown]
TYPES = {38: "enum", 9: "value", 26: "bitmap", 6: "raw", 7: "raw", 8: "raw", 107: "raw"}


def talk(measured: Sequence[Mapping[int, WireValue]], faults: frozenset[str] = frozenset()) -> list[WireChunk]:
    """What went over the wire while an MCU measured this, every five seconds something else."""
    tape = RecentChunks()

    def nothing(events: Sequence[Event], now: float) -> None:
        """No listener but the tape."""

    async def conversation() -> None:
        ours, theirs = pair(LinkPath(), LinkPath())
        ambient = Ambient(lambda now: now, bytes)
        mcu = Driver(wifi_mcu(McuOptions(product="abcdefgh12345678", faults=faults)), theirs, nothing)
        module = Driver(wifi_module(WifiSettings(poll_s=3.0), ambient), ours, nothing, tape)
        tasks = [asyncio.create_task(one.run(), name="end") for one in (mcu, module)]
        await asyncio.sleep(0.1)
        for values in measured:
            types = {
                str(id): "bool" if value is True or value is False else TYPES.get(id, "value")
                for id, value in values.items()
            }
            mcu.submit(WireCommand({str(id): value for id, value in values.items()}, types=types))
            await asyncio.sleep(5.0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    virtual_run(conversation())
    return tape.chunks()


def proposal(measured: Sequence[Mapping[int, WireValue]], faults: frozenset[str] = frozenset()) -> Proposed:
    return propose(learn(talk(measured, faults)), KNOWN, FAMILY_WIFI.decoders)


def loaded(proposed: Proposed) -> Profile:
    return load_profile(as_toml(proposed, "mine", "abcdefgh12345678"), "mine.toml", settings_of)


def read(proposed: Proposed, values: Mapping[int, WireValue]) -> dict[str, object]:
    reader = Interpreter("x", loaded(proposed), DeviceEnergy("x", {}), FAMILY_WIFI.decoders)
    sent = reader.readings(Reported({str(id): value for id, value in values.items()}), 100.0)
    return {one.point: one.value for one in sent}


def plug(power: float, power_scale: float, voltage_scale: float) -> dict[int, WireValue]:
    volts, amperes = round(230 / voltage_scale), round(power / 230 * 1000)
    return {1: True, 9: 0, 18: amperes, 19: round(power / power_scale), 20: volts, 26: 0}


def test_a_proposal_with_a_base_has_only_the_rows_that_differ_and_reads_the_same() -> None:
    library = ProfileLibrary(settings_of)
    proposed = proposal([plug(1500.0, 0.1, 0.1)])
    base = library.get(proposed.like)
    text = as_toml(proposed, "mine", "abcdefgh12345678", base)
    read = load_profile(text, "mine.toml", settings_of, base_of=library.base)
    whole = load_profile(as_toml(proposed, "mine", "abcdefgh12345678"), "mine.toml", settings_of)
    wires = {row.wire for row in whole.points}
    assert {row.wire: row for row in read.points if row.wire in wires} == {row.wire: row for row in whole.points}
    assert all(row.counter == "increment" for row in read.points if row.wire not in wires), "what else may report later"
    assert "[[point]]" not in text and f'base = "{proposed.like}"' in text
    odd = proposal([plug(1500.0, 0.01, 0.1)])
    assert as_toml(odd, "mine", "", library.get(odd.like)).count("[[point]]") == (1 if odd.like == proposed.like else 0)


@pytest.mark.parametrize("voltage_scale", [0.1, 0.01, 1])
@pytest.mark.parametrize("power_scale", [0.1, 0.01, 1])
@pytest.mark.parametrize("faults", [frozenset(), frozenset({"sends-stray-bytes"}), frozenset({"answers-slowly"})])
def test_the_scales_of_a_plug_are_found_by_physics(
    power_scale: float, voltage_scale: float, faults: frozenset[str]
) -> None:
    measured = [plug(power, power_scale, voltage_scale) for power in (0.0, 1500.0, 1480.0)]
    proposed = proposal(measured, faults)
    sent = read(proposed, measured[1])
    assert sent["power_W"] == pytest.approx(1500.0) and sent["voltage_V"] == pytest.approx(230.0)
    assert sent["on"] is True and loaded(proposed).main == "on"
    assert loaded(proposed).products == ("abcdefgh12345678",)
    assert any("1480 W of 14" in one.why for one in proposed.rows)


def test_without_a_load_the_scale_is_called_a_guess() -> None:
    proposed = proposal([plug(0.0, 0.1, 0.1)])
    why = {one.row.point.key: one.why for one in proposed.rows}
    assert "only a guess" in why["power_W"] and "230 V is between" in why["voltage_V"]


def test_a_clamp_that_reports_only_when_asked_is_to_be_polled() -> None:
    chunks: list[WireChunk] = []
    for at in range(10, 40, 5):
        chunks.append((at, True, "", bytes.fromhex("55aa0008000007")))
        payload = b"".join(
            bytes((id, 2, 0, 4)) + count.to_bytes(4) for id, count in ((18, 84), (19, 192 + at), (20, 2525))
        )
        body = b"\x55\xaa\x03\x07" + len(payload).to_bytes(2) + payload
        chunks.append((at + 0.1, False, "", body + bytes((sum(body) & 0xFF,))))
    proposed = propose(learn(chunks), KNOWN, FAMILY_WIFI.decoders)
    assert proposed.like == "tuya/clamp_pj_mgw1103" and proposed.polls
    settings = loaded(proposed).session
    assert isinstance(settings, WifiSettings) and settings.poll_s == 5


def phases(layout: str, **more: int) -> dict[int, WireValue]:
    raw = encode_phase({"voltage": 2345, "current": 4390, "power": 10_200, **more}, layout)
    return {1: 1234, 6: raw, 7: raw, 8: raw, 16: True}


@pytest.mark.parametrize("layout", ["8", "10", "15a", "v01", "v02"])
def test_a_breaker_of_three_phases_is_known_by_its_raw_records(layout: str) -> None:
    proposed = proposal([phases(layout)] * 2)
    sent = read(proposed, phases(layout))
    assert (sent["voltage_b_V"], sent["current_c_A"], sent["power_a_W"]) == (234.5, 4.39, 1020.0)
    assert sent["energy_import_Wh"] == 12_340.0


def test_an_unknown_point_keeps_its_number_and_shows_its_value() -> None:
    proposed = proposal([{2: 215, 3: 198, 101: 7}])
    assert proposed.like == ""
    assert read(proposed, {2: 215, 101: 7}) == {"dp_2": 215, "dp_101": 7}
    assert "it reported 215" in as_toml(proposed, "mine")


LOADS = [(2305, 402, 918), (2311, 4000, 9210), (2298, 6210, 14_180), (2302, 48, 101)]


@pytest.mark.parametrize("scale", [1, 10])
def test_three_unlisted_numbers_are_a_load_where_physics_allows_it(scale: int) -> None:
    """101, 102 and 103: tenths of volts, milliamperes, tenths or hundredths of watts."""
    proposed = proposal([{101: v, 102: i, 103: p * scale, 120: 4998 + p % 3} for v, i, p in LOADS])
    assert read(proposed, {101: 2305, 102: 4000, 103: 9210 * scale, 120: 4999}) == {
        "voltage_V": 230.5,
        "current_A": 4.0,
        "power_W": 921.0,
        "frequency_Hz": 49.99,
        "energy_import_Wh": 0.0,  # the hub will count it from the power
    }
    assert re.search(r"by physics: 103 is (0\.99|1\.00) of 101 times 102", as_toml(proposed, "mine"))


def test_loads_that_do_not_fit_are_no_proof() -> None:
    loads = [(v, i, p * (1 + 3 * (i > 4000))) for v, i, p in LOADS]
    assert proposal([{101: v, 102: i, 103: p} for v, i, p in loads]).rows[2].row.point.key == "dp_103"


def test_readings_that_stay_the_same_are_guessed_too() -> None:
    proposed = proposal([{101: 2305, 102: 402, 103: 918, 104: 4998, 105: 5000, 106: 12}] * 3)
    assert read(proposed, {101: 2305, 102: 402, 103: 918, 104: 4998, 105: 5000, 106: 12}) == {
        "voltage_V": 230.5,
        "current_A": 0.402,
        "power_W": 91.8,
        "frequency_Hz": 49.98,
        "dp_105": 5000,  # a round number is rather a limit
        "dp_106": 12,
        "energy_import_Wh": 0.0,
    }
    toml = as_toml(proposed, "mine")
    assert "at one load only, so switch others to be sure" in toml and "104 stood at 49.98 Hz" in toml


def test_the_standard_block_is_known_inside_a_larger_product() -> None:
    """A heater with the meter of a plug (17 to 26) among forty points of its own."""
    own: dict[int, WireValue] = {id: id for id in range(111, 141)}
    load: dict[int, WireValue] = {1: True, 17: 3, 18: 6210, 19: 14_180, 20: 2298, 21: 1, 22: 620, 26: 0}
    proposed = proposal([{**own, **load}, {**own, **load, 18: 3105, 19: 7080}])
    assert proposed.like == "" and "standard block of tuya/plug_metering" in proposed.why
    sent = read(proposed, {**load, 111: 7})
    assert (sent["power_W"], sent["voltage_V"], sent["current_A"]) == (1418.0, 229.8, 6.21)
    assert (sent["on"], sent["voltage_calibration"], sent["fault"], sent["dp_111"]) == (True, 620, 0, 7)
    wires = [one.row.wire for one in proposed.rows]
    assert wires == sorted(wires, key=int)


def test_the_block_is_not_taken_where_its_numbers_are_something_else() -> None:
    own: dict[int, WireValue] = {id: id for id in range(111, 141)}
    proposed = proposal([{**own, 18: 7, 19: 8, 20: 42}])
    assert [one.row.point.key for one in proposed.rows[:3]] == ["dp_18", "dp_19", "dp_20"]


def chunk(at: float, ours: bool, command: int, units: str) -> WireChunk:
    payload = bytes.fromhex(units)
    body = b"\x55\xaa" + bytes((0 if ours else 3, command)) + len(payload).to_bytes(2) + payload
    return at, ours, "", body + bytes((sum(body) & 0xFF,))


def test_what_was_set_and_confirmed_is_settable_and_what_changes_by_itself_is_not() -> None:
    chunks = [
        chunk(1.0, False, 7, "6502000400000005 6602000400000007 6701000101 6804000101"),
        chunk(2.0, True, 6, "650200040000000a"),
        chunk(2.1, False, 7, "650200040000000a"),
        chunk(3.0, True, 6, "660200040000000a"),
        chunk(3.1, False, 7, "6602000400000007"),
        chunk(4.0, False, 7, "6804000102"),
    ]
    access = {one.row.wire: (one.row.point.access, one.why) for one in propose(learn(chunks), KNOWN, {}).rows}
    assert access["101"][0] == "rw" and "it was set, and confirmed it" in access["101"][1]
    assert access["102"][0] == "r" and "never set" in access["102"][1]  # it did not take the value
    assert access["103"][0] == "rw" and "its type is that of a setting" in access["103"][1]
    assert access["104"][0] == "r" and "changes by itself" in access["104"][1]


def test_a_setting_that_is_set_twice_is_not_taken_for_one_that_changes_by_itself() -> None:
    chunks = [
        chunk(at, ours, 6 if ours else 7, f"65040001{value:02x}")
        for at, ours, value in ((1.0, False, 0), (2.0, True, 1), (2.1, False, 1), (3.0, True, 2), (3.1, False, 2))
    ]
    (row,) = propose(learn(chunks), KNOWN, {}).rows
    assert row.row.point.access == "rw"


def test_an_unlisted_raw_value_is_a_phase_where_its_voltage_is_mains() -> None:
    raw = encode_phase({"voltage": 2345, "current": 4390, "power": 10_200}, "8")
    assert read(proposal([{107: raw}, {107: raw}]), {107: raw}) == {
        "voltage_V": 234.5,
        "current_A": 4.39,
        "power_W": 1020.0,
        "energy_import_Wh": 0.0,
    }
    assert proposal([{107: bytes(8)}]).rows[0].row.point.key == "dp_107"


def test_numbers_of_a_plug_that_no_scale_makes_a_voltage_are_no_plug() -> None:
    proposed = proposal([{1: True, 18: 5, 19: 7, 20: 42}])
    assert proposed.like == ""


def test_a_line_full_of_noise_proposes_nothing_and_does_not_fail() -> None:
    seen = learn([(1.0, False, "", bytes(range(256))), (2.0, False, "", b"\x55\xaa\x03\x07\x00\x02\x01\x01\x0d")])
    assert seen.points == {}


def test_the_file_is_found_in_a_profile_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(as_toml(proposal([plug(1500.0, 0.1, 0.1)]), "mine", "abcdefgh12345678"))
    shelf = ProfileLibrary(settings_of, tmp_path)
    found = shelf.for_product("tuya_wifi", "abcdefgh12345678")
    assert found is not None and found.name == "mine"


def test_the_owners_profile_of_a_product_overrides_the_shipped_one(tmp_path: Path) -> None:
    shipped = ProfileLibrary(settings_of).for_product("tuya_wifi", "uncloudedplugsim")
    assert shipped is not None and shipped.name == "tuya/plug_metering"
    (tmp_path / "mine.toml").write_text(as_toml(proposal([plug(1500.0, 0.1, 0.1)]), "mine", "uncloudedplugsim"))
    found = ProfileLibrary(settings_of, tmp_path).for_product("tuya_wifi", "uncloudedplugsim")
    assert found is not None and found.name == "mine"
