"""How full the disk is and when it will be full: from figures and times, no disk is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.disk.disk_watch import DiskGrowth, DiskUse, DiskWatch
from unclouded.app.disk.service import DiskService, measured, remembered_disk
from unclouded.core.model import Alert, Fact, Memory
from unclouded.core.text.rough_time import rough_time

NOON, HOUR, DAY = 1_764_504_000.0, 3600.0, 86_400.0
GB = 10**9


def use(percent: float, store: int = GB, size: int = 100 * GB) -> DiskUse:
    used = round(size * percent / 100)
    return DiskUse(used, size - used, store)


def filled(watch: DiskWatch, begin: float, days: int, percent: float, day: float) -> float:
    """A look each hour for so many days, while the disk fills by ``day`` percent a day; when the last one was."""
    for hour in range(days * 24 + 1):
        watch.take(use(percent + day * hour / 24, GB + hour * 10**7), begin + hour * HOUR)
    return begin + days * DAY


def growth_of(watch: DiskWatch) -> DiskGrowth:
    growth = watch.growth()
    assert growth is not None
    return growth


def said(watch: DiskWatch) -> str:
    alert = watch.alert()
    return alert.text if alert else ""


def test_it_warns_at_90_percent_in_two_looks_and_until_it_is_below_88() -> None:
    watch = DiskWatch()
    states = []
    for minute, percent in enumerate((89.99, 90, 89.9, 90, 90.1, 88.5, 88, 87.99, 89, 90, 91)):
        watch.take(use(percent), NOON + 60 * minute)
        states.append(bool(watch.alert()))
    assert states == [False, False, False, False, True, True, True, False, False, False, True]
    alert = watch.alert()
    assert alert is not None
    assert (alert.device, alert.kind, alert.value, alert.limit) == ("", "disk", 91, 90)
    assert (alert.since, alert.text) == (NOON + 600, "The disk with the data of the hub is 91 % full.")


def test_percents_are_rounded_down_so_that_no_text_says_90_without_an_alert() -> None:
    assert [use(percent).percent for percent in (0, 89.999, 90, 99.99, 100)] == [0, 89, 90, 99, 100]
    assert DiskUse(0, 0, 0).percent == 0  # a file system that says nothing of its size


def test_after_a_day_it_says_when_the_disk_is_full_and_what_the_history_takes_of_it() -> None:
    watch = DiskWatch()
    filled(watch, NOON, 1, 90, 1)
    watch.take(use(91), NOON + DAY - 1)  # not kept: within the hour
    assert DiskWatch(watch.memory()).growth() is None  # nothing was looked at in this run
    at = filled(watch, NOON + DAY + HOUR, 2, 91, 1)
    watch.take(use(94, GB + 48 * 10**7), at)
    assert growth_of(watch).full_in == rough_time(6 / 1.29 * DAY)
    assert said(watch).endswith("At the rate of the last days it will be full in about 5 days.")


def test_nothing_is_said_before_a_day_or_where_the_use_falls_or_stays() -> None:
    watch = DiskWatch()
    watch.take(use(90), NOON)
    watch.take(use(95), NOON + DAY - 1)
    assert watch.growth() is None
    assert said(watch) == "The disk with the data of the hub is 95 % full."
    watch.take(use(90), NOON + DAY)
    assert growth_of(watch) == DiskGrowth(0, 0, None)
    watch.take(use(89, 2 * GB), NOON + 2 * DAY)
    assert growth_of(watch) == DiskGrowth(-GB / 2, GB / 2, None)
    assert said(watch) == "The disk with the data of the hub is 89 % full."


def test_only_the_last_seven_days_count_and_at_most_one_value_an_hour_is_kept() -> None:
    watch = DiskWatch()
    filled(watch, NOON, 10, 10, 5)  # it filled fast, until ten days ago
    at = filled(watch, NOON + 10 * DAY, 8, 60, 0.1)
    for second in range(0, 3600, 60):
        assert not watch.take(use(60.8, GB), at + second)
    assert growth_of(watch).day == pytest.approx(GB / 10, rel=0.01)
    assert len(watch.memory()) < 9_000


def test_what_is_remembered_outlives_a_restart_and_a_damaged_memory_does_no_harm() -> None:
    watch = DiskWatch()
    at = filled(watch, NOON, 3, 91, 1)
    again = DiskWatch(watch.memory())
    assert again.alert() is None  # the disk is not looked at yet
    assert again.last_growth() == growth_of(watch)
    again.take(use(94, GB + 72 * 10**7), at)
    assert (again.alert(), again.growth()) == (watch.alert(), watch.growth())
    for damaged in (b"", b"{", b"\xff\xfe", b"[1]", b'{"kept":[[1]]}', watch.memory()[:-9]):
        assert DiskWatch(damaged).last_growth() is None


def test_another_disk_and_a_clock_that_was_wrong_begin_anew() -> None:
    watch = DiskWatch()
    at = filled(watch, NOON, 3, 50, 1)
    watch.take(use(53, size=102 * GB), at + HOUR)  # it was enlarged a little, or is counted otherwise
    assert watch.growth() is not None
    watch.take(use(10, size=200 * GB), at + 2 * HOUR)
    assert watch.growth() is None
    watch.take(use(10, size=200 * GB), at + 400 * DAY)  # the clock jumps, and back
    watch.take(use(11, size=200 * GB), at + 3 * HOUR)
    assert watch.growth() is None
    before = watch.memory()
    assert not watch.take(use(12, size=200 * GB), 0.0, is_trusted=False)
    assert watch.memory() == before


@given(st.floats(0, 1e12))
def test_a_rough_time_is_never_far_from_the_true_one(seconds: float) -> None:
    found = rough_time(seconds)
    sizes = {"day": 1, "days": 1, "weeks": 7, "months": 30.4}
    if found.unit in sizes:
        assert abs(found.count * sizes[found.unit] * DAY - seconds) <= 0.34 * seconds
    else:
        assert seconds < DAY if found.unit == "soon" else seconds >= 730 * DAY


def test_rough_times_in_words() -> None:
    days = (0.99, 1, 1.49, 1.5, 13.4, 13.9, 14, 59, 60, 729, 730, 10_000)
    assert [str(rough_time(one * DAY)) for one in days] == [
        "less than a day",
        "about a day",
        "about a day",
        "about 2 days",
        "about 13 days",
        "about 14 days",
        "about 2 weeks",
        "about 8 weeks",
        "about 2 months",
        "about 24 months",
        *["more than 2 years"] * 2,
    ]


class ListeningHub:
    """What the service hands to a hub."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.alerts: list[Alert] = []

    def remember(self, memory: Memory) -> Memory:
        return memory

    def publish(self, facts: list[Fact]) -> None:
        self.facts += facts

    def report_own_alerts(self, alerts: list[Alert]) -> None:
        self.alerts = alerts


async def test_the_service_hands_alerts_to_the_hub_and_remembers_once_an_hour() -> None:
    hub, looks, clock = ListeningHub(), iter([None, *[use(92)] * 62]), iter(NOON + 60 * look for look in range(99))
    service = DiskService(hub, lambda: next(looks), lambda: (next(clock), True))  # type: ignore[arg-type]
    await service.look()
    assert (service.view(), hub.facts) == (None, [])  # a file system that does not say
    for _ in range(62):
        await service.look()
    assert [one.kind for one in hub.alerts] == ["disk"]
    view = service.view()
    assert view is not None
    assert (view.percent, view.is_nearly_full, view.growth_day, view.full_in) == (92, True, None, None)
    assert [type(one) for one in hub.facts] == [Memory] * 3  # the first value, the alert, an hour later
    memory = {one.identity: {one.key: one.value} for one in hub.facts if isinstance(one, Memory)}
    assert DiskWatch(remembered_disk(memory)).memory() == remembered_disk(memory) != b""


def test_the_disk_of_a_folder_is_measured(tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = measured(tmp_path, lambda: 7)
    assert found is not None
    assert (found.store, found.size > 0) == (7, True)
    assert measured(tmp_path / "none", lambda: 7) is None
