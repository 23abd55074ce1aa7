"""The profiles of meters, plugs and breakers: what real products said, read with the one that fits and with others."""

import asyncio

import pytest

from hub.toy_hub import Home, channel, hub
from unclouded.app.protocols import settings_of
from unclouded.cli.output.value_text import value_text
from unclouded.core.errors import CommandError
from unclouded.core.model import Ledger, Notice, Reading
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import Reported, WireCommand, WireValue
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.values.alarm import SET_1, SET_2, Alarm, write_alarms
from unclouded.families.tuya.values.phase import encode_phase
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, WifiMcu, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiModule, WifiSettings, wifi_module
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.hub import RestoredState
from unclouded.hub.readings.interpret import Interpreter
from unclouded.links.memory import MemoryLink
from unclouded.profiles import ProfileLibrary
from virtual_loop import story

SHELF = ProfileLibrary(settings_of)
PROFILES = [name for name in SHELF.names() if SHELF.get(name).family == "tuya_wifi"]
CLAMP = {"18": 84, "19": 227, "20": 2525}  # docs/protocols/tuya_wifi.md §2.8.1
V01 = bytes.fromhex("010F08800003E8002710000DAC0030D450")
V02 = bytes.fromhex("020F08800003E8002710000DAC0030D4500F")


def reader(profile: str) -> Interpreter:
    return Interpreter("x", SHELF.get(profile), DeviceEnergy("x", {}), FAMILY_WIFI.decoders)


def read(profile: str, values: dict[str, WireValue]) -> dict[str, object]:
    return {one.point: one.value for one in reader(profile).readings(Reported(values), at=100.0)}


@pytest.mark.parametrize("name", PROFILES)
def test_every_row_that_is_unpacked_has_a_decoder_and_every_part_a_row_before_it(name: str) -> None:
    packed = {row.wire for row in SHELF.get(name).points if row.decode}
    assert {row.decode for row in SHELF.get(name).points} <= {"", *FAMILY_WIFI.decoders}
    assert {row.wire.split(".")[0] for row in SHELF.get(name).points if "." in row.wire} == packed


def test_the_clamp_is_asked_every_five_seconds() -> None:
    settings = SHELF.get("tuya/clamp_pj_mgw1103").session
    assert isinstance(settings, WifiSettings) and settings.poll_s == 5
    said = read("tuya/clamp_pj_mgw1103", dict(CLAMP))
    assert (said["current_A"], said["power_W"], said["voltage_V"]) == (0.084, 22.7, 252.5)
    assert "energy_import_Wh" in said  # it counts none: integrated


def test_the_din_meter_with_a_total_of_its_own() -> None:
    said = read("tuya/meter_dds238", {"1": True, "18": 2900, "19": 6670, "20": 2300, "101": 12_345})
    assert said == {
        "on": True,
        "current_A": 2.9,
        "power_W": 667.0,
        "voltage_V": 230.0,
        "energy_import_Wh": 123_450.0,
    }


def test_a_breaker_as_it_was_recorded() -> None:
    said = read("tuya/breaker", {"6": bytes.fromhex("0916000099000023"), "1": 3})
    assert said == {"voltage_V": 232.6, "current_A": 0.153, "power_W": 35.0, "energy_import_Wh": 30.0}


def test_three_phases_are_distinguished() -> None:
    raw = [encode_phase({"voltage": 2300 + n, "current": 1000 * n, "power": 2000 * n}, "8") for n in (1, 2, 3)]
    said = read("tuya/breaker_three_phase", {"6": raw[0], "7": raw[1], "8": raw[2]})
    assert [said[f"voltage_{letter}_V"] for letter in "abc"] == [230.1, 230.2, 230.3]
    assert [said[f"power_{letter}_W"] for letter in "abc"] == [200.0, 400.0, 600.0]


def test_what_goes_out_is_negative_and_has_a_counter_of_its_own() -> None:
    said = read("tuya/meter_bidirectional", {"1": 100, "2": 250, "6": V02, "7": V01})
    assert (said["energy_import_Wh"], said["energy_export_Wh"]) == (1000.0, 2500.0)
    assert (said["power_a_W"], said["current_a_A"], said["reactive_power_a_var"]) == (-10_000.0, -1.0, -3500.0)
    assert (said["power_b_W"], said["apparent_power_b_VA"], said["power_factor_b"]) == (10_000.0, 12_500.0, 0.8)


