"""Alerts: devices that do not answer, alarms and faults that they report, values beyond a limit, low batteries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.model import Alert, Device, Fact, Notice, Point, Reading, State, Status, Value
from unclouded.hub.alerts import AlertWatch, alert_notice
from unclouded.hub.readings.board import Board

NOON = 1_764_504_000.0


class Home:
    """Devices, what they report, and the alerts that follow."""

    def __init__(self, *devices: Device) -> None:
        self.board, self.alerts = Board(lambda: NOON), AlertWatch()
        self.alerts.describe(devices)

    def report(self, *facts: Fact) -> list[Alert]:
        self.board.post(facts)
        return self.alerts.update(self.board)

    def value(self, point: str, value: Value, at: float = NOON, quality: str = "good") -> list[Alert]:
        return self.report(Reading("pump", point, value, at, quality))  # type: ignore[arg-type]

    def state(self, state: State, device: str = "pump", reason: str = "") -> list[Alert]:
        return self.report(Status(device, state, NOON, reason))


def device(*points: Point, id: str = "pump", **more: object) -> Device:
    known = {"identity": f"toy:{id}", "family": "toy", "link": f"memory:{id}", "profile": "", "name": id.title()}
    return Device(id=id, points=points, **{**known, **more})  # type: ignore[arg-type]


def kinds(alerts: list[Alert]) -> list[tuple[str, bool]]:
    return [(one.kind, one.active) for one in alerts]


def test_a_device_that_does_not_answer_is_an_alert_until_it_answers() -> None:
    home = Home(device())
    assert home.state("connecting") == home.state("online") == []
    (alert,) = home.state("offline", reason="It did not answer for 5 s.")
    assert (alert.kind, alert.since, alert.text) == ("offline", NOON, "Pump is offline: It did not answer for 5 s.")
    assert home.alerts.update(home.board) == []
    assert kinds(home.state("online")) == [("offline", False)]
    assert home.alerts.active() == []


def test_a_device_that_sleeps_or_waits_is_no_alert() -> None:
    home = Home(device())
    assert home.state("asleep") == home.state("waiting") == home.state("seen") == []


def test_sub_devices_are_not_listed_when_their_gateway_does_not_answer() -> None:
    gateway, part = device(id="gateway"), device(id="gateway_1", parent="gateway", link="memory:gateway")
    plug = device(id="plug", parent="gateway")  # it only counts inside; it has a link of its own
    home = Home(gateway, part, plug)
    home.board.post([Status(id, "offline", NOON) for id in ("gateway", "gateway_1", "plug")])
    assert [one.device for one in home.alerts.update(home.board)] == ["gateway", "plug"]
    assert [one.device for one in home.state("online", "gateway")] == ["gateway", "gateway_1"]


def test_a_limit_raises_one_alert_and_clears_only_well_below_it() -> None:
    home = Home(device(Point(key="power_W", label="Power"), alert_above={"power_W": 2000}))
    assert home.value("power_W", 2000) == []
    (alert,) = home.value("power_W", 2310, NOON + 1)
    assert (alert.kind, alert.since, alert.value, alert.limit) == ("above", NOON + 1, 2310, 2000)
    assert alert.text == "Pump: Power is 2310 W, above its limit of 2000 W."
    assert home.value("power_W", 2500, NOON + 2) == home.value("power_W", 1990, NOON + 3) == []
    assert kinds(home.value("power_W", 1960, NOON + 4)) == [("above", False)]


def test_a_value_below_its_limit_and_one_of_a_negative_limit() -> None:
    home = Home(device(Point(key="temperature_C"), alert_below={"temperature_C": -18}))
    assert home.value("temperature_C", -18) == []
    assert kinds(home.value("temperature_C", -18.1, NOON + 1)) == [("below", True)]
    assert home.value("temperature_C", -17.9, NOON + 2) == []
    assert kinds(home.value("temperature_C", -17, NOON + 3)) == [("below", False)]


def test_a_value_that_flickers_around_a_limit_of_zero_is_one_alert() -> None:
    home = Home(device(Point(key="temperature_C", exponent=-1), alert_below={"temperature_C": 0}))
    found = [kinds(home.value("temperature_C", value, NOON + at)) for at, value in enumerate((-0.1, 0, -0.1, 0, 0.1))]
    assert found == [[("below", True)], [], [], [], [("below", False)]]


def test_a_large_limit_is_written_in_full() -> None:
    key = "energy_import_Wh"
    home = Home(device(Point(key=key, kind="counter", label="Import"), alert_above={key: 12_345_678.0}))
    (alert,) = home.value(key, 23_456_789)
    assert alert.text == "Pump: Import is 23456789 Wh, above its limit of 12345678 Wh."


def test_the_last_value_of_a_device_that_is_gone_is_beyond_no_limit() -> None:
    home = Home(device(Point(key="power_W"), Point(key="smoke", kind="switch"), alert_above={"power_W": 10}))
    home.value("power_W", 50)
    home.value("smoke", True)
    assert kinds(home.state("offline")) == [("above", False), ("offline", True)]
    assert [one.kind for one in home.alerts.active()] == ["alarm", "offline"]  # smoke is not forgotten


def test_a_suspect_value_neither_begins_nor_ends_an_alert() -> None:
    home = Home(device(Point(key="power_W"), alert_above={"power_W": 10}))
    assert home.value("power_W", 4_294_967, NOON, "suspect") == []
    assert kinds(home.value("power_W", 50, NOON + 1)) == [("above", True)]
    assert home.value("power_W", 0, NOON + 2, "suspect") == []


@pytest.mark.parametrize(
    ("point", "value", "kind"),
    [
        (Point(key="smoke", kind="switch"), True, "alarm"),
        (Point(key="smoke", kind="switch"), False, ""),
        (Point(key="gas", kind="enum"), "alarm", "alarm"),
        (Point(key="gas", kind="enum"), "normal", ""),
        (Point(key="gas_ppm"), 30, ""),  # how much, not whether
        (Point(key="temperature_alarm", kind="enum"), "upperalarm", "alarm"),
        (Point(key="temperature_alarm", kind="enum"), "cancel", ""),
        (Point(key="temperature_alarm_max_C", access="rw"), 30, ""),  # a setting
        (Point(key="alarm", kind="switch", access="rw"), True, ""),  # a switch of a siren
        (Point(key="alarm", kind="enum"), 0, ""),  # a number whose meaning is not known
        (Point(key="fault", kind="bitmap", options=("over_voltage", "leakage")), 2, "fault"),
        (Point(key="fault", kind="bitmap"), 0, ""),
        (Point(key="motor_fault", kind="switch"), True, "fault"),
        (Point(key="fault_2", kind="bitmap"), 1, "fault"),
        (Point(key="battery_percent"), 10, "battery"),
        (Point(key="battery_percent"), 11, ""),
        (Point(key="battery_low", kind="switch"), True, "battery"),
        (Point(key="battery_state", kind="enum"), "low", "battery"),
        (Point(key="battery_state", kind="enum"), "high", ""),
        (Point(key="battery_state", kind="enum"), 2, ""),  # a number whose meaning is not known
        (Point(key="battery_low", kind="enum"), 0, ""),
    ],
)
def test_what_a_device_reports(point: Point, value: Value, kind: str) -> None:
    assert [one.kind for one in Home(device(point)).value(point.key, value)] == ([kind] if kind else [])


def test_faults_are_named_and_another_fault_is_another_alert() -> None:
    home = Home(device(Point(key="fault", kind="bitmap", label="Faults", options=("over_voltage", "leakage"))))
    (alert,) = home.value("fault", 2)
    assert alert.text == "Pump reports: Faults: leakage."
    assert home.value("fault", 2, NOON + 1) == []
    (alert,) = home.value("fault", 3, NOON + 2)
    assert (alert.since, alert.text) == (NOON + 2, "Pump reports: Faults: over_voltage, leakage.")


def test_a_battery_at_its_limit_is_one_alert() -> None:
    home = Home(device(Point(key="battery_percent")))
    found = [kinds(home.value("battery_percent", level, NOON + step)) for step, level in enumerate((10, 11, 9, 16))]
    assert found == [[("battery", True)], [], [], [("battery", False)]]


def test_the_worst_comes_first() -> None:
    points = (Point(key="power_W"), Point(key="smoke", kind="switch"), Point(key="fault", kind="bitmap"))
    home = Home(device(*points, alert_above={"power_W": 10}), device(id="fridge"))
    home.report(Reading("pump", "power_W", 50, NOON), Reading("pump", "fault", 1, NOON), Status("fridge", "offline", 1))
    home.value("smoke", True)
    assert [one.kind for one in home.alerts.active()] == ["alarm", "fault", "offline", "above"]


def test_other_limits_another_name_and_a_device_that_is_removed() -> None:
    power = Point(key="power_W")
    home = Home(device(power, alert_above={"power_W": 10}))
    home.value("power_W", 50)
    home.alerts.describe([device(power, name="Heat pump", alert_above={"power_W": 10})])
    (renamed,) = home.alerts.update(home.board)
    assert renamed.text.startswith("Heat pump: ")
    assert renamed.since == NOON
    home.alerts.describe([device(power, alert_above={"power_W": 100})])
    assert kinds(home.alerts.update(home.board)) == [("above", False)]
    home.state("offline")
    home.alerts.describe([])
    assert kinds(home.alerts.update(home.board)) == [("offline", False)]


def test_times_move_with_the_clock() -> None:
    home = Home(device())
    home.state("offline")
    home.alerts.shift(-3600)
    assert home.alerts.active()[0].since == NOON - 3600


def test_the_log_keeps_what_began_and_what_ended() -> None:
    alert = Alert(device="pump", kind="alarm", since=NOON, point="smoke", value=True, text="Pump reports: Smoke.")
    data = {"alert": "alarm", "active": True, "point": "smoke", "value": True}
    assert alert_notice(alert, NOON) == Notice("pump", NOON, "alert", "Pump reports: Smoke.", data)


VALUES = st.one_of(st.booleans(), st.integers(-5, 40), st.floats(), st.sampled_from(["low", "alarm", "normal", "é"]))
STEPS = st.one_of(
    st.tuples(st.sampled_from(["power_W", "smoke", "fault", "battery_percent"]), VALUES),
    st.tuples(st.just(""), st.sampled_from(["online", "offline", "asleep", "faulted"])),
)


@given(st.lists(STEPS, max_size=30))
def test_what_began_and_ended_adds_up_to_what_is_active(steps: list[tuple[str, Value]]) -> None:
    points = (Point(key="power_W"), Point(key="smoke"), Point(key="fault", kind="bitmap"), Point(key="battery_percent"))
    home = Home(device(*points, alert_above={"power_W": 20}, alert_below={"power_W": 0}))
    followed: dict[tuple[str, str], Alert] = {}
    for number, (point, value) in enumerate(steps):
        changed = home.value(point, value, NOON + number) if point else home.state(value)  # type: ignore[arg-type]
        for one in changed:
            if one.active:
                followed[one.kind, one.point] = one
            else:
                del followed[one.kind, one.point]
        assert sorted(followed) == sorted((one.kind, one.point) for one in home.alerts.active())
