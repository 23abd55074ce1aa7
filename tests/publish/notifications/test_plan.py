"""When messages are sent: delays, quiet hours, repetitions, ends, the limit per hour."""

from typing import Any

from unclouded.core.model import Alert
from unclouded.publish.notifications.plan import NotificationPlan, NotificationRules

NOON, NIGHT, MORNING = 12 * 60, 23 * 60, 7 * 60  # minutes of the day
EVENT_OF = {"above": "limit", "below": "limit"}


def alert(kind: str = "fault", device: str = "meter", *, active: bool = True) -> Alert:
    return Alert(device=device, kind=kind, since=0.0, active=active)  # type: ignore[arg-type]


def plan(**rules: Any) -> NotificationPlan:
    known = {"events": ("offline", "fault", "alarm", "limit", "finished"), "event_of": EVENT_OF, **rules}
    return NotificationPlan(
        NotificationRules(**known),
        lambda one: f"{one.device} {one.kind} {'on' if one.active else 'off'}",
        lambda text: f"still {text}",
        lambda count: f"{count} more",
    )


def test_a_message_when_it_begins_and_when_it_is_over() -> None:
    one = plan()
    one.take(alert(), 0, NOON)
    assert one.message(0, NOON) == "meter fault on"
    one.take(alert(), 5, NOON)  # the same, with another text
    assert one.message(5, NOON) == "" and one.deadline(5) is None
    one.take(alert(active=False), 10, NOON)
    assert one.message(10, NOON) == "meter fault off"
    assert one.message(11, NOON) == ""


def test_what_begins_together_is_one_message() -> None:
    one = plan()
    for device in ("a", "b"):
        one.take(alert(device=device), 0, NOON)
    assert one.message(0, NOON) == "a fault on\nb fault on"


def test_a_device_that_is_away_for_a_moment_is_no_message() -> None:
    one = plan(offline_after_s=120)
    one.take(alert("offline"), 0, NOON)
    assert one.message(119, NOON) == "" and one.deadline(0) == 120
    one.take(alert("offline", active=False), 119, NOON)
    assert one.message(500, NOON) == ""
    one.take(alert("offline"), 600, NOON)
    assert one.message(720, NOON) == "meter offline on"


def test_quiet_hours_keep_what_lasts_and_drop_what_is_over() -> None:
    one = plan(quiet=(22 * 60, 7 * 60), even_quiet=("alarm",))
    one.take(alert(device="short"), 0, NIGHT)
    one.take(alert(device="long"), 0, NIGHT)
    one.take(alert("alarm"), 0, NIGHT)
    one.say("finished", "kettle", "kettle has finished", NIGHT)
    assert one.message(0, NIGHT) == "meter alarm on"
    assert one.deadline(1) is None  # nothing is due before the end of the night
    one.take(alert(device="short", active=False), 60, 0)
    assert one.message(60, MORNING - 1) == ""
    assert one.message(61, MORNING) == "long fault on"
    one.take(alert(device="long", active=False), 70, NIGHT)
    assert one.message(70, NIGHT) == ""  # the end is no reason to wake someone


def test_quiet_hours_within_a_day() -> None:
    one = plan(quiet=(13 * 60, 15 * 60))
    one.take(alert(), 0, 14 * 60)
    assert one.message(0, 14 * 60) == "" and one.message(0, 15 * 60) != ""


def test_a_repetition_for_as_long_as_it_lasts() -> None:
    one = plan(repeat_s=600.0, clear=False)
    one.take(alert(), 0, NOON)
    assert [one.message(now, NOON) for now in (0, 599, 600, 1200)] == [
        "meter fault on",
        "",
        "still meter fault on",
        "still meter fault on",
    ]
    one.take(alert(active=False), 1300, NOON)
    assert one.message(9999, NOON) == ""


def test_too_many_are_left_out_and_counted_in_the_next() -> None:
    one = plan(most_per_hour=2, clear=False)
    sent = []
    for number in range(5):
        one.take(alert(device=f"d{number}"), number, NOON)
        sent.append(one.message(number, NOON))
    assert sent == ["d0 fault on", "d1 fault on", "", "", ""] and one.left_out == 3
    one.take(alert(device="late"), 3600, NOON)
    assert one.message(3600, NOON) == "late fault on\n3 more"


def test_only_what_is_chosen() -> None:
    one = plan(events=("limit",), devices=("meter",))
    one.take(alert(), 0, NOON)
    one.take(alert("above", "kettle"), 0, NOON)
    one.take(alert("above"), 0, NOON)
    one.say("finished", "meter", "done", NOON)
    assert one.message(0, NOON) == "meter above on"


def test_what_is_kept_is_bounded() -> None:
    one = plan()
    for number in range(1000):
        one.take(alert(device=f"d{number}"), 0, NOON)
    text = one.message(0, NOON)
    assert len(text.splitlines()) == 21 and text.endswith("180 more")