def test_data_point_9_is_power_in_some_meters_and_faults_in_others() -> None:
    assert read("tuya/meter_three_phase_power_9", {"9": 1234}) == {"power_W": 1234}
    assert read("tuya/breaker_three_phase", {"9": 1234}) == {"fault": 1234}


def test_alarms_of_both_kinds_of_breakers() -> None:
    capture = bytes.fromhex("0101003c030100f5040100b40800001e")
    said = read("tuya/breaker_at4pbw", {"17": capture, "10": 0})
    assert (said["over_current_limit_A"], said["over_voltage_limit_V"], said["under_voltage_limit_V"]) == (60, 245, 180)
    assert said["trips_on_over_voltage"] is True and said["trips_on_low_balance"] is False
    assert read("tuya/breaker", {"17": write_alarms([Alarm("overload", True, 20)], SET_1)}) == {
        "overload_limit_W": 20_000,
        "trips_on_overload": True,
    }
    assert "over_current_limit_A" in read(
        "tuya/breaker", {"18": write_alarms([Alarm("over_current", True, 63)], SET_2)}
    )


@pytest.mark.parametrize(
    ("product", "profile"),
    [
        ("2gieccf4oefewusc", "tuya/breaker_at4pbw"),
        ("djfep9s6s3b2qk89", "tuya/clamp_pj_mgw1103"),
        ("sw9asyjj8j44frjl", "tuya/meter_dds238"),
    ],
)
def test_the_products_of_public_captures_have_their_profile(product: str, profile: str) -> None:
    found = SHELF.for_product("tuya_wifi", product)
    assert found is not None and found.name == profile


def test_39_of_a_plug_is_the_overcharge_cutoff_and_never_the_child_lock() -> None:
    """Of 645 known products none has the child lock there: 39 is the cut-off of 143, 41 the lock of 230."""
    profile = SHELF.get("tuya/plug_metering")
    keys = {row.wire: (row.point.key, row.type) for row in profile.points}
    assert (keys["39"], keys["41"]) == (("overcharge_cutoff", "bool"), ("child_lock", "bool"))
    plug = reader("tuya/plug_metering")
    assert {one.point: one.value for one in plug.readings(Reported({"39": 2, "40": 3}), 1.0)} == {"indicator": "on"}
    with pytest.raises(CommandError, match="this profile does not fit the product"):
        plug.command("overcharge_cutoff", True)  # 39 is an enum here: the indicator


def test_an_old_plug_counts_energy() -> None:
    plug = reader("tuya/plug_metering_old")
    sent = plug.readings(Reported({"2": 60, "3": 12, "4": 135, "5": 313, "6": 2357}), 100.0)
    assert {one.point: one.value for one in sent} == {
        "countdown_s": 60, "energy_import_Wh": 12.0, "current_A": 0.135, "power_W": 31.3, "voltage_V": 235.7,
    }  # fmt: skip


def test_12_of_an_at4pbw_breaker_is_prepayment_and_14_clears_the_registers() -> None:
    for name in ("tuya/breaker_at4pbw", "tuya/breaker_at4pbw_three_phase"):
        keys = {row.wire: row.point.key for row in SHELF.get(name).points}
        assert (keys["12"], keys["13"], keys["14"], keys["15"]) == (
            "prepaid",
            "balance_kWh",
            "clear_energy",
            "charge_kWh",
        )
    keys = {row.wire: row.point.key for row in SHELF.get("tuya/breaker").points}
    assert (keys["11"], keys["12"], keys["13"], keys["14"]) == ("prepaid", "clear_energy", "balance_kWh", "charge_kWh")


@pytest.mark.parametrize(
    ("profile", "wire", "value", "names"),
    [
        ("plug_metering", "26", 0b10, "over_voltage"),
        ("breaker", "9", 1 << 8 | 1 << 16, "over_current, no_balance"),
        ("breaker_three_phase", "9", 1 << 11, "under_voltage"),
        ("breaker_at4pbw", "10", 1 << 12 | 1 << 20, "meter_hardware, bit 20"),
    ],
)
def test_the_bits_of_faults_have_names(profile: str, wire: str, value: int, names: str) -> None:
    row = next(row for row in SHELF.get(f"tuya/{profile}").points if row.wire == wire)
    assert value_text(value, row.point) == names and value_text(0, row.point) == "none"


