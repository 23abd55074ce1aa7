"""The plug's own count of a day beside its power, energy by hour, and energy in its oldest form."""

import pytest

from families.meross.canned_device import CannedDevice, metering_plug
from families.meross.meross_pair import HTTP, SERVED, controller, hub, messages_of, reported
from families.meross.newer_plug import NewerPlug
from pair import START_UNIX, Pair
from unclouded.core.sessions.session import Event, Noticed, Reported, ReportedDay
from unclouded.families.meross.controller.energy.comparison import EnergyComparison
from unclouded.families.meross.controller.energy.consumption import COUNTER, PlugClock
from unclouded.families.meross.controller.energy.hours import HourReader
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import Hour, HourlyEnergies, HourlyEnergy, Time

DAY = 86_400
MIDNIGHT = 1_790_035_200  # UTC
BERLIN = Time(timezone="Europe/Berlin", time_rule=((0, 7200, 1), (1_792_890_000, 3600, 0)))


def record(date: str, used: float) -> Event:
    return Reported({COUNTER: used}, day=ReportedDay(date, 0.0))


class Days:
    """One comparison, by the clock of a plug."""

    def __init__(self, zone: Time | None = None, start: float = MIDNIGHT - 3600.0) -> None:
        self.comparison = EnergyComparison()
        self.zone, self.now = zone, start
        self.notices: list[str] = []

    def clock(self) -> PlugClock:
        return PlugClock(unix=self.now, wall=self.now, zone=self.zone)

    def measure(self, watts: float, seconds: float, every: float = 10.0) -> None:
        end = self.now + seconds
        while self.now < end:
            self.comparison.measured(watts, self.clock())
            self.now += every

    def count(self, date: str, used: float) -> None:
        for event in self.comparison.counted([record(date, used)], self.clock()):
            assert isinstance(event, Noticed) and event.kind == "energy_differs"
            self.notices.append(event.reason)

    def day(self, watts: float, used: float) -> None:
        """From the end of one day to that of the next."""
        date = self.clock().today() if self.now % DAY < 100 else ""
        self.measure(watts, DAY)
        self.count(date or PlugClock(unix=self.now - DAY / 2, wall=self.now - DAY / 2, zone=self.zone).today(), used)


def test_a_day_whose_numbers_agree_leads_to_nothing() -> None:
    days = Days()
    days.measure(50.0, 3600.0)
    days.day(50.0, 1200)
    days.measure(50.0, 600.0)
    days.count("2026-09-23", 8)
    assert not days.notices


@pytest.mark.parametrize("counted", [0, 900, 2400])
def test_a_day_whose_numbers_differ_is_named_with_both(counted: int) -> None:
    days = Days()
    days.measure(50.0, 3600.0)
    date = days.clock().today()
    days.day(50.0, counted)
    days.measure(50.0, 600.0)
    days.count("2099-01-01", 0)
    (notice,) = days.notices
    assert f"On {date} the plug counted {counted} Wh" in notice and "adds up to 1200 Wh" in notice


def test_days_that_differ_in_turn_are_named_once_until_they_agree_again() -> None:
    days = Days()
    days.measure(50.0, 3600.0)
    for counted in (0, 0, 0, 1200, 0):
        days.day(50.0, counted)
        days.measure(50.0, 0.0)
        days.count("2099-01-01", 0)
    assert len(days.notices) == 2


def test_a_day_that_was_not_measured_for_long_is_not_compared() -> None:
    days = Days()
    days.measure(50.0, 3600.0)
    days.measure(50.0, DAY / 2)
    days.now += 2 * 3600.0
    days.measure(50.0, DAY / 2)
    days.count("2099-01-01", 0)
    assert not days.notices


def test_the_day_of_the_first_contact_is_not_compared() -> None:
    days = Days(start=MIDNIGHT + 6 * 3600.0)
    days.measure(50.0, DAY)
    days.count("2099-01-01", 0)
    assert not days.notices


def test_days_end_at_the_midnight_of_the_plug() -> None:
    days = Days(BERLIN, start=MIDNIGHT - 3 * 3600.0)
    days.measure(0.0, 3600.0)
    date = PlugClock(unix=days.now + 60, wall=days.now + 60, zone=BERLIN).today()
    days.measure(100.0, DAY)
    days.measure(0.0, 600.0)
    days.count(date, 2400)
    assert not days.notices
    days.count(date, 2400)
    assert not days.notices


def test_what_was_used_up_to_midnight_belongs_to_the_day_that_ends() -> None:
    days = Days(start=MIDNIGHT - 100.0 - DAY)
    days.measure(0.0, DAY, every=100.0)
    assert days.now == MIDNIGHT - 100.0
    days.measure(3000.0, 100.0, every=100.0)
    days.measure(0.0, 300.0)
    days.count("2026-09-21", 125)
    assert not days.notices


def test_a_wrong_clock_stops_the_comparison() -> None:
    days = Days()
    days.measure(50.0, 3600.0 + DAY / 2)
    days.comparison.measured(50.0, PlugClock(unix=40.0, wall=days.now))
    days.measure(50.0, DAY / 2)
    days.count("2099-01-01", 0)
    assert not days.notices


