"""The simulated MSS310: what it answers, how it begins, how its days pass, and its faults."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from families.meross.meross_pair import (
    BROKER,
    KEY,
    SERVED,
    UUID,
    controller,
    fault,
    hub,
    measures,
    messages_of,
    over_broker,
    plug,
)
from pair import START_UNIX
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    AskCommand,
    Asked,
    Out,
    Refusal,
    Remember,
    Session,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import MerossDevice, PlugOptions
from unclouded.families.meross.plug.debug_report import sun_text
from unclouded.families.meross.plug.rules.store import MOST
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import Envelope, parse, reply, request, verify
from unclouded.families.meross.wire.messages import payload_of


def question(
    namespace: str, method: str = "GET", payload: bytes = b"{}", key: str = KEY, from_: str = "/app/1-2/subscribe"
) -> bytes:
    return request(
        method,
        f"Appliance.{namespace}",
        payload,
        message_id="d052cd2e1f1d4bd4d76f5f2d93820dce",
        key=key,
        timestamp=int(START_UNIX),
        from_=from_,
    )


ON: dict[str, object] = {"togglex": {"channel": 0, "onoff": 1}}
SWITCH_ON = question("Control.ToggleX", "SET", payload_of(**ON))


def ask(device: MerossDevice, data: bytes, now: float = 0.0, re: int = 1, until: float = 0.0) -> Envelope | None:
    """The one answer over HTTP, ``until`` when it may come; None = it closed."""
    for event in device.receive(data, now, "http", re):
        if isinstance(event, Asked):
            device.answer(event.id, True, now)
    (out,) = device.outgoing(max(now, until))
    assert out.re == re
    return parse(out.data) if out.data else None


def served(*faults: str, **changes: Any) -> MerossDevice:
    device = plug(*faults, **changes)
    device.up(SERVED, 0.0)
    return device


class TestThePlugOverHttp(SessionLaws):
    path = SERVED
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return MerossDevice(PlugOptions(uuid=UUID, key=KEY), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(
            [
                question("System.All"),
                question("Control.Electricity"),
                question("System.All", key="wrong"),
                question("Control.Weather"),
                question("System.Clock", "PUSH", payload_of(clock={"timestamp": 1_790_000_000})),
                question("Control.Bind", "SETACK"),
                question("Control.Multiple", "SET", payload_of(multiple=[{"header": {}}])),
                question(
                    "Control.Multiple", "SET", payload_of(multiple=[inner_request("SET", "Control.ToggleX", ON)] * 2)
                ),
                question("Control.TimerX", "SET", payload_of(timerx=RULE)),
                question("Control.Unbind", "PUSH"),
                question("System.Debug"),
                SWITCH_ON,
                SWITCH_ON[:80],
                b"",
            ]
        )

    def commands(self) -> st.SearchStrategy[WireCommand | WireAction]:
        return st.sampled_from([measures(), WireCommand({"onoff": True}), WireAction("dance")])


class TestThePlugOverTheBroker(TestThePlugOverHttp):
    path = BROKER

    def comparable(self, outs: list[Out]) -> list[bytes]:  # type: ignore[override]  # message ids are random
        return [str(parse(out.data)).encode() for out in outs]

    def test_any_chunking_gives_the_same_events(self) -> None:
        """Messages have borders over the broker."""

    test_no_byte_vanishes_and_what_is_held_back_is_bounded = test_any_chunking_gives_the_same_events


# What the controller may SET or DELETE, by namespace.
RULE = {"id": "n1jxtruoknvotm8a", "channel": 0, "type": 1, "enable": 1, "week": 192, "time": 963}
COMMANDS_OF: dict[str, dict[str, object]] = {
    "Config.Key": {"key": {"gateway": {"host": "192.168.1.2", "port": 8883}, "key": "k", "userId": "0"}},
    "Config.Wifi": {"wifi": {"ssid": "dW5jbG91ZGVk", "password": ""}},
    "System.Time": {"time": {"timestamp": int(START_UNIX), "timezone": "", "timeRule": []}},
    "System.Position": {"position": {"longitude": 1, "latitude": 2}},
    "System.DNDMode": {"DNDMode": {"mode": 1}},
    "Control.Toggle": {"channel": 0, "toggle": {"onoff": 1}},
    "Control.ToggleX": {"togglex": {"channel": 0, "onoff": 1}},
    "Control.Timer": {"timer": [RULE]},
    "Control.Trigger": {"trigger": [RULE]},
    "Control.TimerX": {"timerx": RULE},
    "Control.TriggerX": {"triggerx": RULE},
    "Config.WifiX": {"wifi": {"ssid": "dW5jbG91ZGVk", "password": "VGYUy3sUuwWYvDNksngpvQ=="}},
    "Config.OverTemp": {"overTemp": {"enable": 1, "type": 2}},
    "Config.StandbyKiller": {"config": [{"channel": 0, "power": 2000}]},
    "Control.Upgrade": {"upgrade": {"url": "http://192.168.1.2/file.bin", "md5": "0" * 32}},
    "Control.Multiple": {"multiple": [{"header": {"method": "GET", "namespace": "Appliance.System.Runtime"}}]},
}


# Namespaces that real plugs list and do not answer to: traces show that they close on them.
NEVER_ANSWERED = {"Control.OverTemp", "Control.AlertReport"}
NO_ANSWER_DUE = {("PUSH", "System.Clock"), ("PUSH", "Control.Unbind"), ("PUSH", "Control.ConsumptionConfig")}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_answers_every_request_of_what_its_abilities_list(dialect: str) -> None:
    device = served("never-encrypts", dialect=dialect)
    answer = ask(device, question("System.Ability"))
    assert answer is not None
    names = [name.removeprefix("Appliance.") for name in msgspec.json.decode(answer.payload)["ability"]]
    assert names == [name for name in DIALECTS[dialect].abilities if not name.startswith("Encrypt")]
    for name in names:
        for method in namespaces.BY_NAME[f"Appliance.{name}"].controller:
            if (method, name) in NO_ANSWER_DUE or name in NEVER_ANSWERED:
                continue
            device = served("never-encrypts", dialect=dialect)
            found = ask(device, question(name, method, payload_for(name, method)), until=60.0)
            if dialect == "hw1" and method == "DELETE":
                assert found is None
                continue
            expected = method if method == "PUSH" else f"{method}ACK"
            assert found is not None and found.header.method == expected, f"{method} {name}"
            assert verify(found.header, KEY) and found.header.namespace == f"Appliance.{name}"


def payload_for(name: str, method: str) -> bytes:
    if method in ("GET", "PUSH"):
        return payload_of(config=[{"channel": 0}]) if name == "Config.StandbyKiller" else b"{}"
    return payload_of(**COMMANDS_OF[name])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_namespace_that_it_lists_is_known(dialect: str) -> None:
    assert not [name for name in DIALECTS[dialect].abilities if f"Appliance.{name}" not in namespaces.BY_NAME]


def test_an_answer_echoes_the_message_id_and_comes_from_the_plug() -> None:
    answer = ask(served(), question("Control.Electricity"))
    assert answer is not None
    assert answer.header.message_id == "d052cd2e1f1d4bd4d76f5f2d93820dce"
    assert answer.header.from_ == f"/appliance/{UUID}/publish"


def test_a_wrong_signature_is_answered_with_error_5001() -> None:
    answer = ask(served(), question("System.All", key="guess"))
    assert answer is not None and answer.header.method == "ERROR"
    assert msgspec.json.decode(answer.payload) == {"error": {"code": 5001, "detail": "sign error"}}
    assert verify(answer.header, KEY), "the error itself is signed with the real key"


def test_a_plug_without_a_key_checks_nothing() -> None:
    assert ask(served(key=""), question("System.All", key="anything")) is not None


def test_an_old_timestamp_is_refused_where_the_plug_checks_it() -> None:
    device = served(replay_window_s=30)
    fresh, old = ask(device, question("System.All"), 0.0), ask(device, question("System.All"), 31.0)
    assert fresh is not None and fresh.header.method == "GETACK"
    assert old is not None and old.header.method == "ERROR"


def test_it_closes_on_an_unknown_request() -> None:
    assert ask(served(), question("Control.Weather")) is None
    assert ask(served(dialect="hw1"), question("Control.ToggleX")) is None


def test_it_asks_the_world_before_it_switches() -> None:
    device = served()
    (asked,) = device.receive(SWITCH_ON, 1.0, "http", 7)
    assert asked == Asked(1, AskCommand("onoff", True)) and device.outgoing(1.0) == []
    device.answer(1, True, 1.1)
    (out,) = device.outgoing(1.1)
    assert (parse(out.data).header.method, bytes(parse(out.data).payload), out.re) == ("SETACK", b"{}", 7)
    state = ask(device, question("Control.ToggleX"), 2.0)
    assert state is not None
    assert msgspec.json.decode(state.payload)["togglex"] == {"channel": 0, "onoff": 1, "lmTime": int(START_UNIX) + 1}


def test_a_request_is_closed_when_the_world_does_not_answer() -> None:
    device = served()
    device.receive(SWITCH_ON, 1.0, "http", 7)
    device.tick(2.0)
    assert device.outgoing(2.0) == [Out(b"", path="http", re=7)]


def test_a_refused_command_is_acknowledged_and_changes_nothing() -> None:
    device = served()
    device.receive(SWITCH_ON, 1.0, "http", 7)
    device.answer(1, Refusal("welded"), 1.0)
    assert len(device.outgoing(1.0)) == 1 and device.plug.toggle.onoff == 0


def test_several_requests_in_one_up_to_its_limits() -> None:
    inner = [{"header": {"method": "GET", "namespace": f"Appliance.{name}"}} for name in ("System.Runtime", "Weather")]
    answer = ask(served(), question("Control.Multiple", "SET", payload_of(multiple=inner)))
    assert answer is not None
    items = msgspec.json.decode(answer.payload)["multiple"]
    assert [item["header"]["method"] for item in items] == ["GETACK", "ERROR"]
    assert ask(served(), question("Control.Multiple", "SET", payload_of(multiple=inner * 3))) is None


def test_a_long_request_is_closed_even_with_few_items() -> None:
    few = [inner_request("GET", "System.Runtime", {"runtime": {"filler": "x" * 500}})] * 2
    assert ask(served(), question("Control.Multiple", "SET", payload_of(multiple=few))) is None


def inner_request(method: str, name: str, payload: dict[str, object]) -> dict[str, object]:
    header = {"messageId": name, "method": method, "namespace": f"Appliance.{name}"}
    return {"header": header, "payload": payload}


def test_several_requests_in_one_may_set_the_relay_and_are_carried_out_in_their_order() -> None:
    inner = [
        inner_request("GET", "Control.ToggleX", {}),
        inner_request("SET", "Control.ToggleX", {"togglex": {"channel": 0, "onoff": 1}}),
        inner_request("GET", "Control.ToggleX", {}),
        inner_request("SET", "System.DNDMode", {"DNDMode": {"mode": 1}}),
        inner_request("SET", "Control.ToggleX", {"togglex": {"channel": 0, "onoff": 7}}),
    ]
    device = served()
    answer = ask(device, question("Control.Multiple", "SET", payload_of(multiple=inner)))
    assert answer is not None and answer.header.method == "SETACK"
    items = msgspec.json.decode(answer.payload)["multiple"]
    assert [item["header"]["method"] for item in items] == ["GETACK", "SETACK", "GETACK", "SETACK", "SETACK"]
    assert [item["header"]["messageId"] for item in items] == [one["header"]["messageId"] for one in inner]  # type: ignore[index]
    assert [item["payload"]["togglex"]["onoff"] for item in items if "togglex" in item["payload"]] == [0, 1]
    assert all(verify(parse(msgspec.json.encode(item)).header, KEY) for item in items)
    assert device.plug.toggle.onoff == 1


def test_two_relay_commands_in_one_request_ask_the_world_twice_and_a_silent_world_closes() -> None:
    both = [inner_request("SET", "Control.ToggleX", {"togglex": {"channel": 0, "onoff": state}}) for state in (1, 0)]
    data = question("Control.Multiple", "SET", payload_of(multiple=both))
    device = served()
    (first,) = device.receive(data, 1.0, "http", 7)
    (second, kept) = device.answer(first.id, True, 1.0)  # type: ignore[union-attr]  # it is an Asked
    assert isinstance(kept, Remember), "the state of its relay outlives a restart"
    assert second == Asked(2, AskCommand("onoff", False)) and device.outgoing(1.0) == []
    device.tick(3.0)
    assert device.outgoing(3.0) == [Out(b"", path="http", re=7)]


@pytest.mark.parametrize(
    ("namespace", "payload"),
    [
        ("System.Position", {"position": {"longitude": 5, "latitude": -6}}),
        ("System.DNDMode", {"DNDMode": {"mode": 1}}),
    ],
)
def test_settings_are_kept(namespace: str, payload: dict[str, object]) -> None:
    device = served()
    assert ask(device, question(namespace, "SET", payload_of(**payload))) is not None
    answer = ask(device, question(namespace))
    assert answer is not None and msgspec.json.decode(answer.payload) == payload


def json_of(answer: Envelope | None) -> dict[str, object]:
    assert answer is not None
    found = msgspec.json.decode(answer.payload)
    assert isinstance(found, dict)
    return found


def test_timers_are_kept_shown_in_short_and_deleted() -> None:
    device = served()
    rule = {**RULE, "extend": {"toggle": {"onoff": 0, "lmTime": 0}}}
    for _ in range(2):
        assert json_of(ask(device, question("Control.TimerX", "SET", payload_of(timerx=rule)))) == {}
    digest = {"channel": 0, "id": RULE["id"], "count": 2}
    one = json_of(ask(device, question("Control.TimerX", payload=payload_of(timerx={"id": RULE["id"]}))))
    assert one == {"timerx": rule, "digest": digest}
    assert json_of(ask(device, question("Digest.TimerX"))) == {"digest": [digest]}
    assert json_of(ask(device, question("System.All")))["all"]["digest"]["timerx"] == [digest]  # type: ignore[index]
    assert json_of(ask(device, question("Control.TimerX"))) == {"digest": {}, "timerx": {}}
    gone = ask(device, question("Control.TimerX", "DELETE", payload_of(timerx={"id": RULE["id"]})))
    assert gone is not None and gone.header.method == "DELETEACK"
    assert json_of(ask(device, question("Digest.TimerX"))) == {"digest": []}


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"triggerx":{}}', b'{"triggerx":7}', b'{"triggerx":{"id":4}}', b'{"triggerx":[[1]]}']
)
def test_a_rule_without_an_id_is_not_taken(payload: bytes) -> None:
    assert ask(served(), question("Control.TriggerX", "SET", payload)) is None


def test_a_plug_keeps_so_many_rules_as_it_has_slots() -> None:
    device = served()
    taken = [
        ask(device, question("Control.TimerX", "SET", payload_of(timerx={"id": str(number)}))) is not None
        for number in range(MOST + 1)
    ]
    assert taken == [True] * MOST + [False]


def test_hardware_1_takes_the_whole_list_of_timers_at_once() -> None:
    device = served(dialect="hw1")
    assert json_of(ask(device, question("Control.Timer", "SET", payload_of(timer=[RULE])))) == {}
    assert json_of(ask(device, question("Control.Timer"))) == {"timer": [RULE]}
    assert json_of(ask(device, question("Control.Timer", "SET", payload_of(timer=[])))) == {}
    assert json_of(ask(device, question("Control.Timer"))) == {"timer": []}


# --- its debug report ------------------------------------------------------------------------------------

SYSTEM = ["version", "sysUpTime", "localTimeOffset", "localTime", "suncalc"]
NETWORK = ["linkStatus", "ssid", "gatewayMac", "innerIp", "wifiDisconnectCount"]
CLOUD = ["activeServer", "mainServer", "mainPort", "secondServer", "secondPort", "userId", "sysConnectTime"]
CLOUD += ["sysOnlineTime", "sysDisconnectCount", "pingTrace"]


def debug(device: MerossDevice, now: float) -> dict[str, dict[str, object]]:
    return json_of(ask(device, question("System.Debug"), now))["debug"]  # type: ignore[return-value]


def test_the_debug_report_has_the_keys_of_the_console_and_runs() -> None:
    device = served()
    report = debug(device, 0.0)
    assert [list(report[part]) for part in ("system", "network", "cloud")] == [SYSTEM, NETWORK, CLOUD]
    assert report["cloud"]["sysConnectTime"] == "N/A" and report["cloud"]["sysOnlineTime"] == "0h0m0s"
    later = debug(device, 7625.0)
    assert [one["system"]["sysUpTime"] for one in (report, later)] == ["0h0m0s", "2h7m5s"]
    assert [one["system"]["localTime"] for one in (report, later)] == [
        "Mon Sep 21 14:13:20 2026",
        "Mon Sep 21 16:20:25 2026",
    ]


def test_the_debug_report_of_hardware_1_has_its_further_keys() -> None:
    report = debug(served(dialect="hw1"), 0.0)
    assert set(report["system"]) == {*SYSTEM, "compileTime", "memory"}
    assert set(report["network"]) == {*NETWORK, "signal"} and report["network"]["linkStatus"] == 0
    assert list(report["cloud"]) == CLOUD


def test_the_debug_report_counts_the_connections_to_the_server() -> None:
    device = plug()
    pair = over_broker(controller(), device)
    pair.run(until=100.0)
    facts = device.plug.debug(100.0)["cloud"]
    assert isinstance(facts, dict)
    assert facts["activeServer"] == facts["mainServer"] and facts["sysConnectTime"] == "Mon Sep 21 14:13:20 2026"
    assert facts["sysOnlineTime"] == "0h1m39s"
    pair.cut()
    facts = device.plug.debug(110.0)["cloud"]
    assert isinstance(facts, dict)
    assert (facts["activeServer"], facts["sysOnlineTime"], facts["sysDisconnectCount"]) == ("", "0h0m0s", 1)
    assert facts["sysConnectTime"] == "Mon Sep 21 14:13:20 2026"
    device.plug.contact.lost()
    again = device.plug.debug(120.0)["cloud"]
    assert isinstance(again, dict) and again["sysDisconnectCount"] == 1, "it was not connected meanwhile"


def test_local_time_is_that_of_the_rules() -> None:
    device = served()
    rule = payload_of(time={"timestamp": int(START_UNIX), "timezone": "X", "timeRule": [[0, 7200, 1]]})
    ask(device, question("System.Time", "SET", rule))
    system = debug(device, 0.0)["system"]
    assert (system["localTimeOffset"], system["localTime"]) == (7200, "Mon Sep 21 16:13:20 2026")


@pytest.mark.parametrize(
    ("date", "place", "offset_h", "rise", "set_"),
    [
        ((1970, 1, 1), (0, 0), 0, "5:59", "18:7"),  # what a console shows of a plug without a position
        ((2026, 6, 21), (52.52, 13.405), 2, "4:43", "21:33"),  # Berlin
        ((2026, 12, 21), (52.52, 13.405), 1, "8:15", "15:54"),
        ((2026, 12, 21), (-33.87, 151.21), 11, "5:41", "20:5"),  # Sydney
        ((2026, 6, 21), (69.65, 18.96), 2, "0:0", "0:0"),  # the sun does not set in Tromsø
    ],
)
def test_sunrise_and_sunset_are_right_within_some_minutes(
    date: tuple[int, int, int], place: tuple[float, float], offset_h: int, rise: str, set_: str
) -> None:
    noon = datetime(*date, 12, tzinfo=UTC).timestamp()
    found = sun_text(noon - offset_h * 3600, offset_h * 3600, round(place[0] * 1e6), round(place[1] * 1e6))
    for text, expected in zip(found.split(";"), (rise, set_), strict=True):
        assert abs(minutes(text) - minutes(expected)) <= 5, found


def minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


# --- over the broker ------------------------------------------------------------------------------------


def test_it_asks_for_the_time_every_two_seconds_until_it_is_set() -> None:
    pair = over_broker(controller(), plug(), answers=lambda side, question: None)
    pair.run(until=7.0)
    clock_messages = [data for data in pair.sent_by("device") if parse(data).header.namespace == namespaces.CLOCK]
    clocks = [msgspec.json.decode(parse(data).payload)["clock"] for data in clock_messages]
    assert [clock["timestamp"] for clock in clocks] == [0, 2, 4, 6]


def test_an_unacknowledged_bind_is_sent_again_every_30_seconds() -> None:
    refusing = lambda side, question: None if "Bind" in type(question).__name__ else hub(side, question)  # noqa: E731
    pair = over_broker(controller(), plug(), answers=refusing)
    pair.run(until=100.0)
    assert messages_of(pair, "device").count("SET Control.Bind") == 4
    pair.submit(WireCommand({"onoff": True}), "device")
    pair.run(until=101.0)
    assert "PUSH Control.ToggleX" not in messages_of(pair, "device"), "an unbound plug's button is not reported"


def test_only_the_acknowledgement_of_its_newest_bind_binds_it() -> None:
    device = plug()
    device.up(BROKER, 0.0)
    device.receive(question("System.Clock", "PUSH", payload_of(clock={"timestamp": int(START_UNIX)})), 0.0, "broker")
    device.tick(0.0)
    bind = next(parse(out.data) for out in device.outgoing(0.0) if b"Control.Bind" in out.data)
    device.receive(question("Control.Bind", "SETACK"), 1.0, "broker")
    assert not device.stats()["bound"]
    own = reply(bind.header, b"{}", key=KEY, timestamp=int(START_UNIX), from_="/x")
    device.receive(bytes(own), 1.1, "broker")
    assert device.stats()["bound"]


def test_after_the_bind_it_reports_its_time_and_its_calibration() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=60.0)
    pushes = [text for text in messages_of(pair, "device") if not text.startswith(("GETACK", "SETACK"))]
    assert pushes == [
        "PUSH System.Clock",
        "PUSH System.Report",
        "SET Control.Bind",
        "PUSH System.Report",
        "PUSH System.Time",
        "PUSH Control.ConsumptionConfig",
    ]


def test_an_unbound_plug_asks_for_no_server_until_it_connects_again() -> None:
    device = plug()
    pair = over_broker(controller(), device)
    pair.run(until=5.0)
    pair.send("controller", question("Control.Unbind", "PUSH"))
    pair.run(until=60.0)
    assert not device.stats()["bound"] and messages_of(pair, "device").count("SET Control.Bind") == 1


def test_an_update_that_cannot_be_loaded_is_reported_as_failed() -> None:
    pair = over_broker(controller(), plug())
    pair.run(until=5.0)
    pair.send("controller", question("Control.Upgrade", "SET", payload_of(**COMMANDS_OF["Control.Upgrade"])))
    pair.run(until=6.0)
    reports = [parse(data).payload for data in pair.sent_by("device") if b"upgradeInfo" in data]
    assert [msgspec.json.decode(one)["upgradeInfo"]["status"] for one in reports] == [1, 3]


def test_over_the_broker_an_answer_goes_to_the_topic_that_the_request_names() -> None:
    """Its own ``from`` stays the plug's: applications find the plug of an answer by it."""
    device = plug()
    device.up(BROKER, 0.0)
    device.receive(question("System.Runtime", from_="/_agent"), 0.0, "broker")
    (out,) = device.outgoing(0.0)
    assert (out.topic, parse(out.data).header.from_) == ("/_agent", f"/appliance/{UUID}/publish")
    device.tick(0.0)
    (push,) = device.outgoing(0.0)
    assert push.topic == "", "pushes go to the plug's own topic"


