"""The schedule that a plug keeps, as the hub reads and changes it: hardware 1 and later."""

from typing import Any

import msgspec
import pytest

from families.meross.meross_pair import KEY, controller, over_broker, over_http, plug
from pair import START_UNIX
from unclouded.core.errors import CommandError
from unclouded.core.model import ScheduleRule
from unclouded.core.schedule import rule_text
from unclouded.core.sessions.session import Scheduled, Settled, WireAction
from unclouded.families.meross.wire.envelope import request


class Story:
    """A hub and a plug of that hardware. ``rules``: as the hub knows them."""

    def __init__(self, hardware: int = 2, *faults: str, broker: bool = False, **changes: Any) -> None:
        self.plug = plug(*faults, hardware=hardware, **changes)
        self.pair = (over_broker if broker else over_http)(controller(), self.plug)
        self.run(5.0)

    def run(self, seconds: float) -> None:
        self.pair.run(self.pair.now + seconds)

    @property
    def rules(self) -> tuple[ScheduleRule, ...]:
        found = self.pair.of("controller", Scheduled)
        return found[-1].rules if found else ()

    @property
    def texts(self) -> list[str]:
        return [rule_text(rule) for rule in self.rules]

    def act(self, name: str, text: str) -> tuple[str, str]:
        """The outcome of an action, as its result and reason."""
        before = len(self.pair.of("controller", Settled))
        self.pair.submit(WireAction(name, dict(word.split("=", 1) for word in text.split())))
        self.run(40.0)
        (settled,) = self.pair.of("controller", Settled)[before:]
        return settled.result, settled.reason

    def schedule(self, text: str) -> tuple[str, str]:
        return self.act("schedule", text)

    def other_program(self, method: str, namespace: str, **payload: Any) -> None:
        """Another program changes the plug over HTTP."""
        data = request(
            method, f"Appliance.{namespace}", msgspec.json.encode(payload), message_id="f" * 32, key=KEY,
            timestamp=int(START_UNIX + self.pair.now), from_="",
        )  # fmt: skip
        self.plug.receive(data, self.pair.now, "http", 999)


@pytest.mark.parametrize("hardware", [1, 2, 6, 8])
def test_rules_are_made_changed_and_deleted(hardware: int) -> None:
    story = Story(hardware)
    result, reason = story.schedule("at=07:30 turn=on days=mon-fri name=tea")
    assert (result, story.texts) == ("confirmed", ["on at 07:30, mon to fri"])
    timer = story.rules[0].id
    assert reason == f"rule {timer}" and len(timer) == 16 and story.rules[0].name == "tea"
    assert story.schedule("after=15m")[0] == "confirmed"
    assert story.texts == ["on at 07:30, mon to fri", "off 15 min after it was switched on, daily"]
    assert story.schedule(f"rule={timer} at=08:05 once=yes enabled=no") == ("confirmed", "")
    assert story.texts[0] == "on at 08:05, once, mon to fri"
    assert (story.rules[0].enabled, story.rules[0].name) == (False, "tea")
    assert story.act("unschedule", f"rule={timer}") == ("confirmed", "")
    assert story.texts == ["off 15 min after it was switched on, daily"]


@pytest.mark.parametrize("hardware", [1, 2])
def test_rules_that_the_plug_keeps_already_are_read(hardware: int) -> None:
    story = Story(hardware)
    assert story.schedule("at=22:00 turn=off lasts=2h")[0] == "confirmed"
    again = over_http(controller(seed=5), story.plug)
    again.run(5.0)
    assert [rule_text(rule) for rule in again.of("controller", Scheduled)[-1].rules] == ["off at 22:00 for 2 h, daily"]


@pytest.mark.parametrize("hardware", [1, 2])
def test_a_rule_is_not_said_to_be_missing_before_the_rules_were_read(hardware: int) -> None:
    """As after a restart of the hub, which shows no rules until then."""
    story = Story(hardware)
    story.schedule("at=22:00 turn=off")
    again = over_http(controller(seed=5), story.plug, latency=0.05)
    again.run(0.2)
    reasons = set()
    for _ in range(100):
        try:
            again.submit(WireAction("unschedule", {"rule": story.rules[0].id}))
            break
        except CommandError as refusal:
            reasons.add(str(refusal))
            again.run(again.now + 0.05)
    assert reasons == {"The rules of the plug have not been read yet. Try again in a few seconds."}
    again.run(again.now + 40.0)
    assert [one.result for one in again.of("controller", Settled)] == ["confirmed"]


