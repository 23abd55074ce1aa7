"""What payloads mean: the shapes that plugs use, and the ones that no plug should."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.meross.controller import problems
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.wire.messages import (
    Abilities,
    All,
    Days,
    Debug,
    Electricity,
    Failed,
    Gateway,
    Hour,
    HourlyEnergies,
    HourlyEnergy,
    Info,
    KeyConfig,
    Multiple,
    Nothing,
    OverTemperature,
    OverTemperatures,
    PublicKey,
    Query,
    Report,
    SettingValues,
    Suite,
    TimerSlots,
    Toggle,
    Toggles,
    Trace,
    UnknownPayload,
    Upgrade,
    UpgradeStatus,
    WifiNetwork,
    WifiNetworks,
    payload_of,
)
from unclouded.families.meross.wire.namespaces import BY_NAME, TABLE, read_message


def read(namespace: str, method: str = "GETACK", **payload: object) -> object:
    return read_message(method, f"Appliance.{namespace}", json.dumps(payload).encode())


def test_electricity_comes_in_milliamps_decivolts_and_milliwatts() -> None:
    values = {"channel": 0, "current": 418, "voltage": 2387, "power": 67379, "config": {"voltageRatio": 188}}
    message = read("Control.Electricity", electricity=values)
    assert isinstance(message, Electricity)
    assert (message.current, message.voltage, message.power) == (418, 2387, 67_379)


@pytest.mark.parametrize(
    "shape",
    [
        {"channel": 0, "togglex": {"channel": 0, "onoff": 1, "lmTime": 5}},
        {"channel": 4294967295, "togglex": [{"channel": 0, "onoff": 1, "lmTime": 5, "entity": 1}]},
    ],
)
def test_a_relay_is_an_object_or_a_list(shape: dict[str, Any]) -> None:
    assert read("Control.ToggleX", **shape) == Toggles((Toggle(channel=0, onoff=1, lm_time=5),))


@pytest.mark.parametrize(
    ("namespace", "key", "value"),
    [
        ("Appliance.Control.Electricity", "electricity", {"current": 1, "voltage": 2_300, "power": 5_000}),
        ("Appliance.System.Time", "time", {"timestamp": 7, "timezone": "Europe/Dublin"}),
        ("Appliance.System.Runtime", "runtime", {"signal": 80}),
        ("Appliance.System.DNDMode", "DNDMode", {"mode": 1}),
    ],
)
def test_a_list_of_one_object_is_that_object(namespace: str, key: str, value: dict[str, object]) -> None:
    single = read_message("GETACK", namespace, json.dumps({key: value}).encode())
    assert read_message("GETACK", namespace, json.dumps({key: [value]}).encode()) == single
    with pytest.raises(WireError):
        read_message("GETACK", namespace, json.dumps({key: [value, value]}).encode())


@pytest.mark.parametrize("shape", [[{"channel": 0, "onoff": 1}], {"channel": 0, "onoff": 1}])
@pytest.mark.parametrize("part", ["digest.togglex", "control.toggle"])
def test_the_relay_in_system_all_is_an_object_or_a_list(part: str, shape: object) -> None:
    where, key = part.split(".")
    payload = json.dumps({"all": {"system": {"hardware": {}}, where: {key: shape}}}).encode()
    all_ = read_message("GETACK", "Appliance.System.All", payload)
    assert isinstance(all_, All) and all_.toggles == (Toggle(onoff=1),) and not all_.has_no_relay


def test_days_are_sorted_by_their_time() -> None:
    ring = [{"date": f"2024-03-{day:02}", "time": day * 86_400, "value": day} for day in (5, 6, 7, 1, 2, 3, 4)]
    message = read("Control.ConsumptionX", consumptionx=ring)
    assert isinstance(message, Days) and [day.value for day in message.days] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("key", ["digest", "control"])
def test_both_generations_of_system_all(key: str) -> None:
    relay = {"onoff": 1, "lmTime": 9}
    state = {"toggle": relay} if key == "control" else {"togglex": [{"channel": 0, **relay}]}
    message = read("System.All", all={"system": {"hardware": {"uuid": "AB", "type": "mss310"}}, key: state})
    assert isinstance(message, All) and message.toggles == (Toggle(channel=0, onoff=1, lm_time=9),)


@pytest.mark.parametrize("port", [2001, "2001", "@2"])
def test_ports_are_numbers_or_texts(port: object) -> None:
    system = {"hardware": {}, "firmware": {"port": port}}
    assert isinstance(read("System.All", all={"system": system}), All)


@pytest.mark.parametrize(
    ("namespace", "payload", "kind"),
    [
        ("Control.TimerX", {"digest": {}, "timerx": {}}, TimerSlots),
        ("Control.Timer", {"timer": []}, TimerSlots),
        ("Digest.TriggerX", {"digest": [{"channel": 0, "id": "a", "count": 6}]}, TimerSlots),
        ("System.Report", {"report": [{"type": "1", "value": "0", "timestamp": 4}]}, Report),
        ("System.Report", {"report": [{"type": 1, "value": 0, "timestamp": 4}]}, Report),
        ("System.Debug", {"debug": {"system": {"version": "1"}, "cloud": {"pingTrace": []}}}, Debug),
        ("System.Ability", {"payloadVersion": 1, "ability": {"Appliance.X": {"n": 1}}}, Abilities),
    ],
)
def test_other_answers(namespace: str, payload: dict[str, Any], kind: type) -> None:
    assert isinstance(read(namespace, **payload), kind)


HOURS = {"channel": 0, "total": 0, "data": [{"timestamp": 1739494747, "value": 11}]}
NETWORK = {"ssid": "TXlXaUZp", "bssid": "2c-6e", "signal": 100, "channel": 3, "encryption": 6, "cipher": 3}


@pytest.mark.parametrize(
    ("method", "namespace", "payload", "message"),
    [
        (
            "GETACK",
            "Control.ConsumptionH",
            {"consumptionH": [HOURS]},
            HourlyEnergies((HourlyEnergy(0, 0, (Hour(1739494747, 11),)),)),
        ),
        (
            "PUSH",
            "Control.OverTemp",
            {"overTemp": [{"value": 1, "type": 2}]},
            OverTemperatures((OverTemperature(1, 2),)),
        ),
        (
            "GETACK",
            "Config.OverTemp",
            {"overTemp": {"enable": 1, "type": 1}},
            SettingValues(({"enable": 1, "type": 1},)),
        ),
        (
            "PUSH",
            "Config.StandbyKiller",
            {"config": [{"channel": 0, "x": 1}]},
            SettingValues(({"channel": 0, "x": 1},)),
        ),
        ("GETACK", "Config.StandbyKiller", {"config": []}, SettingValues(())),
        ("GETACK", "Config.Info", {"info": {"homekit": {}}}, Info({})),
        ("SET", "Control.Upgrade", {"upgrade": {"url": "http://a/b", "md5": "c"}}, Upgrade("http://a/b", "c")),
        ("PUSH", "Control.Upgrade", {"upgradeInfo": {"status": 3}}, UpgradeStatus(3)),
        (
            "GETACK",
            "Config.WifiList",
            {"wifiList": [NETWORK]},
            WifiNetworks((WifiNetwork("TXlXaUZp", "2c-6e", 100, 3, 6, 3),)),
        ),
        ("SET", "Config.WifiX", {"wifi": {"ssid": "YQ==", "password": "cA=="}}, WifiNetwork("YQ==", password="cA==")),
        ("GETACK", "Config.Trace", {"trace": {"rssi": "100", "info": "no error"}}, Trace(rssi="100", info="no error")),
        (
            "GETACK",
            "Encrypt.Suite",
            {"suite": {"ka": "ecdhe256", "se": "mrskey", "ds": ""}},
            Suite("ecdhe256", "mrskey"),
        ),
        ("SETACK", "Encrypt.ECDHE", {"ecdhe": {"step": 2, "pubkey": "BA=="}}, PublicKey(2, "BA==")),
        (
            "SET",
            "Config.Key",
            {"key": {"gateway": {"host": "h", "port": "2001"}, "key": "k", "userId": "0"}},
            KeyConfig("k", Gateway("h", "2001"), "0"),
        ),
    ],
)
def test_the_namespaces_of_set_up_and_of_newer_firmware(
    method: str, namespace: str, payload: dict[str, Any], message: object
) -> None:
    assert read(namespace, method, **payload) == message


def test_a_setting_is_read_for_channel_0_and_keeps_what_is_not_known() -> None:
    entries = [{"channel": 1, "power": 9}, {"channel": 0, "power": 5, "enable": True, "new": [1]}]
    message = read("Config.StandbyKiller", config=entries)
    assert isinstance(message, SettingValues) and message.number("power") == 5
    assert message.number("enable") is None and message.number("time") is None, "true is not a number"
    assert json.loads(payload_of(config=message.config)) == {"config": entries}
    assert SettingValues(({"channel": 1, "power": 9},)).number("power") is None


def test_what_set_up_sends_has_the_keys_of_the_wire_and_shows_no_secret() -> None:
    gateway = Gateway("192.168.1.2", 8883, "192.168.1.2", 8883, 1)
    config = KeyConfig("topsecret", gateway, "0")
    assert json.loads(payload_of(key=config)) == {
        "key": {
            "key": "topsecret",
            "userId": "0",
            "gateway": {
                "host": "192.168.1.2",
                "port": 8883,
                "secondHost": "192.168.1.2",
                "secondPort": 8883,
                "redirect": 1,
            },
        }
    }
    network = WifiNetwork(ssid="c3NpZA==", password="topsecret")
    assert "topsecret" not in repr(config) + repr(network) and "c3NpZA==" not in repr(network)


def test_several_in_one() -> None:
    message = read(
        "Control.Multiple", "SETACK", multiple=[{"header": {"method": "GETACK", "namespace": "Appliance.X"}}]
    )
    assert isinstance(message, Multiple) and str(message.items[0]) == "GETACK Appliance.X"


def test_error_5001_is_reported_with_what_to_do() -> None:
    message = read("System.All", "ERROR", error={"code": 5001, "detail": "sign error"})
    assert message == Failed(5001, "sign error")
    assert problems.refused(Failed(5001)).startswith("The plug does not accept the key. ")
    assert problems.refused(Failed(5000, "busy")) == "The plug refuses it with error 5000 (busy)."


def test_an_unknown_namespace_re_encodes_unchanged() -> None:
    payload = b'{"rain" : [1, 2.50, {"deep":null}]}'
    message = read_message("PUSH", "Appliance.Control.Weather", payload)
    assert isinstance(message, UnknownPayload) and bytes(message) == payload


def test_requests_and_empty_answers() -> None:
    assert read("Control.Electricity", "GET", electricity={}) == Query()
    assert read("Control.ToggleX", "SETACK") == Nothing()


@pytest.mark.parametrize(
    ("namespace", "payload"),
    [
        ("Control.Electricity", {"electricity": {"current": "many"}}),
        ("Control.Electricity", {"volts": 1}),
        ("Control.ToggleX", {"togglex": 7}),
        ("Control.ConsumptionX", {"consumptionx": [{"date": "2024-01-01"}]}),
        ("System.All", {"all": []}),
    ],
)
def test_what_no_plug_should_send_is_a_wire_error(namespace: str, payload: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read(namespace, **payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "all",
    "electricity",
    "togglex",
    "toggle",
    "consumptionx",
    "timerx",
    "digest",
    "bind",
    "clock",
    "error",
    "multiple",
    "consumptionH",
    "overTemp",
    "config",
    "upgrade",
    "upgradeInfo",
    "wifiList",
    "wifi",
    "key",
    "trace",
    "suite",
    "ecdhe",
    "info",
]


@given(
    st.sampled_from([row.name for row in TABLE if row.read is not None]),
    st.sampled_from(["GETACK", "SETACK", "PUSH", "SET", "ERROR", "GET"]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3).map(json.dumps).map(str.encode) | st.binary(max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_hostile_payloads_are_messages_or_wire_errors(namespace: str, method: str, payload: bytes) -> None:
    try:
        read_message(method, namespace, payload)
    except WireError as error:
        assert str(error)


@pytest.mark.parametrize("abilities", [row.abilities for row in DIALECTS.values()])
def test_every_ability_of_the_simulated_plug_is_in_the_table(abilities: tuple[str, ...]) -> None:
    assert {f"Appliance.{name}" for name in abilities} <= set(BY_NAME)


def test_the_table_has_each_namespace_once() -> None:
    assert len(BY_NAME) == len(TABLE)
