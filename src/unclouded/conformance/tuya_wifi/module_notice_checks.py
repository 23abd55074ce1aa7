"""Checks of what a module sends because its MCU asked for it once: weather, notices of time and resets; and 34/07.

Source: docs/protocols/tuya_wifi.md §2.4.18, §2.5.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.answer_checks import (
    answer,
    answer_is,
    is_exactly,
    time_of,
)
from unclouded.conformance.tuya.frames import is_command
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine
from unclouded.families.tuya.messages import json_object
from unclouded.families.tuya.wifi import codes

FOLLOWS_S = 10.0  # until data follow that were asked for; ours


# --- weather -----------------------------------------------------------------------------------------


def names_of(*names: str) -> bytes:
    """Names, each behind a byte with its length."""
    return b"".join(bytes((len(name),)) + name.encode() for name in names)


ASKED = names_of("w.temp", "w.humidity")


def weather_values(data: bytes) -> dict[str, bytes] | None:
    """The values of a 21; None = it cannot be read."""
    found: dict[str, bytes] = {}
    at = 1
    try:
        while at < len(data):
            end = at + 1 + data[at]
            name, kind, size = data[at + 1 : end].decode(), data[end], data[end + 1]
            value = data[end + 2 : end + 2 + size]
            if len(value) != size or kind > 1 or (kind == 0 and size != 4):
                return None
            found[name], at = value, end + 2 + size
    except (IndexError, UnicodeDecodeError):
        return None
    return found


def _weather(line: ModuleLine) -> Script[dict[str, bytes]]:
    """Ask for weather; the values of the 21 that follows."""
    yield from answer(line, codes.WEATHER_ON, ASKED)
    entry = yield from line.expect(is_command(codes.WEATHER), FOLLOWS_S, f"No 21 came within {FOLLOWS_S:g} s after 20.")
    data = entry.frame.payload
    if data == b"\x00\x01":
        line.not_applicable("It has no weather: 21 is 00 01.")
    values = weather_values(data) if data[:1] == b"\1" else None
    if values is None:
        line.fail("The values of the 21 cannot be read.")
    return values


def weather_follows(line: ModuleLine) -> Script[None]:
    yield from _weather(line)


def weather_days(line: ModuleLine) -> Script[None]:
    odd = [name for name in (yield from _weather(line)) if not name.rpartition(".")[2].isdigit()]
    line.require(not odd, f"{odd[:1]} does not end in a day.")


def weather_asked_only(line: ModuleLine) -> Script[None]:
    odd = [name for name in (yield from _weather(line)) if name.rpartition(".")[0] not in ("w.temp", "w.humidity")]
    line.require(not odd, f"{odd[:1]} was not asked for.")


def weather_now(line: ModuleLine) -> Script[None]:
    yield from answer(line, codes.WEATHER_ON, ASKED)
    yield from line.pause(2.0)
    entry = yield from answer(line, codes.EXTENDED, bytes((codes.WEATHER_NOW,)), sub=codes.WEATHER_NOW)
    line.require(entry.frame.payload == b"\x03\x00", f"34/03 is answered by {entry.frame.payload.hex()}.")
    yield from line.expect(is_command(codes.WEATHER), FOLLOWS_S, f"No 21 came within {FOLLOWS_S:g} s after 34/03.")


def bad_weather_names(line: ModuleLine) -> Script[None]:
    yield from answer(line, codes.WEATHER_ON, ASKED)
    entry = yield from answer(line, codes.WEATHER_ON, b"\x20w.temp")
    line.require(entry.frame.payload[:1] == b"\0", "Names that do not fill the payload of 20 are accepted.")


# --- notices, information ------------------------------------------------------------------------------


def time_notice(kind: int) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module accepts the subscription of this kind of time (34/01), and a right 34/02 follows."""

    def script(line: ModuleLine) -> Script[None]:
        payload = bytes((codes.TIME_NOTICES_ON, kind))
        entry = yield from answer(line, codes.EXTENDED, payload, sub=codes.TIME_NOTICES_ON)
        line.require(entry.frame.payload == b"\x01\x00", f"34/01 is answered by {entry.frame.payload.hex()}.")
        head = bytes((codes.TIME_NOTICE, kind))
        found = yield from line.expect(
            lambda one: is_command(codes.EXTENDED)(one) and one.frame.payload.startswith(head),
            FOLLOWS_S,
            f"No 34/02 of kind {kind} came within {FOLLOWS_S:g} s.",
        )
        at = time_of(b"\1" + found.frame.payload[2:], 8)
        line.require(at is not None, f"{found.frame.payload.hex(' ')} holds no time.")
        if at is not None:
            line.require(found.frame.payload[8] == at.isoweekday(), "The weekday of the notice is wrong.")

    return script


