"""A plug whose clock, zone or daylight saving rules are not set: the hub sets them, or says what to do."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.meross_pair import HTTP, SERVED, controller, hub, over_broker, over_http, plug
from pair import START_UNIX, Pair
from unclouded.core.sessions.session import (
    Answer,
    AskClock,
    Identified,
    LinkPath,
    LocalTime,
    Noticed,
    Offline,
    Question,
    Refusal,
    Rejected,
    Reported,
)
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Time
from unclouded.families.meross.wire.time_rules import RULES, local_offset, rules_of
from unclouded.hub.services.zone import clock_time


class HubClock:
    """A hub in a zone, whose time runs with that of the pair."""

    def __init__(self, zone: str = "Europe/Madrid", trusted: bool = True) -> None:
        self.zone, self.trusted = ZoneInfo(zone), trusted
        self.pair: Pair | None = None
        self.questions = 0

    def answer(self, side: str, question: Question) -> Answer | Refusal | None:
        if not isinstance(question, AskClock):
            return hub(side, question)
        self.questions += 1
        now = self.pair.now if self.pair is not None else 0.0
        if not self.trusted and self.questions == 1:
            return Refusal("The hub does not know the time yet.")
        if not self.trusted:
            return LocalTime(7.0, trusted=False)
        return clock_time(START_UNIX + now, self.zone)


def conversation(device: CannedDevice, clock: HubClock, path: LinkPath = HTTP) -> Pair:
    pair = Pair(
        controller(), device, path=path, device_path=SERVED if path is HTTP else path, answers=clock.answer, start=False
    )
    clock.pair = pair
    pair.mend()
    return pair


def plug_in(zone: str, **options: Any) -> CannedDevice:
    return CannedDevice(metering_plug(zone=zone), **options)


def texts(pair: Pair) -> list[str]:
    return [event.reason for event in pair.of("controller", Noticed) if event.kind == "clock"]


def test_a_clock_that_counts_from_the_start_is_set_with_zone_and_twenty_rules() -> None:
    device = plug_in("", unix=1033.0)
    pair = conversation(device, HubClock())
    pair.run(until=5.0)
    (time,) = device.set_time
    assert abs(time["timestamp"] - START_UNIX) <= 1 and time["timezone"] == "Europe/Madrid"
    assert len(time["timeRule"]) == RULES
    at = [rule[0] for rule in time["timeRule"]]
    assert at == sorted(at) and at[0] <= START_UNIX < at[1]
    assert [rule[1:] for rule in time["timeRule"][:2]] == [[7200, 1], [3600, 0]]
    assert texts(pair) == [
        "The clock of the plug was not set: it counts from its start."
        " The hub has set its time and the zone Europe/Madrid."
    ]
    first = next(index for index, (_, text) in enumerate(device.asked) if text == "SET System.Time")
    assert not [text for _, text in device.asked[:first] if "Consumption" in text], "before its days are read"
    assert not [event for event in pair.of("controller", Reported) if event.at is not None and event.at < 1e9]
    assert not pair.of("controller", Rejected) and not pair.of("controller", Offline)


def test_a_clock_that_is_right_is_compared_once_a_day_and_not_set() -> None:
    device, clock = plug_in("Europe/Madrid"), HubClock()
    pair = conversation(device, clock)
    pair.run(until=3600.0)
    assert clock.questions == 1 and not device.set_time and not texts(pair)
    pair.run(until=86_400.0 + 600)
    assert clock.questions == 2 and not device.set_time


@pytest.mark.parametrize(("off_s", "is_set"), [(20.0, False), (-20.0, False), (90.0, True), (-90.0, True), (4e8, True)])
def test_only_a_clock_that_is_clearly_wrong_is_set(off_s: float, is_set: bool) -> None:
    device = plug_in("Europe/Madrid", unix=START_UNIX + off_s)
    pair = conversation(device, HubClock())
    pair.run(until=5.0)
    assert bool(device.set_time) == is_set == bool(texts(pair))


def test_a_clock_that_goes_wrong_later_is_set_at_the_next_look() -> None:
    device = plug_in("Europe/Madrid")
    pair = conversation(device, HubClock())
    pair.run(until=100.0)
    device._ahead = 1000.0
    pair.run(until=400.0)
    assert len(device.set_time) == 1 and len(texts(pair)) == 1


def test_a_zone_that_the_plug_has_stays_with_its_rules() -> None:
    device = plug_in("America/New_York", unix=1033.0)
    rules = device.answers[namespaces.ALL]["all"]["system"]["time"]["timeRule"]
    pair = conversation(device, HubClock())
    pair.run(until=5.0)
    (time,) = device.set_time
    assert (time["timezone"], time["timeRule"]) == ("America/New_York", rules)


def test_rules_of_the_same_zone_that_have_run_out_are_set_again() -> None:
    device = plug_in("Europe/Madrid")
    device.answers[namespaces.ALL]["all"]["system"]["time"]["timeRule"] = [[1_616_893_200, 7200, 1]]
    pair = conversation(device, HubClock())
    pair.run(until=5.0)
    assert [len(time["timeRule"]) for time in device.set_time] == [RULES]
    assert texts(pair)[0].startswith("The daylight saving rules of the plug for Europe/Madrid were out of date.")


def test_a_missing_zone_alone_is_set_too() -> None:
    device = plug_in("")
    pair = conversation(device, HubClock())
    pair.run(until=5.0)
    assert [time["timezone"] for time in device.set_time] == ["Europe/Madrid"]
    assert "its days end at midnight UTC" in texts(pair)[0]


@pytest.mark.parametrize("sets", ["refuses", "ignores"])
@pytest.mark.parametrize("otherwise", ["closes", "error"])
def test_a_plug_that_does_not_let_its_clock_be_set_leads_to_one_notice_and_stays_online(
    sets: str, otherwise: str
) -> None:
    device = plug_in("", unix=1033.0, sets=sets, otherwise=otherwise)
    pair = conversation(device, HubClock())
    pair.run(until=7100.0)
    (text,) = texts(pair)
    assert "The hub could not set it" in text and "pool.ntp.org" in text
    assert 2 <= len(device.set_time) <= 4, "again after an hour, not for ever"
    assert not pair.of("controller", Offline)


def test_a_plug_without_the_namespace_is_not_sent_it() -> None:
    device = plug_in("", unix=1033.0)
    del device.answers[namespaces.ABILITY]["ability"][namespaces.TIME]
    pair = conversation(device, HubClock())
    pair.run(until=900.0)
    assert not device.set_time or len(device.set_time) == 1, "at most before its ability list was read"
    assert not pair.of("controller", Offline)


def test_a_hub_without_a_clock_sets_none() -> None:
    device, clock = plug_in("", unix=1033.0), HubClock(trusted=False)
    pair = conversation(device, clock)
    pair.run(until=400.0)
    assert not device.set_time and not texts(pair) and clock.questions >= 2
    clock.trusted = True
    pair.run(until=700.0)
    assert len(device.set_time) == 1


@pytest.mark.parametrize("wire", [over_http, over_broker])
def test_the_simulated_plug_takes_the_zone_and_a_start_on_the_broker_is_no_news(wire: Any) -> None:
    clock = HubClock("Europe/Berlin")
    device = plug(timezone="Europe/Berlin") if wire is over_broker else plug()
    pair = wire(controller(), device, answers=clock.answer)
    clock.pair = pair
    pair.run(until=30.0)
    assert device.plug.settings.timezone == "Europe/Berlin" and len(device.plug.settings.time_rule) == RULES
    assert not [text for text in texts(pair) if "not set" in text]


def test_a_recording_asks_for_no_time() -> None:
    one = controller()
    one.up(LinkPath(recorded=True), 0.0)
    sent = CannedDevice(metering_plug(zone=""), unix=5.0)
    pair = conversation(sent, HubClock())
    pair.run(until=1.0)
    events = [event for now in (0.0, 60.0) for data in pair.sent_by("device") for event in one.receive(data, now)]
    assert [event for event in events if isinstance(event, Identified)]
    assert not [event for event in events if type(event).__name__ == "Asked"]


ZONES = [
    "Africa/Casablanca",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Chatham",
    "UTC",
]


@given(st.sampled_from(ZONES), st.integers(1_767_225_600, 1_900_000_000))
def test_the_rules_give_the_local_time_of_the_zone_for_eight_years(zone: str, unix: int) -> None:
    local = clock_time(unix, ZoneInfo(zone))
    rules = rules_of(local)
    assert 1 <= len(rules) <= RULES and rules[0][0] <= unix
    time = Time(timezone=zone, time_rule=tuple(map(tuple, rules)))
    for day in range(0, 8 * 365, 11):
        at = unix + day * 86_400
        offset = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None and local_offset(time.time_rule, at) == offset.total_seconds()
    assert {rule[2] for rule in rules} <= {0, 1}
    assert len(rules) == 1 or {rule[2] for rule in rules} == {0, 1}
