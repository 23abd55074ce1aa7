"""Checks of what a module answers when its MCU asks: time, network, weather, notices, and the small services.

A service that a module does not have is not required of it, but for the time and the network status.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.answer_checks import (
    answer,
    answer_is,
    answered,
    is_byte,
    is_exactly,
    is_time,
    known_time,
    time_of,
)
from unclouded.conformance.tuya.frames import exchange, frames, is_command
from unclouded.conformance.tuya.line_checks import QUESTION, ask, frame_of_question
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import json_object
from unclouded.families.tuya.wifi import codes

SCAN_S = 10.0  # docs/protocols/tuya_wifi.md §2.4.1
FOLLOWS_S = 10.0  # until data follow that were asked for; ours
QUARTER_S = 900  # zones differ by multiples of it


# --- the time ---------------------------------------------------------------------------------------


def weekday(line: ModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.LOCAL_TIME)
    at = time_of(entry.frame.payload, 8)
    if at is None:
        line.skip("It does not know the time.")
    day = entry.frame.payload[7]
    line.require(day == at.isoweekday(), f"{at:%Y-%m-%d} is day {at.isoweekday()} of the week, and it says {day}.")


def time_runs(line: ModuleLine) -> Script[None]:
    first = yield from known_time(line, codes.LOCAL_TIME, 8)
    began = line.now
    yield from line.pause(3.0)
    second = yield from known_time(line, codes.LOCAL_TIME, 8)
    off = (second - first).total_seconds() - (line.now - began)
    line.require(
        abs(off) <= 1.5, f"In {line.now - began:.1f} s its clock moved by {(second - first).total_seconds():.0f} s."
    )


def time_is_right(line: ModuleLine) -> Script[None]:
    at = yield from known_time(line, codes.GMT, 7)
    off = at.timestamp() - line.unix()
    line.require(abs(off) <= 120, f"Its clock differs from this computer's by {off:.0f} s.")


def zone(line: ModuleLine) -> Script[None]:
    gmt = yield from known_time(line, codes.GMT, 7)
    local = yield from known_time(line, codes.LOCAL_TIME, 8)
    offset = (local - gmt).total_seconds()
    odd = abs((offset + QUARTER_S / 2) % QUARTER_S - QUARTER_S / 2)
    line.require(odd <= 2 and abs(offset) <= 15 * 3600, f"Local time and GMT differ by {offset:.0f} s.")


# --- network, address, memory ------------------------------------------------------------------------


def is_signal(data: bytes) -> str:
    dBm = int.from_bytes(data, signed=True)
    return "" if len(data) == 1 and -100 <= dBm <= 0 else f"The signal is {data.hex() or 'empty'}."


def status_agrees(line: ModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.NETWORK_QUERY)
    reported = [one for one in frames(line.received(), codes.NETWORK) if one.frame.payload]
    if not reported:
        line.skip("It reported no status by 03.")
    line.require(
        entry.frame.payload == reported[-1].frame.payload,
        f"2b says {entry.frame.payload.hex()}, the last 03 said {reported[-1].frame.payload.hex()}.",
    )


def is_mac(data: bytes) -> str:
    if len(data) != 7 or data[0] > 1:
        return f"The answer is {data.hex() or 'empty'}."
    return "The address is one of a group of stations." if data[0] == 0 and data[1] & 1 else ""


def mac_is_constant(line: ModuleLine) -> Script[None]:
    first = yield from answer(line, codes.MAC)
    second = yield from answer(line, codes.MAC)
    line.require(first.frame.payload == second.frame.payload, "Its address changes from one answer to the next.")


def is_memory(data: bytes) -> str:
    if len(data) != 4:
        return f"The answer has {len(data)} bytes instead of 4."
    size = int.from_bytes(data)
    return "" if 0 < size < 1 << 26 else f"It has {size} bytes free: is the number little-endian?"


def is_wifi_test(data: bytes) -> str:
    if len(data) != 2 or data[0] > 1:
        return f"The answer is {data.hex() or 'empty'}."
    return "" if data[1] <= (100 if data[0] else 1) else f"The second byte is {data[1]}."


# --- weather -----------------------------------------------------------------------------------------


def names_of(*names: str) -> bytes:
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
        line.not_applicable("It has no weather: 21 says 00 01.")
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


# --- many questions ----------------------------------------------------------------------------------


def again_and_again(line: ModuleLine) -> Script[None]:
    for count in range(1, 21):
        line.require((yield from ask(line)), f"The same question was answered {count - 1} times, and then no more.")


def three_at_once(line: ModuleLine) -> Script[None]:
    known = []
    for command in (codes.LOCAL_TIME, codes.SIGNAL, codes.NETWORK_QUERY):
        if (yield from exchange(line, command)) is not None:
            known.append(command)
    mark = line.log.mark()
    line.send(b"".join(bytes(Frame(line.end.version, command)) for command in known))
    yield from line.pause(2.0)
    got = {one.frame.command for one in frames(line.received(mark), *known)}
    line.require(len(got) == len(known), f"Of {len(known)} different questions in one piece {len(got)} were answered.")


def question_inside(line: ModuleLine) -> Script[None]:
    """A question that got into the middle of a report."""
    report = bytes(Frame(line.end.version, codes.REPORT, b"\x09\x02\x00\x04\x00\x00\x00\x01"))
    answer_entry = yield from ask(line, report[:10] + bytes(frame_of_question(line)) + report[10:])
    line.require(answer_entry, "A question in the middle of a report is not answered.")


_LOCAL, _GMT = codes.LOCAL_TIME, codes.GMT
_EXT, _BLUE = codes.EXTENDED, codes.BLUETOOTH
SERVICE_CHECKS: tuple[Check, ...] = (
    row("module.time.local-answered", "The local time is answered", "§2.4.13", answered(_LOCAL), needs=(ONLINE,)),
    row("module.time.gmt-answered", "GMT is answered", "§2.4.13", answered(_GMT), "deviation", needs=(ONLINE,)),
    row(
        "module.time.local",
        "The local time has 8 valid bytes",
        "§2.4.13",
        answer_is(is_time(8), _LOCAL),
        needs=(ONLINE,),
    ),
    row("module.time.gmt", "GMT has 7 valid bytes", "§2.4.13", answer_is(is_time(7), _GMT), needs=(ONLINE,)),
    row("module.time.weekday", "The weekday is that of the date, 1 = Monday", "§2.4.13", weekday, needs=(ONLINE,)),
    row("module.time.runs", "Its clock runs", "§2.4.13", time_runs, needs=(ONLINE,)),
    row("module.time.right", "Its clock is right within 2 min", "§2.4.13", time_is_right, "should", needs=(ONLINE,)),
    row("module.time.zone", "Local time and GMT differ by quarters of an hour", "§2.4.13", zone, needs=(ONLINE,)),
    row(
        "module.network.answered",
        "The network status is answered",
        "§2.4.6",
        answered(codes.NETWORK_QUERY),
        needs=(ONLINE,),
    ),
    row(
        "module.network.value",
        "It is one byte, 00 to 06",
        "§2.4.6",
        answer_is(is_byte(0, 6), codes.NETWORK_QUERY),
        needs=(ONLINE,),
    ),
    row("module.network.agrees", "2b agrees with the last 03", "§2.4.6", status_agrees, needs=(ONLINE,)),
    row(
        "module.signal.answered",
        "The signal is answered",
        "§2.4.16",
        answered(codes.SIGNAL),
        "deviation",
        needs=(ONLINE,),
    ),
    row(
        "module.signal.value",
        "It is one byte, -100 to 0 dBm",
        "§2.4.16",
        answer_is(is_signal, codes.SIGNAL),
        needs=(ONLINE,),
    ),
    row(
        "module.mac.answered",
        "The MAC address is answered",
        "§2.4.20",
        answered(codes.MAC),
        "deviation",
        needs=(ONLINE,),
    ),
    row(
        "module.mac.value",
        "It is 00 and an address of one station",
        "§2.4.20",
        answer_is(is_mac, codes.MAC),
        needs=(ONLINE,),
    ),
    row("module.mac.constant", "It stays the same", "§2.4.20", mac_is_constant, needs=(ONLINE,)),
    row(
        "module.memory.value",
        "Free memory is 4 bytes, big-endian",
        "§2.4.15",
        answer_is(is_memory, codes.MEMORY),
        "deviation",
        needs=(ONLINE,),
    ),
    row(
        "module.wifi-test.value",
        "The Wi-Fi test is answered within 10 s by two valid bytes",
        "§2.4.14",
        answer_is(is_wifi_test, codes.WIFI_TEST, seconds=SCAN_S),
        needs=(ONLINE,),
    ),
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
    row(
        "module.map.answered",
        "A block of a map is answered by 00 to 05",
        "§2.4.22",
        answer_is(is_byte(0, 5), codes.MAP, bytes(9)),
        needs=(ONLINE,),
    ),
    row(
        "module.maps.answered",
        "A block of several maps is answered by 00 or 01",
        "§2.4.22",
        answer_is(is_byte(0, 1), codes.MAPS, b"\1" + bytes(11)),
        needs=(ONLINE,),
    ),
    row(
        "module.infrared.test",
        "The infrared test is answered by 00 or 01",
        "§2.4.21",
        answer_is(is_byte(0, 1), codes.INFRARED_TEST),
        needs=(ONLINE,),
    ),
    row(
        "module.bluetooth.test",
        "The Bluetooth test is answered by result and signal",
        "§2.4.24",
        answer_is(is_byte(0, 1, 3, 1), _BLUE, b"\1", sub=1, seconds=SCAN_S),
        needs=(ONLINE,),
    ),
    row(
        "module.bluetooth.state",
        "The Bluetooth state is 00 to 04",
        "§2.4.24",
        answer_is(is_byte(0, 4, 2, 1), _BLUE, b"\5", sub=5),
        needs=(ONLINE,),
    ),
    row(
        "module.voice.state",
        "The voice state is 00 to 06",
        "§2.4.25",
        answer_is(is_byte(0, 6), codes.VOICE),
        needs=(ONLINE,),
    ),
    row(
        "module.pairing.not-now",
        "2a is refused while the module is not pairing",
        "§2.4.19",
        answer_is(is_exactly(b"\1", b"\2", b"\3"), codes.PAIRING, b'{"s":"unclouded","p":"12345678","t":"x"}'),
        needs=(ONLINE,),
    ),
    row(
        "module.pairing.bad-json",
        "2a without JSON is refused",
        "§2.4.19",
        answer_is(is_exactly(b"\1", b"\2", b"\3"), codes.PAIRING, b"unclouded"),
        needs=(ONLINE,),
    ),
    row(
        "module.connect.bad-json",
        "2c without JSON is answered by 00",
        "§2.4.19",
        answer_is(is_exactly(b"\0"), codes.CONNECTION_TEST, b"unclouded"),
        needs=(ONLINE,),
    ),
    row(
        "module.questions.again",
        "The same question is answered 20 times",
        "§2.6 item 9",
        again_and_again,
        needs=(ONLINE, QUESTION),
        timeout_s=60.0,
    ),
    row(
        "module.questions.at-once",
        "Several questions in one piece are answered",
        "§2.6 item 9",
        three_at_once,
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.questions.inside",
        "A question in the middle of a report is found",
        "§2.6 item 2",
        question_inside,
        "deviation",
        needs=(ONLINE, QUESTION),
    ),
)
