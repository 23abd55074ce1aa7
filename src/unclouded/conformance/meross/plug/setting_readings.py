"""Checks of what a plug answers of its rules and settings.

Source: docs/protocols/meross.md §1.8.
"""

from unclouded.conformance.check import Check
from unclouded.conformance.meross.plug.answer_fields import Judge, items, number, part, payload_of, reading, texts
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.families.meross.wire import namespaces


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
    line.require(not found or type(found.get("code", 0)) is int, "code is not a whole number.")


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


SETTING_READINGS: tuple[Check, ...] = (
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
