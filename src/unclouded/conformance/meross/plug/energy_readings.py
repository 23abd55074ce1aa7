"""Checks of what a plug answers of its relay, of power, and of energy by day and hour.

Source: docs/protocols/meross.md §1.8.
"""

from datetime import UTC, date, datetime, timedelta

from unclouded.conformance.check import Check
from unclouded.conformance.meross.plug.answer_fields import items, number, part, payload_of, reading, reading_row
from unclouded.conformance.meross.plug.played_controller import PlugLine, relay_in
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.conformance.rows import judged
from unclouded.families.meross.wire import namespaces

MOST_DAYS, MOST_HOURS = 31, 24


def toggle(line: PlugLine) -> None:
    state = relay_in(payload_of(line, line.end.relay))
    number(line, state, "onoff", 0, 1)
    number(line, state, "lmTime", 0, 2**32)


def relay_agrees(line: PlugLine, fields: Fields) -> None:
    own = relay_in(payload_of(line, line.end.relay))
    whole = fields["all"]
    other = relay_in(whole.get("digest") or whole["control"])
    line.require((own["onoff"], own["lmTime"]) == (other["onoff"], other["lmTime"]), "The relay differs.")


def electricity(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "electricity")
    for name, most in (("channel", 0), ("current", 50_000), ("voltage", 5_000), ("power", 20_000_000)):
        number(line, found, name, 0, most)


def electricity_units(line: PlugLine, fields: Fields) -> None:
    found = fields["electricity"]
    line.require(800 <= found["voltage"] <= 2_800, f"A voltage of {found['voltage']} is not a mains voltage in 0.1 V.")


def electricity_power(line: PlugLine, fields: Fields) -> None:
    found = fields["electricity"]
    apparent_mW = found["voltage"] * found["current"] / 10
    line.require(
        found["power"] <= apparent_mW * 1.1 + 2_000,
        f"{found['power']} mW are more than voltage and current allow ({apparent_mW:.0f} mW).",
    )


def calibration(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "config")
    number(line, found, "voltageRatio", 1, 10_000)
    number(line, found, "electricityRatio", 1, 10_000)


def _days(line: PlugLine) -> list[Fields]:
    for namespace, name in ((namespaces.CONSUMPTIONX, "consumptionx"), (namespaces.CONSUMPTION, "consumption")):
        if line.end.lists(namespace):
            return items(line, payload_of(line, namespace), name)
    return line.not_applicable("It counts no energy by day.")


def days_form(line: PlugLine) -> None:
    for day in _days(line):
        date.fromisoformat(day["date"])
        number(line, day, "time", 0, 2**32)
        number(line, day, "value", 0, 10_000_000)


def days_once(line: PlugLine) -> None:
    dates = [day["date"] for day in _days(line)]
    line.require(len(dates) == len(set(dates)), "A date is in the list twice.")
    line.require(len(dates) <= MOST_DAYS, f"The list has {len(dates)} days.")


def days_updated(line: PlugLine) -> None:
    """``time`` lies in the day of the record, in whatever zone."""
    for day in _days(line):
        begins = datetime.combine(date.fromisoformat(day["date"]), datetime.min.time(), UTC)
        updated = datetime.fromtimestamp(day["time"], UTC)
        is_in = begins - timedelta(hours=15) <= updated <= begins + timedelta(hours=39)
        line.require(is_in, f"time of {day['date']} is {updated:%Y-%m-%d %H:%M} UTC.")


def days_past(line: PlugLine) -> None:
    latest = datetime.fromtimestamp(line.unix(), UTC).date() + timedelta(days=1)
    late = [day["date"] for day in _days(line) if date.fromisoformat(day["date"]) > latest]
    line.require(not late, f"{', '.join(late[:3])} lies in the future.")


def days_order(line: PlugLine) -> None:
    times = [day["time"] for day in _days(line)]
    line.require(times == sorted(times), "The days are not in the order of their times.")


def hours(line: PlugLine, fields: Fields) -> None:
    for channel in items(line, fields, "consumptionH"):
        found = items(line, channel, "data")
        line.require(len(found) <= MOST_HOURS, f"There are {len(found)} hours.")
        for one in found:
            number(line, one, "timestamp", 0, 2**32)
            number(line, one, "value", 0, 100_000)


ENERGY_READINGS: tuple[Check, ...] = (
    reading_row("toggle.form", "The relay has onoff and lmTime", "§1.8.9", judged(toggle)),
    reading("toggle.agrees", "The relay agrees with System.All", "§1.8.3", namespaces.ALL, relay_agrees),
    reading(
        "electricity.form", "Electricity has current, voltage and power", "§1.8.10", namespaces.ELECTRICITY, electricity
    ),
    reading(
        "electricity.voltage",
        "The voltage is that of mains, in 0.1 V",
        "§1.8.10",
        namespaces.ELECTRICITY,
        electricity_units,
    ),
    reading(
        "electricity.power",
        "Power is not more than voltage times current",
        "§1.8.10",
        namespaces.ELECTRICITY,
        electricity_power,
        "should",
    ),
    reading(
        "calibration.form", "ConsumptionConfig has both ratios", "§1.8.13", namespaces.CONSUMPTION_CONFIG, calibration
    ),
    reading_row("days.form", "Days have date, time and Wh", "§1.8.11", judged(days_form)),
    reading_row("days.once", "The list has at most 31 dates, each once", "§1.8.11", judged(days_once)),
    reading_row("days.time", "The time of a day is that of its last update", "§1.8.11", judged(days_updated)),
    reading_row("days.past", "No day lies in the future", "§1.8.11", judged(days_past)),
    reading_row("days.order", "Days are in the order of their times", "§1.8.11", judged(days_order), "deviation"),
    reading("hours.form", "Hours have timestamp and Wh, 24 at most", "§1.8.12", namespaces.CONSUMPTION_H, hours),
)
