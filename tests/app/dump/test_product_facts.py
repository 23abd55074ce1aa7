"""The facts of a product: what a hub has received of a plug, what is known of it, and nothing personal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from api_story import NOON, FakeHub
from app.test_unknown_products import Home, home
from unclouded.app.dump.product_facts import DeviceReport, product_facts, public_info, without
from unclouded.app.dump.seen_values import MOST_KEYS, MOST_VALUES, SeenValues, seen_in
from unclouded.app.products.service import ProductService, shipped_profile
from unclouded.app.protocols import actions_of, profile_library, settings_of
from unclouded.cli import cli
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.model import Device, NamedValue, Reading, WireEntry
from unclouded.core.views.facts import ProductFacts
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue import Catalogue
from virtual_loop import story

CAPTURE = Path(__file__).parents[2] / "captures" / "tuya" / "plug_boot.jsonl"
LIBRARY = profile_library()


@asynccontextmanager
async def facts_of_a_plug(seconds: float = 60.0) -> AsyncIterator[tuple[Home, ProductFacts]]:
    async with home(source=None, profile=LIBRARY.get("tuya/plug_metering"), seconds=seconds) as one:
        service = ProductService(one.hub, profile_library)
        yield one, await service.facts(one.device(), [])


# --- of a device of the hub ---------------------------------------------------------------------------


@story
async def test_what_a_plug_has_reported_is_listed_with_types_counts_and_today_s_keys() -> None:
    async with facts_of_a_plug() as (_, facts):
        points = {point.wire: point for point in facts.points}
        assert facts.product == "uncloudedplugsim" and facts.family == "tuya_wifi"
        assert facts.profile == "tuya/plug_metering" and facts.info["version"] == "1.0.0"
        assert (points["1"].type, points["1"].key, points["1"].values) == ("bool", "on", (1,))
        voltage = points["20"]
        assert (voltage.type, voltage.key, voltage.scale) == ("value", "voltage_V", "0.1")
        assert voltage.low is not None and voltage.high is not None and 2000 < voltage.low <= voltage.high < 2600
        assert voltage.reports > 1


@story
async def test_what_similar_products_make_of_it_stands_beside_it() -> None:
    async with facts_of_a_plug() as (_, facts):
        points = {point.wire: point for point in facts.points}
        assert facts.nearest.startswith("catalogue/") and 0.3 < facts.likeness <= 1
        assert (points["19"].match_key, points["19"].match_scale, points["19"].match_is_sure) == (
            "power_W",
            "0.1",
            True,
        )
        line = next(line for line in facts.markdown if line.startswith("| 19 | value | "))
        assert line.endswith("| power_W x 0.1 | power_W x 0.1 |")


@story
async def test_a_reading_that_cannot_be_is_remarked() -> None:
    async with home(source=None, profile=LIBRARY.get("tuya/plug_metering")) as one:
        one.hub.publish([Reading("plug", "power_W", 9.0, NOON + 3600, "suspect", ("scale",))])
        facts = await ProductService(one.hub, profile_library).facts(one.device(), ["power looks 10x too high (plug)"])
        assert facts.remarks == (
            "power_W: power, voltage and current cannot be together.",
            "power looks 10x too high (…)",
        )
        assert "- power looks 10x too high (…)" in facts.markdown


# --- nothing personal ---------------------------------------------------------------------------------

SECRETS = {
    "name": "Anna's kettle",
    "identity": "tuya:uuid-9c1f",
    "link": "tcp://annas-laptop:6668",
    "parent": "annas_meter",
    "mac": "34:29:8f:12:ab:cd",
    "ssid": "AnnaNet",
    "ip": "192.168.7.23",
    "serial": "SN0099117733",
    "password": "hunter2hunter2",
    "place": "Anna's bedroom",
}


class WiredHub(FakeHub):
    """A fake hub whose devices have these frames."""

    def __init__(self, device: Device, entries: list[WireEntry]) -> None:
        super().__init__()
        self.publish(device)
        self._entries = entries

    def frames(self, device: str, limit: int) -> list[WireEntry]:
        return self._entries


def entry(*points: NamedValue, types: dict[str, str], part: str = "", sender: Sender = "device") -> WireEntry:
    return WireEntry(
        at=NOON,
        sender=sender,
        kind="frame",
        name="report",
        words=" ".join(SECRETS.values()),
        reason="",
        length=3,
        hex="00",
        points=points,
        part=part,
        types=types,
    )


def test_no_name_id_address_key_or_text_of_the_device_is_in_the_facts(tmp_path: Path) -> None:
    own = tmp_path / "annas_kettle.toml"
    own.write_text('name = "annas_kettle"\nfamily = "tuya_wifi"\ntitle = "Anna\'s"\n[[point]]\ndp = 1\nkey = "on"\n')
    hidden = SECRETS["serial"].encode().hex()
    device = Device(
        id="annas_kettle",
        family="tuya_wifi",
        profile="annas_kettle",
        info={
            "product": "keyabcdefgh12345",
            "version": "1.2.0",
            "hardware": SECRETS["mac"],
            "firmware": "3429 8f12abcdef",
            "kind": SECRETS["ip"],
            **{name: SECRETS[name] for name in ("mac", "ssid", "ip", "serial", "password", "place")},
        },
        name=SECRETS["name"],
        identity=SECRETS["identity"],
        link=SECRETS["link"],
        parent=SECRETS["parent"],
    )
    reports = entry(
        NamedValue(id="101", raw=SECRETS["ssid"]),
        NamedValue(id="102", raw=hidden),
        NamedValue(id="103", raw=7_733_991, key="device_id"),
        NamedValue(id="1", raw=True, key="on"),
        types={"101": "string", "102": "raw", "103": "value", "1": "bool"},
    )

    async def facts() -> ProductFacts:
        service = ProductService(WiredHub(device, [reports]), lambda: ProfileLibrary(settings_of, tmp_path, actions_of))
        return await service.facts(device, [f"{SECRETS['name']} at {SECRETS['ip']}: annas_kettle is odd"])

    found = asyncio.run(facts())
    text = msgspec.json.encode(found).decode()
    for secret in [*SECRETS.values(), "annas", "Anna", "hunter", "7733991", "8f12abcdef", hidden]:
        assert secret not in text, secret
    assert found.info == {"version": "1.2.0"} and found.profile == "a profile of its owner"
    assert {point.wire: point.length for point in found.points if point.length} == {"101": (7, 7), "102": (12, 12)}
    assert "keyabcdefgh12345" in found.markdown[0] and "is odd" in found.markdown[-1]


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=60), max_size=8))
def test_only_what_is_about_the_product_is_taken_of_what_a_device_reports_of_itself(info: dict[str, str]) -> None:
    shown = public_info({**info, "mac": "34298f12abcd", "version": "34298f12abcd"})
    assert "mac" not in shown and "version" not in shown


@pytest.mark.parametrize(
    ("text", "blanked"), [("lamp: odd", "…: odd"), ("(lamp)", "(…)"), ("lamp_2 and lamps", "lamp_2 and lamps")]
)
def test_a_name_is_blanked_as_a_word(text: str, blanked: str) -> None:
    assert without(text, ["lamp", ""]) == blanked


def test_a_device_that_reports_endlessly_many_values_takes_bounded_memory() -> None:
    seen = SeenValues()
    for number in range(3 * MOST_KEYS):
        seen.add(str(number), "value", number)
        seen.add("1", "value", number)
    assert len(seen.all()) == MOST_KEYS
    one = next(one for one in seen.all() if one.wire == "1")
    assert len(one.values) <= MOST_VALUES + 1 and one.few_values == () and one.high == 3 * MOST_KEYS - 1


def test_frames_of_the_other_side_and_of_other_sub_devices_do_not_count() -> None:
    value = NamedValue(id="1", raw=True)
    types = {"1": "bool"}
    entries = [entry(value, types=types, sender="controller"), entry(value, types=types, part="abcd")]
    assert seen_in(entries).all() == [] and len(seen_in(entries, "abcd").all()) == 1


def test_what_is_packed_in_a_raw_value_is_listed_and_the_raw_value_is_matched() -> None:
    seen = SeenValues()
    seen.add_entry(entry(NamedValue(id="6.voltage", raw=2301, key="voltage_V"), types={"6": "raw"}))
    assert [one.wire for one in seen.all()] == ["6.voltage"]
    assert [(one.dp, one.type) for one in seen.for_matching()] == [(6, "raw")]


def test_a_family_without_data_points_is_listed_without_a_match() -> None:
    seen = SeenValues()
    seen.add("electricity.power", "", 1204, "power_W")
    report = DeviceReport(family="meross", info={"product": "mss310"}, seen=seen, profile="meross/mss310")
    facts = product_facts(report, shipped_profile(LIBRARY, report), Catalogue())
    assert facts.nearest == "" and facts.points[0].scale == "0.001" and facts.product == "mss310"


def test_what_frames_do_not_show_is_counted_back_from_the_newest_readings() -> None:
    readings = {"power_W": 120.4, "on": True, "energy_import_Wh": 5321.0, "voltage_V": 230.1}
    report = DeviceReport(
        family="meross", info={"product": "mss310"}, seen=SeenValues(), profile="meross/mss310", readings=readings
    )
    facts = product_facts(report, shipped_profile(LIBRARY, report), Catalogue())
    assert {point.wire: point.low for point in facts.points} == {
        "electricity.power": 120_400,
        "electricity.voltage": 2301,
        "onoff": 1,
    }  # a total of the hub is none of the device


# --- the verb -----------------------------------------------------------------------------------------


def test_an_mcu_on_a_wire_is_probed_without_a_hub() -> None:
    words = ["dump", "--profile", "--link", f"replay:{CAPTURE}?speed=0", "--for", "1s"]
    ran = CliRunner().invoke(cli, words)
    assert ran.exit_code == 0 and ran.stdout.startswith("### Product `uncloudedplugsim`\n")
    assert "| 38 | enum | 1 | 2 | after_power_cut |" in ran.stdout
    as_json = msgspec.json.decode(CliRunner().invoke(cli, [*words, "--json"]).stdout, type=ProductFacts)
    assert list(as_json.markdown) == ran.stdout.splitlines() and as_json.points[0].values == (0, 1)


@pytest.mark.parametrize("words", [[], ["--profile"], ["kettle", "--profile", "--link", "tcp:x"]])
def test_what_is_missing_or_too_much_is_named(words: list[str]) -> None:
    error = CliRunner().invoke(cli, ["dump", *words]).exception
    assert isinstance(error, CommandError) and "--" in str(error)
