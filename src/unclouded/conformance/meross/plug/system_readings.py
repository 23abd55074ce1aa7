"""Checks of what a plug answers of itself: its parts, its clock, its state, and whether answers agree.

Source: docs/protocols/meross.md §1.8.
"""

import re

from unclouded.conformance.check import Check
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.answer_checks import short
from unclouded.conformance.meross.plug.answer_fields import Judge, number, part, payload_of, reading, reading_row, texts
from unclouded.conformance.meross.plug.played_controller import PlugLine, relay_in
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.identity import mac_of

VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")
UPTIME = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")


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
    line.require(str(found.get("port")).isdecimal(), "port is not a number.")


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


def time_fields(line: PlugLine, fields: Fields) -> None:
    found = part(line, fields, "time")
    number(line, found, "timestamp", 0, 2**32)
    texts(line, found, "timezone")
    line.require(isinstance(found.get("timeRule"), list), "timeRule is not a list.")


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


SYSTEM_READINGS: tuple[Check, ...] = (
    reading("ability.form", "The ability list has an object for each namespace", "§1.8.1", namespaces.ABILITY, ability),
    reading("ability.usual", "It lists what all plugs have", "§1.8.1", namespaces.ABILITY, ability_usual),
    reading("all.form", "System.All has its parts", "§1.8.3", namespaces.ALL, system_all),
    reading("all.relay", "System.All shows the relay", "§1.8.3", namespaces.ALL, relay_shown),
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
        namespaces.ALL,
        agrees(namespaces.HARDWARE, "hardware"),
    ),
    reading(
        "firmware.form", "System.Firmware has its fields, and a version x.y.z", "§1.8.4", namespaces.FIRMWARE, firmware
    ),
    reading(
        "firmware.agrees",
        "System.Firmware agrees with System.All",
        "§1.8.3",
        namespaces.ALL,
        agrees(namespaces.FIRMWARE, "firmware"),
    ),
    reading("time.form", "System.Time has timestamp, zone and rules", "§1.8.5", namespaces.TIME, time_fields),
    reading(
        "time.rules",
        "The rules of local time are three numbers each, and ascending",
        "§1.8.5",
        namespaces.TIME,
        time_rules,
    ),
    reading(
        "time.agrees", "System.Time agrees with System.All", "§1.8.3", namespaces.ALL, agrees(namespaces.TIME, "time")
    ),
    reading("online.form", "System.Online has a status of -1 to 3", "§1.8.6", namespaces.ONLINE, online),
    reading(
        "online.agrees",
        "System.Online agrees with System.All",
        "§1.8.3",
        namespaces.ALL,
        agrees(namespaces.ONLINE, "online"),
    ),
    reading("runtime.signal", "The signal is 0 to 100 percent", "§1.8.6", namespaces.RUNTIME, runtime),
    reading("debug.form", "System.Debug has system, network and cloud", "§1.8.7", namespaces.DEBUG, debug),
    reading("debug.server", "activeServer is one of its servers, or empty", "§1.6.7", namespaces.DEBUG, debug_server),
    reading_row("debug.uptime", "sysUpTime runs", "§1.8.7", debug_runs),
    reading(
        "position.range",
        "The position is a valid latitude and longitude, in millionths of a degree",
        "§1.8.5",
        namespaces.POSITION,
        position,
    ),
    reading("led.form", "DNDMode is 0 or 1", "§1.8.8", namespaces.DND, led),
)