@pytest.mark.parametrize("from_", ["/a/#", "/a/+/b", "", "http://10.10.10.1/config", f"/appliance/{UUID}/subscribe"])
def test_what_is_no_topic_to_publish_to_goes_to_the_plugs_own(from_: str) -> None:
    device = plug()
    device.up(BROKER, 0.0)
    device.receive(question("System.Runtime", from_=from_), 0.0, "broker")
    (out,) = device.outgoing(0.0)
    assert out.topic == ""


def test_an_answer_by_http_has_no_topic() -> None:
    device = plug()
    device.up(SERVED, 0.0)
    device.receive(question("System.Runtime", from_="/_agent"), 0.0, "http", 1)
    (out,) = device.outgoing(0.0)
    assert out.topic == ""


# --- its days ---------------------------------------------------------------------------------------

DAY = 86_400.0
MIDNIGHT = DAY - START_UNIX % DAY  # now, when the plug's first day ends in UTC


def days(device: MerossDevice, now: float) -> list[dict[str, object]]:
    answer = ask(device, question("Control.ConsumptionX"), now)
    assert answer is not None
    found = msgspec.json.decode(answer.payload)["consumptionx"]
    assert isinstance(found, list)
    return found


def test_a_day_ends_by_the_plugs_own_clock_and_keeps_the_time_of_its_end() -> None:
    device = served()
    for now, wh in ((0.0, 100), (MIDNIGHT - 60, 150), (MIDNIGHT + 60, 153)):
        device.submit(measures(wh=wh), now)
    closed, new = days(device, MIDNIGHT + 61)
    assert (closed["value"], new["value"]) == (150, 3)
    assert closed["time"] == int(START_UNIX + MIDNIGHT - 60)


