"""Checks of a plug that take their time: a scan for networks, and the border between two days.

Source: docs/protocols/meross.md §1.7.2, §1.7.4, §1.8.11.
"""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS
from unclouded.conformance.meross.plug.answer_fields import items, number, texts
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.plug.set_checks import local_minute, with_end
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces

SCAN = "scan"  # the preparation
USUAL_SCAN_S, LONGEST_SCAN_S = 12.0, 45.0  # docs/protocols/meross.md §1.7.2: up to 10 s, allow 40 s
MIDNIGHT_S = 20  # before midnight, where its clock is set to
NEW_DAY_S = 150.0  # until the new day stands in the list
MOST_USED_Wh = 80  # in that time: 16 A
DAY_S = 86_400
MOVES_CLOCK = "It moves its clock over midnight: what is used meanwhile counts for its next day."


# --- a scan ----------------------------------------------------------------------------------------------------


def scan(line: PlugLine) -> Script[None]:
    if not line.end.lists(namespaces.WIFI_LIST):
        line.skip("it does not list Config.WifiList")
    for _ in range(2):
        began = line.now
        frame = yield from line.end.exchange(line.end.message(namespaces.WIFI_LIST), LONGEST_SCAN_S)
        line.facts["scan_s"] = round(line.now - began, 1)
        if frame is not None:
            break
    if frame is None:
        line.skip(f"Config.WifiList is not answered: {line.end.why_not}.")
    line.end.answers[namespaces.WIFI_LIST] = frame


def _networks(line: PlugLine) -> list[Fields]:
    return items(line, line.end.answers[namespaces.WIFI_LIST].payload, "wifiList")


def networks(line: PlugLine) -> None:
    for one in _networks(line):
        texts(line, one, "ssid", "bssid")
        b64decode(one["ssid"], validate=True)
        number(line, one, "signal", 0, 100)
        number(line, one, "channel", 1, 165)
        number(line, one, "encryption", 0, 8)
        number(line, one, "cipher", 0, 4)


def scan_prompt(line: PlugLine) -> None:
    took_s = line.facts["scan_s"]
    line.require(took_s <= USUAL_SCAN_S, f"The scan took {took_s} s.")


def shows_networks(line: PlugLine) -> None:
    line.require(_networks(line), "The scan shows no network, although the plug is in one.")


# --- the border between two days ---------------------------------------------------------------------------------


def new_day(line: PlugLine) -> Script[None]:
    """The first record of a new day holds what was used since midnight, not the total of the day before."""
    if not line.end.lists(namespaces.CONSUMPTIONX):
        line.not_applicable("It does not list Control.ConsumptionX.")
    frame = yield from line.end.asked(namespaces.TIME)
    found = frame.payload["time"]
    to_midnight_s = int((1440 - local_minute(line, found, frame.header.timestamp)) * 60) - MIDNIGHT_S
    kept = {name: found[name] for name in ("timezone", "timeRule")}

    def change(off_s: int) -> Script[None]:
        yield from line.end.set(namespaces.TIME, {"time": {"timestamp": int(line.unix()) + off_s, **kept}})
        line.end.off_s = off_s

    yield from with_end(_over_midnight(line, change, to_midnight_s % DAY_S), lambda: change(0))


def _over_midnight(line: PlugLine, change: Callable[[int], Script[None]], off_s: int) -> Script[None]:
    yield from change(off_s)
    before = yield from _days(line)
    total = max(before.values(), default=0)
    if total <= MOST_USED_Wh:
        line.skip(f"The day has to have more than {MOST_USED_Wh} Wh to distinguish both.")
    until = line.now + NEW_DAY_S
    while line.now < until:
        yield from line.pause(10.0)
        after = yield from _days(line)
        new = {day: value for day, value in after.items() if day not in before and value}
        for day, value in new.items():
            line.require(value <= MOST_USED_Wh, f"{day} begins with {value} Wh.")
            return
    line.skip(f"Nothing was counted for the new day within {NEW_DAY_S:g} s: switch a load on.")


def _days(line: PlugLine) -> Script[dict[str, int]]:
    """Wh by date, of yesterday to tomorrow."""
    first = datetime.fromtimestamp(line.unix(), UTC).date() - timedelta(days=1)
    dates = {(first + timedelta(days=number)).isoformat() for number in range(4)}
    found = (yield from line.end.asked(namespaces.CONSUMPTIONX)).payload["consumptionx"]
    return {one["date"]: one["value"] for one in found if one["date"] in dates}


# --- the table -----------------------------------------------------------------------------------------------------


def _scan(id: str, title: str, clause: str, judge: Any, grade: Grade = "must") -> Check:  # Any: a judge
    return row(f"plug.networks.{id}", title, clause, judged(judge), grade, needs=(ANSWERS, SCAN))


PREPARATIONS = {SCAN: Preparation(text="it has scanned", script=scan, once=True, timeout_s=100.0)}
SLOW_CHECKS: tuple[Check, ...] = (
    _scan("form", "A scan shows names in base64, and known channels and ciphers", "§1.7.4", networks),
    _scan("prompt", "A scan takes 12 s at most", "§1.7.2", scan_prompt, "should"),
    _scan("found", "A scan shows a network", "§1.7.7", shows_networks, "deviation"),
    row(
        "plug.days.midnight",
        "A new day begins with 0",
        "§1.8.11",
        new_day,
        "deviation",
        needs=(ANSWERS,),
        danger=MOVES_CLOCK,
        timeout_s=300.0,
    ),
)
