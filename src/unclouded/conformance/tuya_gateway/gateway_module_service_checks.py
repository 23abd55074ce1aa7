"""Checks of what a gateway's module answers when its MCU asks: network, time, memory, address, pairing.

Services that a module need not have are required only where it answers at all.
Source: docs/protocols/tuya_gateway.md §2.1, §2.6, §2.9.
"""

from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check, Grade
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
    time_is_right,
    time_of,
    time_runs,
    weekday_is_right,
)
from unclouded.conformance.tuya.frames import exchange, is_command, send_frame
from unclouded.conformance.tuya.line_checks import QUESTION, ask, ask_again
from unclouded.conformance.tuya_gateway.gateway_frames import ask_thrice, json_of
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import Play, results_in
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes

SCAN_S = 10.0  # for the network of the production test
QUARTER = 25  # hundredths of an hour: zones differ by multiples of it
MEMORY_VERSION = 3  # of the frame 1b, as printed; docs/protocols/tuya_gateway.md §2.1.8


# --- network and time ----------------------------------------------------------------------------------


def status_agrees(line: GatewayModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.NETWORK_QUERY)
    reported = [one.frame.payload for one in of_module(line.log.since(), codes.NETWORK) if one.frame.payload]
    if not reported:
        line.skip("It reported no status by 03.")
    line.require(entry.frame.payload == reported[-1], f"16 is {entry.frame.payload.hex()}, the last 03 was another.")


def poll(line: GatewayModuleLine) -> Script[None]:
    """The question of a field MCU."""
    line.end.send(codes.NETWORK)
    wanted = is_command(codes.NETWORK)
    entry = yield from line.wait_for(lambda one: wanted(one) and len(one.frame.payload) == 1, 2.0)
    line.require(entry, "An empty 03 is not answered with the network status.")


def _is_zoned(data: bytes) -> str:
    if len(data) != 11:
        return f"The answer has {len(data)} bytes instead of 11."
    if data[4] == 0:
        return "" if not any(data[5:]) else "The time is not known, and its bytes are not zero."
    if data[3] > 1 or time_of(data[4:], 7) is None:
        return f"{data.hex(' ')} is not a time with a zone."
    zone = int.from_bytes(data[1:3], signed=True)
    return "" if zone % QUARTER == 0 and abs(zone) <= 1500 else f"The zone is {zone} hundredths of an hour."


def zone_agrees(line: GatewayModuleLine) -> Script[None]:
    """GMT, zone and summer time are the local time of 11."""
    zoned = yield from answer(line, codes.SERVICES, b"\3", sub=codes.ZONED_TIME)
    local = yield from known_time(line, codes.LOCAL_TIME, 8)
    data = zoned.frame.payload
    gmt = time_of(data[4:], 7)
    if gmt is None:
        line.skip("It does not know the time.")
    hours = int.from_bytes(data[1:3], signed=True) / 100 + data[3]
    off = (local - gmt).total_seconds() - hours * 3600
    line.require(abs(off) <= 3, f"33/03 and 11 differ by {off:.0f} s beyond the zone.")


# --- memory, address -----------------------------------------------------------------------------------


def is_memory(data: bytes) -> str:
    if len(data) != 4:
        return f"The answer has {len(data)} bytes instead of 4."
    size = int.from_bytes(data)
    return "" if 0 < size < 1 << 26 else f"It has {size} bytes free: is the number little-endian?"


def memory_of_version_3(line: GatewayModuleLine) -> Script[None]:
    if (yield from ask_thrice(line, codes.MEMORY)) is None:
        line.not_applicable("It does not answer 1b.")
    send_frame(line, codes.MEMORY, version=MEMORY_VERSION)
    yield from line.expect(is_command(codes.MEMORY), 1.0, "1b of version 03, as printed, is not answered.")


def is_mac(data: bytes) -> str:
    if len(data) != 7 or data[0] > 1:
        return f"The answer is {data.hex() or 'empty'}."
    if data[0]:
        return "" if not any(data[1:]) else "The address is not known, and its bytes are not zero."
    return "The address is one of a group of stations." if data[1] & 1 else ""


def mac_is_constant(line: GatewayModuleLine) -> Script[None]:
    first = yield from answer(line, codes.MAC)
    second = yield from answer(line, codes.MAC)
    line.require(first.frame.payload == second.frame.payload, "Its address changes from one answer to the next.")


def is_wifi_test(data: bytes) -> str:
    if len(data) != 2 or data[0] > 1:
        return f"The answer is {data.hex() or 'empty'}."
    return "" if data[1] <= (100 if data[0] else 1) else f"The second byte is {data[1]}."


# --- pairing, what there is not ------------------------------------------------------------------------


def phone_link(line: GatewayModuleLine) -> Script[None]:
    for state in (b"\1", b"\0"):
        line.end.send(codes.PHONE_LINK, state)
        yield from line.pause(0.3)
    yield from ask_again(line, "It no longer answers after 27.")


def unknown_sub(command: int, sub: int) -> Play:
    """A script: the module does not answer this sub-command, which there is not, and still answers after it."""

    def script(line: GatewayModuleLine) -> Script[None]:
        line.end.send(command, bytes((sub, 1)))
        wanted = is_command(command, sub)
        yield from line.expect_none(wanted, 1.0, f"It answers {command:02x}/{sub:02x}, which there is not.")
        yield from ask_again(line, f"It no longer answers after {command:02x}/{sub:02x}.")

    return script


# --- many questions ----------------------------------------------------------------------------------


