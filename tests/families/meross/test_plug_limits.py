"""What the simulated MSS310 keeps, measures, loads and refuses: energy, updates, sizes and faults."""

from datetime import UTC, datetime
from fractions import Fraction
from hashlib import md5
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.meross_pair import BROKER, KEY, SERVED, UUID
from families.meross.plug_in_lan import PlugInLan
from families.meross.test_device import TestThePlugOverHttp, question
from pair import START_UNIX
from session_laws import Run, SessionLaws
from unclouded.core.sessions.session import Ambient, AskBlock, Asked, Out, Session, WireAction, WireCommand
from unclouded.families.meross import MerossDevice, PlugOptions
from unclouded.families.meross.plug.plug_output import HTTP_BUFFER
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.plug.state.energy_records import EnergyRecords
from unclouded.families.meross.plug.state.plug_options import FAULTS
from unclouded.families.meross.plug.update import FLASH_BYTES
from unclouded.families.meross.wire.envelope import parse
from unclouded.families.meross.wire.lan_encryption import bound_cipher
from unclouded.families.meross.wire.messages import payload_of

HOUR, DAY = 3600.0, 86_400.0
NAMES = (
    *("id", "channel", "time", "week", "type", "enable", "duration", "extend", "toggle", "onoff", "rule", "_then_"),
    *("delay", "timestamp", "timezone", "timeRule", "longitude", "latitude", "mode", "gateway", "host", "port", "key"),
    *("secondHost", "secondPort", "userId", "ssid", "password", "bssid", "url", "md5", "step", "pubkey", "sunsetTime"),
    *("header", "method", "namespace", "payload", "power", "sunOffset"),
)
RULES = [[0, 7200, 1]]


def bound(*faults: str, **changes: Any) -> PlugInLan:
    plug = PlugInLan(*faults, key=KEY, unconfigured=False, host="192.168.1.2", port=8883, **changes)
    plug.run(5.0)
    assert plug.phase == "bound"
    time = {"timestamp": int(START_UNIX + plug.now), "timezone": "Europe/Berlin", "timeRule": RULES}
    seal = bound_cipher(UUID, KEY) if plug.options.row.encrypts and "never-encrypts" not in faults else None
    assert plug.ask("System.Time", "SET", KEY, wait=1.0, seal=seal, time=time) is not None
    return plug


# --- laws -------------------------------------------------------------------------------------------------


