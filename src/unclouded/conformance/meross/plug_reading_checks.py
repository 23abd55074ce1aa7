"""Checks of what a plug answers to queries: the fields of each namespace, their ranges, and whether answers agree.

They judge the answers to one query of each namespace that it lists. Source: docs/protocols/meross.md §1.8.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.meross.frames import Fields
from unclouded.conformance.meross.played_controller import PlugLine, relay_in
from unclouded.conformance.meross.plug_answer_checks import ANSWERS, short
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.identity import mac_of

Judge = Callable[[PlugLine, Fields], None]  # of the payload of an answer
VERSION = re.compile(r"\d+\.\d+\.\d+")
MOST_DAYS, MOST_HOURS = 31, 24
UPTIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def payload_of(line: PlugLine, namespace: str) -> Fields:
    """The payload of the answer of that namespace."""
    if not line.end.lists(namespace):
        line.not_applicable(f"It does not list {short(namespace)}.")
    if namespace not in line.end.answers:
        line.skip(f"It has not answered {short(namespace)}.")
    return line.end.answers[namespace].payload


def reading(
    id: str, title: str, clause: str, namespace: str, judge: Judge, grade: Grade = "must", needs: tuple[str, ...] = ()
) -> Check:
    """A check of the answer of one namespace."""
    script = judged(lambda line: judge(line, payload_of(line, namespace)))
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS, *needs))


def number(line: PlugLine, fields: Fields, name: str, lowest: int, highest: int) -> int:
    """A whole number in a range; the check has failed where it is none."""
    value = fields.get(name)
    if type(value) is not int:
        line.fail(f"{name} is {'no whole number' if name in fields else 'missing'}.")
    line.require(lowest <= value <= highest, f"{name} is {value}.")
    return value


def texts(line: PlugLine, fields: Fields, *names: str) -> None:
    for name in names:
        line.require(isinstance(fields.get(name), str), f"{name} is no text.")


def part(line: PlugLine, fields: Fields, name: str) -> Fields:
    """An object in the payload."""
    found = fields.get(name)
    if not isinstance(found, dict):
        line.fail(f"There is no object {name}.")
    return found


def items(line: PlugLine, fields: Fields, name: str) -> list[Fields]:
    """A list of objects in the payload."""
    found = fields.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        line.fail(f"{name} is no list of objects.")
    return found


# --- System ----------------------------------------------------------------------------------------------


def ability(line: PlugLine, fields: Fields) -> None:
    for name, arguments in part(line, fields, "ability").items():
        line.require(name.startswith("Appliance.") and isinstance(arguments, dict), f"{name[:60]!r} has no object.")


def ability_usual(line: PlugLine, fields: Fields) -> None:
    usual = (namespaces.ALL, namespaces.ABILITY, namespaces.HARDWARE, namespaces.FIRMWARE, namespaces.TIME)
    missing = [short(one) for one in usual if not line.end.lists(one)]
    line.require(not missing, f"It does not list {', '.join(missing)}.")


def hardware(line: PlugLine, fields: Fields) -> None:
    texts(line, part(line, fields, "hardware"), "type", "version", "chipType", "uuid", "macAddress")


def hardware_identity(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "hardware")
    line.require(found["uuid"].lower() == line.end.uuid, "Its uuid is not that in from.")
    line.require(found["macAddress"].lower() == mac_of(line.end.uuid), "Its MAC is not the end of its UUID.")


def firmware(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "firmware")
    texts(line, found, "version", "compileTime", "wifiMac", "innerIp", "server")
    line.require(VERSION.fullmatch(found["version"]), f"version is {found['version']!r}.")
    line.require(str(found.get("port")).isdecimal(), "port is no number.")


def system_all(line: PlugLine, fields: Fields) -> None:
    system = part(line, part(line, fields, "all"), "system")
    for name in ("hardware", "firmware", "time", "online"):
        part(line, system, name)
    line.require({"digest", "control"} & fields["all"].keys(), "There is neither digest nor control.")


def relay_shown(line: PlugLine, fields: Fields) -> None:
    whole = fields["all"]
    if not line.end.lists(namespaces.TOGGLE) and not whole.get("digest", {}).get("togglex"):
        line.not_applicable("It has no relay.")
    state = relay_in(whole.get("digest") or whole["control"])
    number(line, state, "onoff", 0, 1)
    number(line, state, "lmTime", 0, 2**32)


def agrees(namespace: str, name: str) -> Judge:
    """The part of System.All is the same as the answer of its own namespace."""

    def judge(line: PlugLine, fields: Fields) -> None:
        own = payload_of(line, namespace)[name]
        other = fields["all"]["system"][name]
        odd = sorted(key for key in own.keys() & other.keys() if key != "timestamp" and own[key] != other[key])
        line.require(not odd, f"{', '.join(odd)} of {short(namespace)} differs from System.All.")

    return judge


def relay_agrees(line: PlugLine, fields: Fields) -> None:
    own = relay_in(payload_of(line, line.end.relay))
    whole = fields["all"]
    other = relay_in(whole.get("digest") or whole["control"])
    line.require((own["onoff"], own["lmTime"]) == (other["onoff"], other["lmTime"]), "The relay differs.")


def time_fields(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "time")
    number(line, found, "timestamp", 0, 2**32)
    texts(line, found, "timezone")
    line.require(isinstance(found.get("timeRule"), list), "timeRule is no list.")


def time_rules(line: PlugLine, fields: Fields) -> None:
    rules = fields["time"]["timeRule"]
    for rule in rules:
        line.require(len(rule) == 3 and all(type(one) is int for one in rule), "A rule is not three whole numbers.")
        line.require(abs(rule[1]) <= 86_400 and rule[2] in (0, 1), f"A rule has the offset {rule[1]} and {rule[2]}.")
    line.require([rule[0] for rule in rules] == sorted(rule[0] for rule in rules), "The rules are not ascending.")


def online(line: PlugLine, fields: Fields) -> None:
    number(line, part(line, fields, "online"), "status", -1, 3)


def runtime(line: PlugLine, fields: Fields) -> None:
    number(line, part(line, fields, "runtime"), "signal", 0, 100)


def debug(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "debug")
    for name in ("system", "network", "cloud"):
        part(line, found, name)


def debug_server(line: PlugLine, fields: Fields) -> None:
    cloud = fields["debug"]["cloud"]
    active = cloud["activeServer"]
    known = ("", cloud.get("mainServer", ""), cloud.get("secondServer", ""))
    line.require(active in known, "activeServer is neither the main nor the second server.")


def _uptime_s(text: str) -> int:
    found = UPTIME.fullmatch(text)
    if not text or found is None:
        raise ValueError("no uptime")
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def debug_runs(line: PlugLine) -> Script[None]:
    first = payload_of(line, namespaces.DEBUG)["debug"]["system"]["sysUpTime"]
    yield from line.pause(2.5)
    second = (yield from line.end.asked(namespaces.DEBUG)).payload["debug"]["system"]["sysUpTime"]
    line.require(_uptime_s(second) > _uptime_s(first), f"sysUpTime was {first}, and later {second}.")


def position(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "position")
    number(line, found, "longitude", -180_000_000, 180_000_000)
    number(line, found, "latitude", -90_000_000, 90_000_000)


def led(line: PlugLine, fields: Fields) -> None:
    number(line, part(line, fields, "DNDMode"), "mode", 0, 1)


# --- Control -----------------------------------------------------------------------------------------------


def toggle(line: PlugLine) -> None:
    state = relay_in(payload_of(line, line.end.relay))
    number(line, state, "onoff", 0, 1)
    number(line, state, "lmTime", 0, 2**32)


def electricity(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "electricity")
    for name, most in (("channel", 0), ("current", 50_000), ("voltage", 5_000), ("power", 20_000_000)):
        number(line, found, name, 0, most)


def electricity_units(line: PlugLine, fields: Fields) -> None:
    found = fields["electricity"]
    line.require(800 <= found["voltage"] <= 2_800, f"A voltage of {found['voltage']} is no mains in 0.1 V.")


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
    line.require(len(dates) == len(set(dates)), "A date stands twice in the list.")
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
    line.require(times == sorted(times), "The days do not stand in the order of their times.")


def hours(line: PlugLine, fields: Fields) -> None:
    for channel in items(line, fields, "consumptionH"):
        found = items(line, channel, "data")
        line.require(len(found) <= MOST_HOURS, f"There are {len(found)} hours.")
        for one in found:
            number(line, one, "timestamp", 0, 2**32)
            number(line, one, "value", 0, 100_000)


# --- Config, rules -----------------------------------------------------------------------------------------


def over_temperature(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "overTemp")
    number(line, found, "enable", 1, 2)
    line.require(found.get("type") in (-1, 1, 2), f"type is {found.get('type')!r}.")


def standby(line: PlugLine, fields: Fields) -> None:
    for one in items(line, fields, "config"):
        number(line, one, "power", 0, 20_000_000)
        number(line, one, "time", 0, 2**31)
        number(line, one, "enable", 1, 2)


def trace(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "trace")
    line.require(not found or type(found.get("code", 0)) is int, "code is no whole number.")


def memberships(line: PlugLine, fields: Fields) -> None:
    part(line, fields, "info")


def digest(namespace: str, name: str) -> Judge:
    """The digest of rules lists id and edit counter of each, as System.All does where it has them."""

    def judge(line: PlugLine, fields: Fields) -> None:
        for one in items(line, fields, "digest"):
            texts(line, one, "id")
            number(line, one, "count", 0, 2**32)
        shown = payload_of(line, namespaces.ALL)["all"].get("digest", {}).get(name)
        ids = None if shown is None else {one["id"] for one in shown}
        line.require(ids in (None, {one["id"] for one in fields["digest"]}), "System.All lists other rules.")

    return judge


def _row(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS,), timeout_s=60.0)


ALL = namespaces.ALL
READING_CHECKS: tuple[Check, ...] = (
    reading("ability.form", "The ability list has an object for each namespace", "§1.8.1", namespaces.ABILITY, ability),
    reading("ability.usual", "It lists what all plugs have", "§1.8.1", namespaces.ABILITY, ability_usual),
    reading("all.form", "System.All has its parts", "§1.8.3", ALL, system_all),
    reading("all.relay", "System.All shows the relay", "§1.8.3", ALL, relay_shown),
    reading(
        "hardware.form",
        "System.Hardware has type, version, chip, UUID and MAC",
        "§1.8.4",
        namespaces.HARDWARE,
        hardware,
    ),
    reading("hardware.identity", "UUID and MAC are those of from", "§1.0.2", namespaces.HARDWARE, hardware_identity),
    reading(
        "hardware.agrees",
        "System.Hardware agrees with System.All",
        "§1.8.3",
        ALL,
        agrees(namespaces.HARDWARE, "hardware"),
    ),
    reading(
        "firmware.form", "System.Firmware has its fields, and a version x.y.z", "§1.8.4", namespaces.FIRMWARE, firmware
    ),
    reading(
        "firmware.agrees",
        "System.Firmware agrees with System.All",
        "§1.8.3",
        ALL,
        agrees(namespaces.FIRMWARE, "firmware"),
    ),
    reading("time.form", "System.Time has timestamp, zone and rules", "§1.8.5", namespaces.TIME, time_fields),
    reading("time.rules", "Its rules are three numbers each, and ascending", "§1.8.5", namespaces.TIME, time_rules),
    reading("time.agrees", "System.Time agrees with System.All", "§1.8.3", ALL, agrees(namespaces.TIME, "time")),
    reading("online.form", "System.Online has a status of -1 to 3", "§1.8.6", namespaces.ONLINE, online),
    reading(
        "online.agrees", "System.Online agrees with System.All", "§1.8.3", ALL, agrees(namespaces.ONLINE, "online")
    ),
    reading("runtime.signal", "The signal is 0 to 100 percent", "§1.8.6", namespaces.RUNTIME, runtime),
    reading("debug.form", "System.Debug has system, network and cloud", "§1.8.7", namespaces.DEBUG, debug),
    reading("debug.server", "activeServer is one of its servers, or empty", "§1.6.7", namespaces.DEBUG, debug_server),
    _row("debug.uptime", "sysUpTime runs", "§1.8.7", debug_runs),
    reading(
        "position.range",
        "The position is on the earth, in millionths of a degree",
        "§1.8.5",
        namespaces.POSITION,
        position,
    ),
    reading("led.form", "DNDMode is 0 or 1", "§1.8.8", namespaces.DND, led),
    _row("toggle.form", "The relay has onoff and lmTime", "§1.8.9", judged(toggle)),
    reading("toggle.agrees", "The relay agrees with System.All", "§1.8.3", ALL, relay_agrees),
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
    _row("days.form", "Days have date, time and Wh", "§1.8.11", judged(days_form)),
    _row("days.once", "Each date stands once, of at most 31", "§1.8.11", judged(days_once)),
    _row("days.time", "time of a day is its last update", "§1.8.11", judged(days_updated)),
    _row("days.past", "No day lies in the future", "§1.8.11", judged(days_past)),
    _row("days.order", "Days stand in the order of their times", "§1.8.11", judged(days_order), "deviation"),
    reading("hours.form", "Hours have timestamp and Wh, 24 at most", "§1.8.12", namespaces.CONSUMPTION_H, hours),
    reading(
        "timers.digest",
        "Digest.TimerX lists id and counter of each timer",
        "§1.8.15",
        namespaces.DIGEST_TIMERX,
        digest(namespaces.DIGEST_TIMERX, "timerx"),
    ),
    reading(
        "triggers.digest",
        "Digest.TriggerX lists id and counter of each auto-off",
        "§1.8.15",
        namespaces.DIGEST_TRIGGERX,
        digest(namespaces.DIGEST_TRIGGERX, "triggerx"),
    ),
    reading("trace.form", "Config.Trace has a code", "§1.7.6", namespaces.TRACE, trace),
    reading("info.form", "Config.Info is an object", "§1.8.19", namespaces.INFO, memberships),
    reading(
        "over-temperature.form",
        "Config.OverTemp has enable and type",
        "§1.8.19",
        namespaces.OVER_TEMPERATURE_SETTING,
        over_temperature,
    ),
    reading(
        "standby.form", "Config.StandbyKiller has power, time and enable", "§1.8.19", namespaces.STANDBY_KILLER, standby
    ),
)