def again_and_again(line: GatewayModuleLine) -> Script[None]:
    for count in range(1, 21):
        line.require((yield from ask(line)), f"The same question was answered {count - 1} times, and then no more.")


def in_a_burst(line: GatewayModuleLine) -> Script[None]:
    known = []
    for command in (codes.LOCAL_TIME, codes.MAC, codes.NETWORK_QUERY, codes.LIST):
        if (yield from exchange(line, command)) is not None:
            known.append(command)
    mark = line.log.mark()
    for command in known:
        send_frame(line, command)
    yield from line.pause(3.0)
    got = {one.frame.command for one in of_module(line.log.since(mark), *known)}
    line.require(len(got) == len(known), f"Of {len(known)} different questions at once {len(got)} were answered.")


_ROWS: Sequence[tuple[str, str, str, Play, Grade]] = (
    ("network.answered", "16 is answered", "§2.1.7", answered(codes.NETWORK_QUERY), "must"),
    (
        "network.value",
        "The answer to 16 is one byte, 00 to 06",
        "§2.1.3",
        answer_is(is_byte(0, 6), codes.NETWORK_QUERY),
        "must",
    ),
    ("network.agrees", "16 agrees with the last 03", "§2.1.7", status_agrees, "must"),
    ("network.poll", "An empty 03 is answered with the network status", "§1.6.2", poll, "deviation"),
    ("time.gmt-answered", "10 is answered", "§2.6.1", answered(codes.GMT), "must"),
    ("time.gmt", "GMT has 7 valid bytes", "§2.6.1", answer_is(is_time(7), codes.GMT), "must"),
    ("time.local-answered", "11 is answered", "§2.6.2", answered(codes.LOCAL_TIME), "must"),
    ("time.local", "The local time has 8 valid bytes", "§2.6.2", answer_is(is_time(8), codes.LOCAL_TIME), "must"),
    (
        "time.weekday",
        "The weekday is that of the date, 1 = Monday",
        "§2.6.2",
        weekday_is_right(codes.LOCAL_TIME),
        "must",
    ),
    (
        "time.zoned-answered",
        "33/03 is answered",
        "§2.6.3",
        answered(codes.SERVICES, b"\3", sub=codes.ZONED_TIME),
        "should",
    ),
    ("time.zoned", "33/03 is a zone and a time", "§2.6.3", answer_is(_is_zoned, codes.SERVICES, b"\3", sub=3), "must"),
    ("time.zone-agrees", "33/03 and 11 differ by the zone", "§2.6.3", zone_agrees, "must"),
    ("time.runs", "Its clock runs", "§2.6.1", time_runs(codes.GMT, 7), "must"),
    ("time.right", "Its clock is right within 2 min", "§2.6.1", time_is_right(codes.GMT), "should"),
    ("memory.answered", "1b is answered", "§2.1.8", answered(codes.MEMORY), "should"),
    ("memory.value", "Free memory is 4 bytes, big-endian", "§2.1.8", answer_is(is_memory, codes.MEMORY), "must"),
    ("memory.version-3", "1b is answered with version 03 too", "§2.1.8", memory_of_version_3, "must"),
    ("mac.answered", "2b is answered", "§2.1.9", answered(codes.MAC), "should"),
    ("mac.value", "2b is 00 and a unicast address", "§2.1.9", answer_is(is_mac, codes.MAC), "must"),
    ("mac.constant", "The MAC address stays the same", "§2.1.9", mac_is_constant, "must"),
    (
        "wifi-test.value",
        "15 is answered by two valid bytes",
        "§2.1.6",
        answer_is(is_wifi_test, codes.WIFI_TEST, seconds=SCAN_S),
        "must",
    ),
    (
        "pairing.not-now",
        "23 is answered by 01 while it is not pairing",
        "§2.9.1",
        answer_is(is_exactly(b"\1"), codes.PAIRING, json_of(s="unclouded", p="12345678", t="x")),
        "must",
    ),
    (
        "pairing.bad-json",
        "23 without JSON is refused",
        "§2.9.1",
        answer_is(is_exactly(b"\1", b"\2"), codes.PAIRING, b"unclouded"),
        "must",
    ),
    (
        "pairing.from-app",
        "25 is acknowledged",
        "§2.9.3",
        results_in(codes.FROM_APP, bytes(8), b"", what="25"),
        "must",
    ),
    ("questions.at-once", "Several questions at once are all answered", "§1.6", in_a_burst, "should"),
)
_ASKING: Sequence[tuple[str, str, str, Callable[[GatewayModuleLine], Script[None]], Grade]] = (
    ("pairing.phone", "It goes on after 27", "§2.9.5", phone_link, "must"),
    ("services.unknown", "33/09 is not answered", "§2", unknown_sub(codes.SERVICES, 9), "must"),
    ("security.unknown", "c0/04 is not answered", "§3.14", unknown_sub(codes.SECURITY, 4), "must"),
    ("alarm.unknown", "c1/06 is not answered", "§2", unknown_sub(codes.ALARM, 6), "must"),
    ("questions.again", "The same question is answered 20 times", "§1.6", again_and_again, "must"),
)
GATEWAY_MODULE_SERVICE_CHECKS: tuple[Check, ...] = (
    *(row(f"module.{name}", title, clause, play, grade, needs=(ONLINE,)) for name, title, clause, play, grade in _ROWS),
    *(
        row(f"module.{name}", title, clause, play, grade, needs=(ONLINE, QUESTION), timeout_s=60.0)
        for name, title, clause, play, grade in _ASKING
    ),
)