def test_a_clamp_of_two_channels_has_a_direction_for_each() -> None:
    """zigbee2mqtt#18419, the frame of the report."""
    frame = bytes.fromhex("55aa03070022650200040000 07d0660400010169020004000001f46804000100730200 04fffffa243f")
    points: dict[str, WireValue] = {str(point.id): point.value for point in read_points(frame[6:-1])}
    sent = read("tuya/clamp_two_channels", points)
    assert (sent["power_a_W"], sent["power_b_W"], sent["power_W"]) == (-200.0, 50.0, -150.0)
    assert (sent["direction_a"], sent["direction_b"]) == ("reverse", "forward")


PLUGS = ["plug_metering", "plug_metering_centi"]


@pytest.mark.parametrize("product", PLUGS)
@pytest.mark.parametrize("profile", [*PLUGS, "meter_dds238", "clamp_pj_mgw1103"])
def test_a_plug_read_with_the_profile_of_another_is_found_out_where_it_shows_too_much(
    product: str, profile: str
) -> None:
    own, other = SHELF.get(f"tuya/{product}"), SHELF.get(f"tuya/{profile}")
    load = {"current_A": 2.9, "power_W": 667.0, "voltage_V": 230.0}
    counts = {row.wire: round(load[row.point.key] * row.div / row.mul) for row in own.points if row.point.key in load}
    right, wrong = reader(own.name), reader(other.name)
    for at in (100.0, 110.0, 120.0):
        right.readings(Reported(counts), at)
        said = {one.point: one for one in wrong.readings(Reported(counts), at)}
    assert right.scale_problems() == ()
    shown, found = said["power_W"].value, [words for _, words in wrong.scale_problems()]
    possible = float(said["voltage_V"].value or 0) * float(said["current_A"].value or 0)
    too_much = float(shown or 0) > 1.02 * possible + 4 or float(said["voltage_V"].value or 0) > 1000
    assert bool(found) == too_much
    assert ("scale" in {flag for one in said.values() for flag in one.flags}) == too_much


# --- through the hub ----------------------------------------------------------------------------------


def plug(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    def make(ambient: object) -> Endpoint[WifiModule]:
        return wifi_module(WifiSettings(), ambient)  # type: ignore[arg-type]  # the helper's Ambient

    return channel(make, far, profile=SHELF.get("tuya/plug_metering"), decoders=FAMILY_WIFI.decoders)


class Appliance:
    """A simulated MCU at the far end of the hub's link."""

    def __init__(self, mcu: Endpoint[WifiMcu], link: MemoryLink) -> None:
        self.driver = Driver(mcu, link, self.on_events)
        self.task = asyncio.create_task(self.driver.run(), name="mcu")

    def on_events(self, events: object, now: float) -> None:
        """Nothing is set here."""

    async def measures(self, **values: WireValue) -> None:
        self.driver.submit(WireCommand({key.removeprefix("dp"): value for key, value in values.items()}))
        await asyncio.sleep(1.0)

    async def unplug(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


async def appliance(home: Home) -> Appliance:
    while not home.far[""]:
        await asyncio.sleep(0.01)
    mcu = Appliance(wifi_mcu(McuOptions(increments=frozenset({"17"}))), home.far[""][0])
    await asyncio.sleep(5.0)
    return mcu


@story
async def test_a_wrong_scale_is_reported_once_and_marks_the_readings_on_the_board() -> None:
    async with hub(plug) as home:
        mcu = await appliance(home)
        for more in range(6):
            await mcu.measures(dp18=290 + more, dp19=6670 + more, dp20=2300 + more)
            await asyncio.sleep(10.0)
        notices = [one.words for one in home.of(Notice) if one.kind == "scale"]
        board = {one.point: one for one in home.hub.snapshot() if isinstance(one, Reading)}
        await mcu.unplug()
    assert len(notices) == 1 and notices[0].startswith("power looks 10× too high for this profile")
    assert (board["power_W"].quality, board["power_W"].flags) == ("suspect", ("scale",))
    assert board["voltage_V"].quality == "good"


@story
async def test_increments_are_added_up_over_restarts_without_loss() -> None:
    ledgers: dict[str, dict[str, Ledger]] = {}
    counted = 0
    for run in range(4):
        async with hub(plug, restored=RestoredState(ledgers=ledgers)) as home:
            mcu = await appliance(home)
            for step in range(3):
                counted += 1 + step + run
                await mcu.measures(dp17=1 + step + run)
                await asyncio.sleep(60.0)
            await mcu.unplug()
            for fact in home.of(Ledger):
                ledgers.setdefault(fact.identity, {})[fact.point] = fact
            assert home.values("thing")["energy_import_Wh"] == counted