class TestThePlugInSetUpMode(SessionLaws):
    """From its access point on, whatever the controller sends."""

    path = SERVED
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return MerossDevice(PlugOptions(uuid=UUID, unconfigured=True, dialect="hw8"), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        gateway = {"host": "192.168.1.2", "port": "8883", "secondHost": "h", "secondPort": 1}
        point = "BHzyexiNA09+ilI4AwS1GsPAiWnid/IbNaYLSPxHZpl4B3dVENuO0EApPZrGn3Qw27p9reY86YIpngS3nSJ4c9E="
        requests = [
            ("System.All", "GET", {}),
            ("Config.WifiList", "GET", {}),
            ("Config.Trace", "GET", {}),
            ("Config.Key", "SET", {"key": {"gateway": gateway, "key": "k" * 32, "userId": "0"}}),
            ("Config.Wifi", "SET", {"wifi": {"ssid": "dW5jbG91ZGVk", "password": "c2ltdWxhdGVk"}}),
            ("Config.Wifi", "SET", {"wifi": {"ssid": "dW5jbG91ZGVk", "password": "d3Jvbmc="}}),
            ("Config.WifiX", "SET", {"wifi": {"ssid": "dW5jbG91ZGVk", "password": "????"}}),
            ("Encrypt.ECDHE", "SET", {"ecdhe": {"step": 1, "pubkey": point}}),
            ("Encrypt.ECDHE", "SET", {"ecdhe": {"step": 1, "pubkey": "no point"}}),
            ("Control.Unbind", "PUSH", {}),
            ("Control.Upgrade", "SET", {"upgrade": {"url": "http://h/f", "md5": "0" * 32}}),
            ("Control.TimerX", "SET", {"timerx": {"id": "a", "time": 5, "extend": {"toggle": {"onoff": 1}}}}),
        ]
        return st.sampled_from([question(*one[:2], payload_of(**one[2])) for one in requests])  # type: ignore[arg-type]

    def commands(self) -> st.SearchStrategy[WireCommand | WireAction]:
        buttons = [WireAction("press_button"), WireAction("hold_button")]
        return st.sampled_from([WireCommand({"onoff": True, "consumption.counter": 5}), *buttons, WireAction("dance")])


class TestTheOldestPlugOverTheBroker(TestThePlugInSetUpMode):
    path = BROKER

    def make(self, ambient: Ambient) -> Session:
        return MerossDevice(PlugOptions(uuid=UUID, key=KEY, dialect="hw1", host="h", port=1), ambient)

    def comparable(self, outs: list[Out]) -> list[bytes]:  # type: ignore[override]  # message ids are random
        return [str(parse(out.data)).encode() for out in outs]

    def test_any_chunking_gives_the_same_events(self) -> None:
        """Messages have borders over the broker."""

    test_no_byte_vanishes_and_what_is_held_back_is_bounded = test_any_chunking_gives_the_same_events


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_with_any_fault_every_request_is_answered_or_closed(dialect: str, fault: str) -> None:
    options = PlugOptions(uuid=UUID, key=KEY, dialect=dialect, faults=frozenset({fault}))
    laws = TestThePlugOverHttp()
    from pair import ambient

    run = Run(MerossDevice(options, ambient()), laws.path)
    run.step("up", None)
    for name in ("System.All", "Control.Electricity", "Config.WifiList"):
        run.step("receive", question(name))
    run.wait(60.0)
    assert sorted(out.re for out in run.outs) == [1, 2, 3]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["n1jxtruoknvotm8a", "1e999", "\0\x1b[2J", "\u0661", "-1", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
KEYS = {name: name.rpartition(".")[2].lower() for row in DIALECTS.values() for name in row.abilities}
KEYS |= {"System.DNDMode": "DNDMode", "Config.OverTemp": "overTemp", "Config.StandbyKiller": "config"}
KEYS |= {"Config.WifiX": "wifi", "Encrypt.ECDHE": "ecdhe", "Control.ConsumptionH": "consumptionH"}


@given(
    st.sampled_from(sorted(DIALECTS)),
    st.lists(
        st.tuples(
            st.sampled_from(["SET", "GET", "PUSH", "DELETE"]), st.sampled_from(sorted(KEYS)), JSON, st.booleans()
        ),
        max_size=8,
    ),
)
@settings(max_examples=100, deadline=None)
def test_whatever_json_it_is_sent_it_goes_on(dialect: str, requests: list[tuple[str, str, object, bool]]) -> None:
    """Each request is answered or closed, and afterwards it still reports its state, restarts and passes a day."""
    plug = bound("never-encrypts", dialect=dialect)
    for method, namespace, value, by_broker in requests:
        key = plug.device.plug.signing_key
        data = plug.message(namespace, method, key, **{KEYS[namespace]: value})
        if by_broker:
            plug.take(plug.device.receive(data, plug.now, "broker"))
        else:
            plug.send(data, 60.0)
    plug.run(DAY)
    again = PlugInLan(
        "never-encrypts", memory=plug.memory, key=KEY, unconfigured=False, dialect=dialect, start=plug.now
    )
    for one in (plug, again):
        one.run(10.0)
        key = one.device.plug.signing_key
        for name in ("System.All", "System.Debug", "Control.ConsumptionX"):
            assert one.ask(name, signed=key) is not None


# --- energy -----------------------------------------------------------------------------------------------


def test_days_stand_in_the_order_of_the_slots_and_survive_a_restart() -> None:
    plug = bound()
    for day in range(35):
        plug.measure(consumption_counter=1000 * day + 500)
        plug.run(DAY)
    found = plug.value("Control.ConsumptionX", "consumptionx", KEY)
    assert isinstance(found, list) and len(found) == 30
    dates = [one["date"] for one in found]
    assert dates != sorted(dates) and len(set(dates)) == 30
    again = PlugInLan(memory=plug.memory, key=KEY, unconfigured=False, start=plug.now)
    assert again.value("Control.ConsumptionX", "consumptionx", KEY) == found
    again.measure(consumption_counter=900)
    later = again.value("Control.ConsumptionX", "consumptionx", KEY)
    assert isinstance(later, list) and max(later, key=lambda one: one["time"])["value"] == 900, "a new day"
    assert sum(one["value"] for one in later) == sum(one["value"] for one in found) - 1000 + 900


def test_energy_is_remembered_once_a_minute_and_when_the_last_path_is_gone() -> None:
    plug = bound()
    for second in range(130):
        plug.measure(consumption_counter=second)
        plug.run(1.0)
    written = [event for event in plug.events if getattr(event, "key", "") == "energy"]
    assert 2 <= len(written) <= 3
    for path in ("broker", "discovery", "http"):
        plug.take(plug.device.down(path, "switched off", plug.now))
    again = PlugInLan(memory=plug.memory, key=KEY, unconfigured=False, start=plug.now)
    found = again.value("Control.ConsumptionX", "consumptionx", KEY)
    assert isinstance(found, list) and found[-1]["value"] == 129


def test_the_newest_dialect_has_31_days_and_24_hours() -> None:
    plug = bound("never-encrypts", dialect="hw8")
    for hour in range(33 * 24):
        plug.measure(consumption_counter=10 * hour)
        plug.run(HOUR)
    days = plug.value("Control.ConsumptionX", "consumptionx", KEY)
    hours = plug.value("Control.ConsumptionH", "consumptionH", KEY)
    assert isinstance(days, list) and len(days) == 31
    assert isinstance(hours, list) and len(hours[0]["data"]) == 24
    assert {one["value"] for one in hours[0]["data"]} == {10}
    local = [datetime.fromtimestamp(one["timestamp"] + 7200, UTC).hour for one in hours[0]["data"]]
    assert local == sorted(local), "the slot is the hour of the day"


@given(st.lists(st.tuples(st.fractions(0, 3000, max_denominator=60), st.integers(1, 30_000)), max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_energy_is_lost_between_days_and_over_restarts(uses: list[tuple[Fraction, int]]) -> None:
    """Less than 1 Wh of each day, and of the hours, is not shown."""
    records, unix = EnergyRecords(30), START_UNIX
    for energy, seconds in uses:
        unix += seconds
        records = EnergyRecords(30, memory=records.stored())
        records.add(energy, unix, 3600)
    used, shown = sum(energy for energy, _ in uses), sum(day.value for day in records.days)
    assert used - len(records.days) <= shown <= used


# --- updates ----------------------------------------------------------------------------------------------

FILE = b"MMM\x01" + bytes(5000) + b"version=2.1.99" + bytes(100)
URL = "http://192.168.1.2:8000/a/file.bin"


def update(plug: PlugInLan, data: bytes = FILE, md5_hex: str = "") -> list[object]:
    """Statuses that the plug reports."""
    plug.files[URL] = data
    upgrade = {"url": URL, "md5": md5_hex or md5(data, usedforsecurity=False).hexdigest()}
    assert plug.ask("Control.Upgrade", "SET", KEY, upgrade=upgrade) is not None
    online = plug.value("System.Online", "online", KEY)
    assert isinstance(online, dict)
    plug.run(30.0)
    return [one["upgradeInfo"]["status"] for one in plug.pushes("Control.Upgrade")]  # type: ignore[index]


def version(plug: PlugInLan) -> object:
    found = plug.value("System.Firmware", "firmware", KEY)
    assert isinstance(found, dict)
    return found["version"]


def test_an_update_is_loaded_checked_written_and_started() -> None:
    plug = bound()
    assert version(plug) == "2.1.17"
    assert update(plug) == [1, 2]
    assert version(plug) == "2.1.99" and plug.phase == "bound"
    assert "The plug is restarting; its LED: off." in plug.states
    again = PlugInLan(memory=plug.memory, key=KEY, unconfigured=False)
    assert version(again) == "2.1.99"


def test_while_it_writes_the_plug_is_updating_and_a_file_without_a_version_is_the_next_one() -> None:
    plug = bound()
    data = b"MMM\x01" + bytes(100)
    plug.files[URL] = data
    plug.ask("Control.Upgrade", "SET", KEY, upgrade={"url": URL, "md5": md5(data, usedforsecurity=False).hexdigest()})
    assert plug.value("System.Online", "online", KEY) == {"status": 3}
    plug.run(20.0)
    assert plug.value("System.Online", "online", KEY) == {"status": 1} and version(plug) == "2.1.18"


@pytest.mark.parametrize(
    ("faults", "data", "md5_hex", "statuses"),
    [
        ((), b"", "", [1, 3]),
        ((), FILE, "0" * 32, [1, 4]),
        ((), b"\x27\x05\x19\x56" + bytes(100), "", [1, 4]),
        ((), b"MMM" + bytes(FLASH_BYTES), "", [1, 3]),
        (("stops-during-download",), FILE, "", [1, 3]),
        (("keeps-old-version",), FILE, "", [1, 2]),
    ],
)
def test_what_fails_leaves_it_as_it_was(
    faults: tuple[str, ...], data: bytes, md5_hex: str, statuses: list[int]
) -> None:
    plug = bound(*faults)
    assert update(plug, data, md5_hex) == statuses
    assert version(plug) == "2.1.17" and plug.phase == "bound"
    assert ("The plug is restarting; its LED: off." in plug.states) is (statuses == [1, 2])


def test_hardware_1_takes_its_own_files_and_a_download_without_an_end_is_given_up() -> None:
    plug = bound(dialect="hw1")
    assert update(plug, b"\x27\x05\x19\x56" + b"version=1.1.19") == [1, 2] and version(plug) == "1.1.19"
    device = MerossDevice(PlugOptions(uuid=UUID, key=KEY), plug.device._ambient)
    device.up(SERVED, 0.0)
    upgrade = question("Control.Upgrade", "SET", payload_of(upgrade={"url": URL, "md5": "0" * 32}))
    (asked,) = device.receive(upgrade, 0.0, "http", 1)
    assert isinstance(asked, Asked) and asked.question == AskBlock(0, FLASH_BYTES + 1, URL)
    was_updating = device.plug.is_updating
    device.tick(120.0)
    assert was_updating and not device.plug.is_updating
    device.answer(asked.id, FILE, 121.0)
    device.tick(200.0)
    assert device.plug.version == "2.1.17"


# --- sizes and faults ---------------------------------------------------------------------------------------


def test_a_request_that_is_too_long_is_closed_over_http_and_taken_over_the_broker() -> None:
    plug = bound()
    assert plug.ask("Control.TimerX", "SET", KEY, timerx={"id": "a", "alias": "x" * 700}) is not None
    assert plug.ask("Control.TimerX", "SET", KEY, timerx={"id": "b", "alias": "x" * 1200}) is None
    long = [{"id": id, "alias": "x" * 700} for id in ("a", "b")]
    assert bound(dialect="hw1").ask("Control.Timer", "SET", KEY, timer=long) is not None
    data = plug.message("Control.TimerX", "SET", KEY, timerx={"id": "c", "alias": "x" * 950})
    assert len(data) > plug.options.row.http_limit
    plug.take(plug.device.receive(data, plug.now, "broker"))
    data = plug.message("Control.TimerX", "SET", KEY, timerx={"id": "d", "alias": "x" * 10_000})
    plug.take(plug.device.receive(data, plug.now, "broker"))
    digest = plug.value("Digest.TimerX", "digest", KEY)
    assert isinstance(digest, list) and [one["id"] for one in digest] == ["a", "c"]


def test_an_answer_that_is_longer_than_the_buffer_is_cut_off() -> None:
    plug = bound()
    for number in range(32):
        plug.ask("Control.TimerX", "SET", KEY, timerx={"id": f"{number:016}"})
        plug.ask("Control.TriggerX", "SET", KEY, triggerx={"id": f"{number:016}"})
    answer = plug.send(plug.message("System.All", "GET", KEY))
    assert len(answer) == HTTP_BUFFER
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(answer)


def test_a_plug_that_resets_connections_closes_each_fifth() -> None:
    plug = bound("resets-connections")
    answered = [plug.ask("System.Runtime", signed=KEY) is not None for _ in range(20)]
    assert answered.count(False) == 4


def test_a_slow_plug_takes_20_to_200_milliseconds() -> None:
    plug = bound("answers-slowly")
    delays = []
    for number in range(40):
        plug.device.receive(question("System.Runtime"), plug.now, "http", 1000 + number)
        assert plug.device.outgoing(plug.now) == []
        due = plug.device.deadline()
        assert due is not None
        delays.append(due - plug.now)
        plug.device.tick(due)
        assert len(plug.device.outgoing(due)) == 1
    assert all(0.019 <= one <= 0.201 for one in delays) and len(set(delays)) > 20


def test_requests_without_from_and_old_ones_are_refused_where_the_firmware_does() -> None:
    plug = bound("needs-from")
    data = question("System.Runtime", from_="")
    assert plug.send(data) == b""
    plug = bound("refuses-old-requests")
    old = plug.message("System.Runtime", "GET", KEY)
    assert b"GETACK" in plug.send(old)
    plug.run(31.0)
    assert b"5001" in plug.send(old)


@pytest.mark.parametrize("dialect", ["hw6.3", "hw8"])
def test_newer_firmware_closes_on_a_wrong_key(dialect: str) -> None:
    plug = bound("never-encrypts", dialect=dialect)
    assert plug.ask("System.All", signed="guess") is None


def test_newer_headers_carry_who_caused_it_and_the_uuid() -> None:
    for dialect, newer in (("hw2", False), ("hw6", True)):
        plug = bound(dialect=dialect)
        answer = plug.ask("System.Runtime", signed=KEY)
        assert answer is not None and (answer.header.uuid == UUID) is newer
        (report, *_) = [one for one in plug.pushed if one.header.namespace.endswith("Report")]
        items = msgspec.json.decode(report.payload)["report"]
        assert items[0]["type"] == (1 if newer else "1")
        assert (report.header.trigger_src == "Device") is newer


def test_settings_of_newer_firmware_are_kept_and_others_closed() -> None:
    plug = bound("never-encrypts", dialect="hw8")
    assert plug.ask("Config.OverTemp", "SET", KEY, overTemp={"enable": 1, "type": 2, "new": 1}) is not None
    assert plug.value("Config.OverTemp", "overTemp", KEY) == {"enable": 1, "type": 2}
    assert plug.ask("Config.OverTemp", "SET", KEY, overTemp={"type": "hot"}) is None
    assert plug.ask("Config.StandbyKiller", "SET", KEY, config=[{"channel": 0, "power": 2000}]) is not None
    found = plug.value("Config.StandbyKiller", "config", KEY, config=[{"channel": 0}])
    assert isinstance(found, list) and found[0]["power"] == 2000
    assert plug.value("Config.StandbyKiller", "config", KEY, config=[]) == []
    assert plug.ask("Config.StandbyKiller", signed=KEY, standbyKiller=[]) is None
    query = plug.ask("Config.StandbyKiller", "PUSH", KEY)
    assert query is not None and query.header.method == "PUSH"
    for name in ("Control.OverTemp", "Control.AlertReport"):
        assert plug.ask(name, signed=KEY) is None, "traces show that it closes"


def test_a_newer_plug_lists_its_relay_where_no_channel_is_named() -> None:
    plug = bound(dialect="hw6.3")
    answer = plug.ask("Control.ToggleX", signed=KEY)
    assert answer is not None
    found = msgspec.json.decode(answer.payload)
    assert found["channel"] == 4294967295 and [one["channel"] for one in found["togglex"]] == [0]
    one = plug.value("Control.ToggleX", "togglex", KEY, togglex={"channel": 0})
    assert isinstance(one, dict)


def test_the_debug_report_of_hardware_8_has_the_keys_of_its_trace() -> None:
    found = bound("never-encrypts", dialect="hw8").value("System.Debug", "debug", KEY)
    assert isinstance(found, dict)
    assert list(found["system"]) == [
        *("version", "sysUpTime", "localTimeOffset", "localTime", "suncalc", "UTC", "memTotal", "memFree", "memMini")
    ]
    assert {"snr", "channel", "signal", "rssi", "wifiDisconnectDetail"} <= set(found["network"])
    assert {"linkStatus", "iotDisconnectDetail"} <= set(found["cloud"]) and "pingTrace" not in found["cloud"]


def test_the_led_can_be_off_while_the_plug_is_bound() -> None:
    plug = bound()
    plug.measure(onoff=True)
    assert plug.led == "green"
    plug.ask("System.DNDMode", "SET", KEY, DNDMode={"mode": 1})
    assert plug.led == "off"
    assert plug.ask("System.DNDMode", "SET", KEY, DNDMode={"mode": 7}) is None