def test_the_world_may_have_its_midnight_at_another_time() -> None:
    device = served()
    for now, wh in ((0.0, 100), (10.0, 150), (20.0, 4)):
        device.submit(measures(wh=wh), now)
    assert [day["value"] for day in days(device, 30.0)] == [154]


def test_with_the_midnight_bug_the_new_day_goes_on_from_the_old_ones_total() -> None:
    device = served("keeps-total-at-midnight")
    for now, wh in ((0.0, 100), (MIDNIGHT + 60, 103)):
        device.submit(measures(wh=wh), now)
    assert [day["value"] for day in days(device, MIDNIGHT + 61)] == [100, 103]


def test_hardware_2_ends_its_day_at_local_midnight_and_hardware_1_in_utc() -> None:
    rule = payload_of(time={"timestamp": int(START_UNIX), "timezone": "X", "timeRule": [[0, 3600, 0]]})
    for dialect, count in (("hw2", 2), ("hw1", 1)):
        device = served(dialect=dialect)
        assert ask(device, question("System.Time", "SET", rule)) is not None
        device.submit(measures(wh=10), 0.0)
        device.submit(measures(wh=20), MIDNIGHT - 1800)
        assert len(days(device, MIDNIGHT - 1700)) == count


def test_after_thirty_days_the_oldest_slot_is_used_again() -> None:
    device = served()
    for day in range(33):
        device.submit(measures(wh=10 * day + 10), day * DAY)
    found = days(device, 33 * DAY)
    assert len(found) == 30
    dates = [str(day["date"]) for day in found]
    assert dates != sorted(dates) and sorted(dates) == sorted(set(dates))


# --- its faults -----------------------------------------------------------------------------------------


def test_faults_over_http() -> None:
    assert ask(served("closes-connections"), question("System.All")) is None
    device = served("truncates-answers")
    device.receive(question("System.All"), 0.0, "http", 3)
    (out,) = device.outgoing(0.0)
    assert out.data.startswith(b'{"header"') and not out.data.endswith(b"}}}")
    other = ask(served("sends-wrong-id"), question("System.All"))
    assert other is not None and other.header.message_id != "d052cd2e1f1d4bd4d76f5f2d93820dce"


def test_a_late_plug_answers_after_seven_seconds() -> None:
    device = served("answers-after-7-s")
    device.receive(question("System.Runtime"), 0.0, "http", 1)
    assert device.outgoing(6.9) == [] and device.deadline() == 7.0
    device.tick(7.0)
    assert [out.re for out in device.outgoing(7.0)] == [1]


def test_faults_come_and_go_while_it_runs() -> None:
    pair = over_broker(controller(), plug())
    fault(pair, "closes-connections")
    with pytest.raises(CommandError):
        fault(pair, "explodes")