def notice_repeated(line: ModuleLine) -> Script[None]:
    line.end.mute.add(codes.EXTENDED)
    yield from answer(line, codes.EXTENDED, bytes((codes.TIME_NOTICES_ON, 1)), sub=codes.TIME_NOTICES_ON)
    notice = is_command(codes.EXTENDED, codes.TIME_NOTICE)
    if (yield from line.wait_for(notice, FOLLOWS_S)) is None:
        line.skip("It sends no 34/02.")
    yield from line.expect(notice, 5.0, "34/02 is not repeated where it is not acknowledged.")


def bad_time_kind(line: ModuleLine) -> Script[None]:
    yield from answer(line, codes.EXTENDED, bytes((codes.TIME_NOTICES_ON, 0)), sub=codes.TIME_NOTICES_ON)
    entry = yield from answer(line, codes.EXTENDED, bytes((codes.TIME_NOTICES_ON, 2)), sub=codes.TIME_NOTICES_ON)
    line.require(
        entry.frame.payload == b"\x01\x01", f"Time notices of kind 2 are answered by {entry.frame.payload.hex()}."
    )


def is_info(data: bytes) -> str:
    fields = json_object(data[2:]) if data[1:2] == b"\0" else None
    return "" if fields else "34/07 is answered without a JSON object."


def info_of_one(line: ModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.EXTENDED, bytes((codes.MODULE_INFO, 5)), sub=codes.MODULE_INFO)
    fields = json_object(entry.frame.payload[2:])
    line.require(fields is not None and set(fields) <= {"sw"}, "Asked for its version only, it reports other fields.")


_EXT = codes.EXTENDED
MODULE_NOTICE_CHECKS: tuple[Check, ...] = (
    row(
        "module.weather.accepted",
        "20 is answered by 01 00, or 00 and why not",
        "§2.4.18",
        answer_is(is_exactly(b"\1\0", b"\0\1", b"\0\2"), codes.WEATHER_ON, ASKED),
        needs=(ONLINE,),
    ),
    row("module.weather.follows", "21 follows 20, and can be read", "§2.4.18", weather_follows, needs=(ONLINE,)),
    row("module.weather.days", "Names in 21 end in the day", "§2.4.18", weather_days, needs=(ONLINE,)),
    row(
        "module.weather.asked-only",
        "21 holds only what was asked for",
        "§2.4.18",
        weather_asked_only,
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.weather.bad-names",
        "20 with names that cannot be read is refused",
        "§2.4.18",
        bad_weather_names,
        "should",
        needs=(ONLINE,),
    ),
    row("module.weather.now", "34/03 is answered, and 21 follows", "§2.5.2", weather_now, needs=(ONLINE,)),
    row(
        "module.notice.local-time",
        "34/01 switches notices of the local time on",
        "§2.5.1",
        time_notice(1),
        needs=(ONLINE,),
    ),
    row("module.notice.gmt", "34/01 switches notices of GMT on", "§2.5.1", time_notice(0), needs=(ONLINE,)),
    row(
        "module.notice.repeated",
        "34/02 is repeated where it is not acknowledged",
        "§2.5.1",
        notice_repeated,
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.notice.bad-kind",
        "34/01 with another kind is refused",
        "§2.5.1",
        bad_time_kind,
        "deviation",
        needs=(ONLINE,),
    ),
    row(
        "module.notice.reset",
        "34/04 is answered by 00 or 01",
        "§2.5.3",
        answer_is(is_exactly(b"\4\0", b"\4\1"), _EXT, b"\4", sub=4),
        needs=(ONLINE,),
    ),
    row(
        "module.info.all",
        "34/07 ff is answered by JSON",
        "§2.5.4",
        answer_is(is_info, _EXT, b"\7\xff", sub=7),
        needs=(ONLINE,),
    ),
    row("module.info.one", "34/07 reports only what was asked for", "§2.5.4", info_of_one, "should", needs=(ONLINE,)),
    row(
        "module.info.nothing",
        "34/07 without a code fails",
        "§2.5.4",
        answer_is(is_exactly(b"\7\1"), _EXT, b"\7", sub=7),
        "should",
        needs=(ONLINE,),
    ),
)