def test_a_rule_that_another_program_edits_is_read_again_and_not_overwritten() -> None:
    story = Story()
    story.schedule("at=07:30 turn=on")
    id = story.rules[0].id
    edited = {
        "id": id,
        "channel": 0,
        "type": 1,
        "enable": 1,
        "week": 255,
        "time": 600,
        "extend": {"toggle": {"onoff": 1}},
    }
    story.other_program("SET", "Control.TimerX", timerx=edited)
    result, reason = story.schedule(f"rule={id} at=09:00")
    assert result == "refused" and "changed meanwhile" in reason
    assert story.texts == ["on at 10:00, daily"]
    assert story.schedule(f"rule={id} at=09:00") == ("confirmed", "")
    story.other_program("SET", "Control.TimerX", timerx={**edited, "time": 660})
    story.run(301.0)
    assert story.texts == ["on at 11:00, daily"], "the edit counter of the digest has shown it"


@pytest.mark.parametrize("hardware", [1, 2])
def test_a_rule_that_another_program_makes_is_kept_when_a_new_one_is_made(hardware: int) -> None:
    story = Story(hardware)
    story.schedule("at=07:30 turn=on")
    theirs = {"id": "theirs", "alias": "", "week": 255, "time": 600, "enable": 1, "type": 1}
    if hardware == 1:
        story.other_program("SET", "Control.Timer", timer=[theirs])
    else:
        story.other_program("SET", "Control.TimerX", timerx=theirs)
    assert story.schedule("at=08:00 turn=off")[0] == "confirmed"
    story.run(301.0)
    assert "theirs" in [rule.id for rule in story.rules]


@pytest.mark.parametrize("hardware", [1, 2])
def test_a_timer_that_counts_once_is_disabled_as_soon_as_it_has_switched(hardware: int) -> None:
    story = Story(hardware, broker=True)
    minute = (START_UNIX + story.pair.now) % 86_400 // 60 + 2
    at = f"{int(minute // 60):02}:{int(minute % 60):02}"
    assert story.schedule(f"at={at} turn=on once=yes")[0] == "confirmed"
    assert story.rules[0].enabled
    story.run(130.0)
    assert not story.rules[0].enabled, "the poll of the rules comes later"


def test_fields_that_are_not_known_survive_a_change() -> None:
    story = Story()
    story.other_program(
        "SET", "Control.TimerX",
        timerx={"id": "abc", "channel": 0, "type": 1, "enable": 1, "week": 129, "time": 60, "colour": "red",
                "extend": {"toggle": {"onoff": 0, "lmTime": 7}, "more": 1}},
    )  # fmt: skip
    story.run(301.0)
    assert story.texts == ["off at 01:00, mon"]
    assert story.schedule("rule=abc at=02:00") == ("confirmed", "")
    kept = story.plug.plug.settings.timers["abc"]
    assert (kept["colour"], kept["extend"]["more"], kept["time"]) == ("red", 1, 120)


def test_a_timer_by_the_sun_needs_the_place_of_the_plug() -> None:
    story = Story()
    with pytest.raises(CommandError, match="does not know its place"):
        story.schedule("at=sunset-20m turn=on")
    story.other_program("SET", "System.Position", position={"longitude": -3_700_000, "latitude": 40_400_000})
    story.pair.cut()
    story.pair.mend()
    story.run(10.0)
    assert story.schedule("at=sunset-20m turn=on")[0] == "confirmed"
    assert story.texts == ["on at 20 min before sunset, daily"]


def test_what_cannot_be_is_the_callers_error() -> None:
    story = Story()
    for name, text, reason in (
        ("schedule", "rule=none at=07:30", "keeps no rule 'none'. It keeps: none"),
        ("unschedule", "rule=none", "keeps no rule"),
        ("schedule", "at=25:00 turn=on", "not a time of day"),
    ):
        with pytest.raises(CommandError, match=reason):
            story.act(name, text)


def test_a_plug_that_takes_no_more_rules_refuses_them() -> None:
    story = Story()
    for minute in range(32):
        assert story.schedule(f"at=07:{minute:02} turn=on")[0] == "confirmed"
    with pytest.raises(CommandError, match="keeps 32 rules"):
        story.schedule("at=08:00 turn=on")
    assert story.schedule("after=15m")[0] == "confirmed"


def test_a_lost_plug_settles_a_change_once() -> None:
    story = Story()
    story.pair.submit(WireAction("schedule", {"after": "15m"}))
    story.pair.cut()
    story.run(60.0)
    (settled,) = story.pair.of("controller", Settled)
    assert settled.result == "unreachable"


def test_over_the_broker_as_well() -> None:
    pair = over_broker(controller(), plug())
    pair.run(20.0)
    pair.submit(WireAction("schedule", {"at": "07:30", "turn": "on"}))
    pair.run(60.0)
    assert [one.result for one in pair.of("controller", Settled)] == ["confirmed"]
