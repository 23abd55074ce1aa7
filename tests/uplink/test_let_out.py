"""A device that is not let out is in no byte of anything; without names, no name is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.test_rollup import NOON, Keeper, plug, watts
from unclouded.core.model import Device, Notice, Point, Reading, Status
from unclouded.store.outbox import LEVELS, Window
from unclouded.store.reading.reader import StoreReader
from unclouded.uplink.contents.catalogue import SentControl, SentDevice, decode_catalogue
from unclouded.uplink.contents.energy import EnergyWindow
from unclouded.uplink.contents.events import decode_events
from unclouded.uplink.contents.packing import unpack
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.let_out import DEVICE_LEVELS, DeviceLevel, HomeNames, LetOutFilter, LetOutRules
from unclouded.uplink.sent_events import without_addresses
from unclouded.uplink.window_reader import WindowReader

HIDDEN, SHOWN = "Zählerkeller", "lamp-17"
DAY = 86_400


def described(id: str, identity: str, **more: Any) -> Device:  # Any: fields of a device
    return msgspec.structs.replace(plug(id=id, identity=identity), **more)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "store.sqlite")
    hidden = described("cellar-9", "uuid-cellar", name=HIDDEN, room="Vault")
    shown = described(SHOWN, "uuid-lamp", name="Nachttisch", room="Bedroom", parent="cellar-9")
    keeper.writer.write([plug(id="vault-old", identity="uuid-cellar"), hidden, shown])
    for name in ("cellar-9", SHOWN):
        total = Reading(name, "energy_import_Wh", 5.0, NOON + 10.0)
        keeper.writer.write([watts(7, 0, name), watts(8, 3599, name), total, Status(name, "online", NOON + 5.0, "")])
    about = {"identities": ["uuid-cellar"]}
    keeper.writer.write(
        [
            Notice("", NOON + 20.0, "joined", f"{HIDDEN.upper()} is new.", {}),
            Notice("", NOON + 21.0, "removed", "A device was removed.", about),
            Notice(SHOWN, NOON + 22.0, "warning", "The vault is hot.", {}),
            Notice(SHOWN, NOON + 23.0, "warning", "Nachttisch is hot.", {"at": 5, "who": "nachttisch", "of": ["x"]}),
        ]
    )
    yield keeper
    keeper.close()


def contents(path: Path, rules: LetOutRules) -> dict[str, bytes]:
    """The content of the first window of each level, unpacked as far as names could hide in it."""
    with StoreReader(path) as reader:
        windows = WindowReader(reader, rules, lambda start, chosen: EnergyWindow())
        found = {}
        for level in LEVELS:
            *_, data = windows.read(Window(level, 0 if level == "catalogue" else NOON, 1), 1)
            assert data is not None
            found[level] = unpack(data) if level == "events" else data
        return found


def rules(**more: Any) -> LetOutRules:  # Any: fields of the rules
    return LetOutRules(level="raw", devices={"cellar-9": "nothing"}, events=True, **more)


def test_a_device_that_is_not_let_out_is_in_no_byte(keeper: Keeper) -> None:
    found = contents(keeper.path, rules(names=True))
    whole = b"\n".join(found.values()).lower()
    for name in (HIDDEN, "cellar-9", "uuid-cellar", "vault-old", "vault"):
        assert name.lower().encode() not in whole
        assert ascii(name.lower())[1:-1].encode() not in whole
    catalogue = decode_catalogue(found["catalogue"])
    (device,) = catalogue.devices
    assert (device.id, device.name, device.parent) == (SHOWN, "Nachttisch", 0)
    assert {one.device for one in catalogue.series} == {device.number}
    assert decode_raw(NOON, found["raw"]).keys() == {device.number}
    numbers = {one.number for one in catalogue.series}
    for level in ("minute", "quarter"):
        assert {row.series for row in decode_rows(level, NOON, found[level])} <= numbers
    assert [one.kind for one in decode_events(encode(found["events"]))] == ["state", "warning"]


def encode(unpacked: bytes) -> bytes:
    from unclouded.uplink.contents.packing import pack

    return pack(unpacked)


def test_without_names_devices_are_numbers_and_texts_that_mention_one_are_empty(keeper: Keeper) -> None:
    found = contents(keeper.path, rules())
    whole = b"\n".join(found.values()).lower()
    for name in ("nachttisch", "bedroom", SHOWN, "uuid-lamp"):
        assert name.encode() not in whole
    (device,) = decode_catalogue(found["catalogue"]).devices
    assert (device.id, device.name, device.room) == (str(device.number), "", "")
    state, warning = decode_events(encode(found["events"]))
    assert state.data == '{"state":"online","reason":""}'
    assert (warning.text, warning.data) == ("", '{"at":5,"who":"","of":["x"]}')


@pytest.mark.parametrize("level", DEVICE_LEVELS)
def test_a_level_includes_those_before_it(level: DeviceLevel) -> None:
    chosen = LetOutFilter(LetOutRules(level=level), [HomeNames(number=1, ids=("plug",))])
    rank = DEVICE_LEVELS.index(level)
    assert [chosen.lets_out(1, one) for one in DEVICE_LEVELS] == [
        0 < DEVICE_LEVELS.index(one) <= rank for one in DEVICE_LEVELS
    ]
    assert chosen.levels() == (("catalogue", *DEVICE_LEVELS[1 : rank + 1]) if rank else ())
    assert chosen.message().levels == DEVICE_LEVELS[1 : rank + 1]
    assert not chosen.lets_out(2, "energy")  # of a device that is not known


def test_a_device_that_had_several_ids_has_the_lowest_of_their_levels() -> None:
    rules = LetOutRules(level="raw", devices={"old": "nothing", "uuid": "minute", "new": "quarter"})
    names = [HomeNames(number=1, ids=("now", "new", "uuid")), HomeNames(number=2, ids=("other", "old"))]
    chosen = LetOutFilter(rules, names)
    assert (chosen.level_of(1), chosen.level_of(2), chosen.level_of(3)) == ("quarter", "nothing", "nothing")


def test_a_command_of_the_fleet_names_only_what_is_let_out() -> None:
    names = [HomeNames(number=1, ids=("plug", "former")), HomeNames(number=2, ids=("secret",))]
    hidden: dict[str, DeviceLevel] = {"secret": "nothing"}
    with_names = LetOutFilter(LetOutRules(devices=hidden, names=True), names)
    assert [with_names.device(id) for id in ("plug", "former", "secret", "1")] == [1, None, None, None]
    without = LetOutFilter(LetOutRules(devices=hidden), names)
    assert [without.device(id) for id in ("1", "2", "3", "plug", "²", "9" * 5000)] == [1, None, None, None, None, None]


def test_of_a_device_whose_energy_alone_is_let_out_there_are_its_counters(keeper: Keeper) -> None:
    found = contents(keeper.path, LetOutRules(level="energy"))
    assert {one.point for one in decode_catalogue(found["catalogue"]).series} == {"energy_import_Wh"}
    assert decode_raw(NOON, found["raw"]) == {}
    assert decode_rows("quarter", NOON, found["quarter"]) == []
    assert decode_events(encode(found["events"])) == ()


RELAY = Point(key="on", kind="switch", access="rw", label="Nachttisch")
WATTS = Point(key="power_W")


def catalogued(keeper: Keeper, rules: LetOutRules, **about: Any) -> SentDevice:  # Any: fields of a device
    """The lamp as the fleet sees it. It can be switched, and measures."""
    lamp = described(SHOWN, "uuid-lamp", name="Nachttisch", main="on", **about)
    keeper.writer.write([msgspec.structs.replace(lamp, points=(RELAY, WATTS))])
    found = {one.number: one for one in decode_catalogue(contents(keeper.path, rules)["catalogue"]).devices}
    return found[max(found)]


def test_the_fleet_gets_what_can_be_set_and_whether_a_device_produces(keeper: Keeper) -> None:
    roof = catalogued(keeper, LetOutRules(names=True), produces=True)
    assert (roof.main, roof.produces) == ("on", True)
    assert roof.controls == (SentControl("on", "switch", "rw", 0, "Nachttisch"),)
    assert catalogued(keeper, LetOutRules()).controls == (SentControl("on", "switch", "rw"),)


def test_of_a_critical_device_and_of_one_with_energy_alone_nothing_can_be_set(keeper: Keeper) -> None:
    assert catalogued(keeper, LetOutRules(names=True), critical=True).controls == ()
    energy = catalogued(keeper, LetOutRules(level="energy", names=True), produces=True)
    assert (energy.main, energy.produces, energy.controls) == ("", True, ())


def test_of_a_device_that_is_no_longer_in_the_configuration_no_more_is_let_out_than_before() -> None:
    names = [
        HomeNames(number=1, ids=("lamp", "uuid-new")),  # another device has its id now
        HomeNames(number=2, ids=("uuid-old", "lamp", "uuid-old")),
        HomeNames(number=3, ids=("tv", "tv", "uuid-tv")),
        HomeNames(number=4, ids=("plug", "plug", "uuid-plug")),
    ]
    gone: dict[str, DeviceLevel] = {
        "uuid-old": "nothing",
        "uuid-tv": "energy",
        "uuid-plug": "raw",
        "uuid-new": "nothing",
    }
    chosen = LetOutFilter(LetOutRules(level="quarter", devices={"lamp": "raw"}, gone=gone), names)
    assert [chosen.level_of(number) for number in (1, 2, 3, 4)] == ["raw", "nothing", "energy", "quarter"]
    assert chosen.levels_by_identity() == {"uuid-new": "raw"}


ADDRESSES = {
    "tcp://192.168.1.9:6668 cannot be reached": "… cannot be reached",
    "From 10.0.0.5:80, or 10.0.0.6.": "From …, or ….",
    "mss310 48:e1:e9:aa:bb:cc and 48-E1-E9-AA-BB-CC left": "mss310 … and … left",
    "fe80::1ff:fe23:4567:890a%eth0 and 2001:db8:0:0:0:0:0:1": "… and …",
    "plug 1907155d3ab8f6a1 (48e1e9a1b2c3)": "plug … (…)",
    "nas.local is away": "… is away",
    "At 12:03:04 it was 2026-11-30T12:03:04.000Z; 1.5 kWh, 230.1 V, version 1.2.3": None,
    "Commands: on = True by web: confirmed": None,
    "202611301203 readings": None,
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_of_the_home_are_in_no_text(text: str) -> None:
    expected = ADDRESSES[text]
    assert without_addresses(text) == (text if expected is None else expected)
