"""LED, over-temperature protection and standby killer: set, read back, dropped where a plug lacks them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.meross_pair import BROKER, HTTP, SERVED, controller, hub, messages_of, reported
from families.meross.newer_plug import SETTINGS, STANDBY, NewerPlug, pushed
from pair import Pair
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Identified,
    LinkPath,
    Noticed,
    Offline,
    Rejected,
    Reported,
    Settled,
    WireAction,
    WireCommand,
    WireValue,
)
from unclouded.families.meross.controller.commands.pending_commands import MOST_FAILURES, PlugCommand
from unclouded.families.meross.controller.commands.setting_points import BY_KEY, ROWS, SettingPoints
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import SettingValues


def conversation(device: CannedDevice, path: LinkPath = HTTP) -> Pair:
    return Pair(controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=hub)


def outcome(pair: Pair, key: str, value: WireValue, seconds: float = 20.0) -> Settled:
    ticket = pair.submit(WireCommand({key: value}))
    pair.run(until=pair.now + seconds)
    (settled,) = (event for event in pair.of("controller", Settled) if event.ticket == ticket)
    assert isinstance(settled, Settled)
    return settled


def test_the_settings_of_a_plug_are_read_at_first_and_with_each_look_at_its_state() -> None:
    device = NewerPlug()
    pair = conversation(device)
    pair.run(until=5.0)
    expected = {
        "led": True,
        "over_temperature.enable": True,
        "over_temperature.type": 0,
        "standby_killer.enable": False,
        "standby_killer.power": 0,
        "standby_killer.time": 300,
        "standby_killer.alert": False,
    }
    assert expected.items() <= reported(pair).items()
    device.answers[namespaces.DND] = {"DNDMode": {"mode": 1}}
    pair.run(until=400.0)
    assert reported(pair)["led"] is False, "changed by another client"


@pytest.mark.parametrize("path", [HTTP, BROKER])
@pytest.mark.parametrize(
    ("key", "value", "namespace", "payload"),
    [
        ("led", False, namespaces.DND, {"DNDMode": {"mode": 1}}),
        (
            "over_temperature.enable",
            False,
            namespaces.OVER_TEMPERATURE_SETTING,
            {"overTemp": {"enable": 2, "type": 1, "new": "kept"}},
        ),
        (
            "over_temperature.type",
            1,
            namespaces.OVER_TEMPERATURE_SETTING,
            {"overTemp": {"enable": 1, "type": 2, "new": "kept"}},
        ),
        ("standby_killer.power", 2500, namespaces.STANDBY_KILLER, {"config": [{**STANDBY, "power": 2500}]}),
        ("standby_killer.enable", True, namespaces.STANDBY_KILLER, {"config": [{**STANDBY, "enable": 1}]}),
    ],
)
def test_a_setting_is_confirmed_when_the_plug_reports_it_and_unknown_fields_stay(
    path: LinkPath, key: str, value: WireValue, namespace: str, payload: object
) -> None:
    device = NewerPlug()
    pair = conversation(device, path)
    pair.run(until=5.0)
    assert outcome(pair, key, value).result == "confirmed"
    assert device.changes == [(namespace, payload)]
    assert reported(pair)[key] == value


def test_a_setting_that_is_acknowledged_but_not_kept_is_refused_with_what_the_plug_reports() -> None:
    pair = conversation(NewerPlug(keeps=False))
    pair.run(until=5.0)
    assert outcome(pair, "led", False).reason == "The plug reports that this setting is on."
    assert outcome(pair, "standby_killer.time", 60).reason == "The plug reports 300 for it."


def test_a_setting_that_the_plug_closes_on_is_refused_and_the_plug_stays_online() -> None:
    device = NewerPlug()
    device.broken = {"SET System.DNDMode"}
    pair = conversation(device)
    pair.run(until=5.0)
    settled = outcome(pair, "led", False)
    assert (settled.result, settled.reason) == (
        "refused",
        "The plug does not take this setting: it closes the connection without an answer.",
    )
    pair.run(until=600.0)
    assert not pair.of("controller", Offline)
    assert messages_of(pair, "controller").count("SET System.DNDMode") == MOST_FAILURES


def test_an_error_for_a_setting_is_its_outcome() -> None:
    device = NewerPlug()
    device.otherwise, device.broken = "error", {"SET System.DNDMode"}
    pair = conversation(device, BROKER)
    pair.run(until=5.0)
    assert outcome(pair, "led", False).reason == "The plug refuses it with error 5000."


def test_a_setting_that_was_not_read_yet_is_read_before_it_is_set() -> None:
    one = controller()
    pair = Pair(one, NewerPlug(), path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=5.0)
    one._commands._points = SettingPoints()
    assert outcome(pair, "over_temperature.enable", False).result == "confirmed"
    assert messages_of(pair, "controller").count("SET Config.OverTemp") == 1


def test_a_setting_is_taken_before_a_plug_that_connects_again_has_listed_what_it_has() -> None:
    pair = conversation(NewerPlug())
    pair.run(until=5.0)
    pair.cut()
    pair.mend()
    pair.run(until=5.005)
    assert messages_of(pair, "controller")[-1] == "GET System.Ability", "not answered yet"
    assert outcome(pair, "led", False).result == "confirmed"


def test_a_plug_that_reports_no_entry_for_a_setting_refuses_it() -> None:
    device = NewerPlug()
    device.answers[namespaces.STANDBY_KILLER] = {"config": []}
    pair = conversation(device)
    pair.run(until=5.0)
    assert "standby_killer.time" not in reported(pair)
    settled = outcome(pair, "standby_killer.time", 60)
    assert settled.reason == "The plug does not take this setting: it reports no value for it."


def test_commands_for_the_relay_and_for_settings_keep_their_order() -> None:
    device = NewerPlug()
    pair = conversation(device)
    pair.run(until=5.0)
    tickets = [pair.submit(WireCommand({key: True})) for key in ("standby_killer.enable", "onoff", "led")]
    pair.run(until=30.0)
    assert [(event.ticket, event.result) for event in pair.of("controller", Settled)] == [
        (ticket, "confirmed") for ticket in tickets
    ]


@pytest.mark.parametrize("key", [row.key for row in ROWS if row.key != "led"])
def test_what_an_older_plug_lacks_is_dropped_without_a_notice_and_refused(key: str) -> None:
    pair = conversation(CannedDevice(metering_plug()))
    pair.run(until=5.0)
    assert key in pair.of("controller", Identified)[-1].lacks and not pair.of("controller", Noticed)
    with pytest.raises(CommandError, match=f"This mss310 has no {key}: its firmware does not list it"):
        pair.submit(WireCommand({key: 1}))


@pytest.mark.parametrize(
    "command",
    [
        WireCommand({"led": "off"}),
        WireCommand({"led": 2}),
        WireCommand({"standby_killer.time": True}),
        WireCommand({"standby_killer.time": -1}),
        WireCommand({"standby_killer.time": 1.5}),
        WireCommand({"standby_killer.time": 2**31}),
        WireCommand({"brightness": 1}),
        WireCommand({"led": True, "onoff": True}),
        WireCommand({}),
        WireCommand({"led": True}, part="1"),
        WireAction("dance"),
    ],
)
def test_what_is_no_command_of_a_plug_is_refused_at_once(command: WireCommand | WireAction) -> None:
    pair = conversation(NewerPlug())
    pair.run(until=5.0)
    with pytest.raises(CommandError):
        pair.submit(command)


def test_too_hot_is_reported_with_a_notice_and_acknowledged_where_the_plug_waits_for_it() -> None:
    device = NewerPlug()
    pair = conversation(device, BROKER)
    pair.run(until=5.0)
    pair.send("device", pushed(namespaces.OVER_TEMPERATURE, overTemp=[{"value": 1, "type": 2}]))
    pair.run(until=6.0)
    assert reported(pair)["over_temperature"] is True
    (notice,) = pair.of("controller", Noticed)
    assert notice.kind == "over_temperature" and "too hot" in notice.reason
    pair.send("device", pushed(namespaces.OVER_TEMPERATURE, method="SET", overTemp=[{"value": 2, "type": 2}]))
    pair.run(until=7.0)
    assert reported(pair)["over_temperature"] is False
    assert messages_of(pair, "controller")[-1] == "SETACK Control.OverTemp"
    assert not pair.of("controller", Rejected)


def test_a_push_of_settings_is_a_report() -> None:
    device = NewerPlug()
    pair = conversation(device, BROKER)
    pair.run(until=5.0)
    pair.send("device", pushed(namespaces.STANDBY_KILLER, config=[{**STANDBY, "time": 60}]))
    pair.run(until=6.0)
    assert reported(pair)["standby_killer.time"] == 60


ENTRY = st.dictionaries(
    st.sampled_from(["enable", "type", "power", "time", "alert", "mode", "channel"]),
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=3)
    | st.lists(st.integers()),
)


@given(st.sampled_from(sorted(SETTINGS)), st.lists(ENTRY, max_size=3), st.sampled_from(ROWS), st.integers(0, 1))
def test_any_entry_is_read_and_only_the_set_field_of_it_changes(
    namespace: str, entries: list[dict[str, object]], row: object, value: int
) -> None:
    points = SettingPoints()
    values = points.read(namespace, SettingValues(tuple(entries)))
    assert all(BY_KEY[key].namespace == namespace for key in values)
    assert all(isinstance(one, bool) == (BY_KEY[key].numbers is not None) for key, one in values.items())
    own = next((one for one in entries if one.get("channel", 0) == 0), None)
    setting = BY_KEY[row.key]  # type: ignore[attr-defined]
    request = points.request(PlugCommand(1, setting.key, value))
    if own is None or setting.namespace != namespace:
        assert request is None
        return
    assert request is not None
    sent = msgspec.json.decode(request.payload)[setting.member]
    sent = sent[0] if isinstance(sent, list) else sent
    others = {name: one for name, one in own.items() if name != setting.field}
    decoded = msgspec.json.decode(msgspec.json.encode(others))
    assert {name: one for name, one in sent.items() if name != setting.field} == decoded


def test_every_report_is_of_a_known_key() -> None:
    pair = conversation(NewerPlug())
    pair.run(until=60.0)
    keys = {key for event in pair.of("controller", Reported) for key in event.values}
    assert set(BY_KEY) <= keys