@pytest.mark.parametrize("stuck", [True, False])
def test_a_plug_whose_counter_stands_still_while_its_power_does_not(stuck: bool) -> None:
    """The whole way: polls, ring, midnight."""
    answers = metering_plug()
    answers[namespaces.ELECTRICITY] = {"electricity": {"channel": 0, "current": 400, "voltage": 2300, "power": 90_000}}
    device = CannedDevice(answers)
    slow = controller(electricity_poll_s=60.0, consumption_poll_s=300.0)
    pair = Pair(slow, device, path=HTTP, device_path=SERVED, answers=hub)
    while pair.now < 3 * DAY:
        pair.run(until=pair.now + 600.0)
        unix = START_UNIX + pair.now
        clock = PlugClock(unix=unix, wall=unix, zone=Time(time_rule=((0, 7200, 1),)))
        used = 0 if stuck else round((unix - clock.start_of(clock.today())) * 90 / 3600)
        ring = device.answers[namespaces.CONSUMPTIONX]["consumptionx"]
        ring[:] = [day for day in ring if day["date"] != clock.today()]
        ring.append({"date": clock.today(), "time": int(unix), "value": used})
    notices = [event for event in pair.of("controller", Noticed) if event.kind == "energy_differs"]
    assert len(notices) == stuck
    if stuck:
        assert "counted 0 Wh" in notices[0].reason and "2160 Wh" in notices[0].reason


# --- by hour, and the oldest form ------------------------------------------------------------------


def test_the_last_full_hour_of_a_ring_is_reported_once_it_is_over() -> None:
    unix = int(START_UNIX)
    start = unix - unix % 3600
    ring = [
        {"timestamp": start + 100, "value": 3},
        {"timestamp": start - 3660, "value": 9},
        {"timestamp": start - 60, "value": 11},
        {"timestamp": start - 60 - DAY, "value": 8},
    ]
    device = NewerPlug()
    device.answers[namespaces.CONSUMPTION_H] = {"consumptionH": [{"channel": 0, "total": 0, "data": ring}]}
    pair = Pair(controller(), device, path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=1000.0)
    events = [event for event in pair.of("controller", Reported) if "consumption.hour" in event.values]
    assert [(dict(event.values), event.at) for event in events] == [({"consumption.hour": 11}, float(start))]
    pair.run(until=3700.0)
    events = [event for event in pair.of("controller", Reported) if "consumption.hour" in event.values]
    assert [event.values["consumption.hour"] for event in events] == [11, 3]


@pytest.mark.parametrize("value", [-1, 4601, 2**70])
def test_an_hour_that_no_plug_can_have_is_not_reported(value: int) -> None:
    start = int(START_UNIX) - int(START_UNIX) % 3600
    device = NewerPlug()
    ring = {"channel": 0, "total": 0, "data": [{"timestamp": start - 60, "value": value}]}
    device.answers[namespaces.CONSUMPTION_H] = {"consumptionH": [{**ring, "channel": 1}, ring]}
    pair = Pair(controller(), device, path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=60.0)
    assert "consumption.hour" not in reported(pair)


def test_hours_are_those_of_the_first_channel_and_of_a_right_clock() -> None:
    start = int(START_UNIX) - int(START_UNIX) % 3600
    energies = HourlyEnergies((HourlyEnergy(1, 0, (Hour(start - 60, 5),)), HourlyEnergy(0, 0, (Hour(start - 60, 7),))))
    clock = PlugClock(unix=START_UNIX, wall=START_UNIX)
    (event,) = HourReader().read(energies, clock)
    assert isinstance(event, Reported) and event.values == {"consumption.hour": 7}
    assert not HourReader().read(energies, PlugClock(unix=START_UNIX, wall=START_UNIX + 3 * DAY))


def test_a_plug_that_lists_only_the_oldest_form_of_its_energy_is_counted() -> None:
    answers = metering_plug()
    listed = answers[namespaces.ABILITY]["ability"]
    del listed[namespaces.CONSUMPTIONX], answers[namespaces.CONSUMPTIONX]
    listed[namespaces.CONSUMPTION] = {}
    unix = int(START_UNIX)
    today = PlugClock(unix=unix, wall=unix, zone=Time(time_rule=((0, 7200, 1),))).today()
    answers[namespaces.CONSUMPTION] = {"consumption": [{"date": today, "time": unix - 60, "value": 180}]}
    pair = Pair(controller(), CannedDevice(answers), path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=30.0)
    assert reported(pair)["consumption.today"] == 180 == reported(pair)[COUNTER]


def test_a_plug_with_both_forms_is_asked_for_the_newer_one() -> None:
    answers = metering_plug()
    answers[namespaces.ABILITY]["ability"][namespaces.CONSUMPTION] = {}
    pair = Pair(controller(), CannedDevice(answers), path=HTTP, device_path=SERVED, answers=hub)
    pair.run(until=600.0)
    sent = messages_of(pair, "controller")
    assert "GET Control.ConsumptionX" in sent and "GET Control.Consumption" not in sent
