"""Checks of what a module answers when its MCU asks: time, network, weather, notices, and the small services.

A service that a module does not have is not required of it, but for the time and the network status.
Source: docs/protocols/tuya_wifi.md §2.4, §2.5, §2.6.
"""

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
    time_is_right,
    time_runs,
    weekday_is_right,
)
from unclouded.conformance.tuya.frames import exchange, frames
from unclouded.conformance.tuya.line_checks import QUESTION, ask, frame_of_question
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi import codes

SCAN_S = 10.0  # docs/protocols/tuya_wifi.md §2.4.1
QUARTER_S = 900  # zones differ by multiples of it


# --- the time ---------------------------------------------------------------------------------------


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
        f"2b reports {entry.frame.payload.hex()}, the last 03 reported {reported[-1].frame.payload.hex()}.",
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


_LOCAL, _GMT, _BLUE = codes.LOCAL_TIME, codes.GMT, codes.BLUETOOTH
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
    row(
        "module.time.weekday",
        "The weekday is that of the date, 1 = Monday",
        "§2.4.13",
        weekday_is_right(codes.LOCAL_TIME),
        needs=(ONLINE,),
    ),
    row("module.time.runs", "Its clock runs", "§2.4.13", time_runs(codes.LOCAL_TIME, 8), needs=(ONLINE,)),
    row(
        "module.time.right",
        "Its clock is right within 2 min",
        "§2.4.13",
        time_is_right(codes.GMT),
        "should",
        needs=(ONLINE,),
    ),
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
        "The network status is one byte, 00 to 06",
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
        "The signal is one byte, -100 to 0 dBm",
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
        "The MAC address is 00 and a unicast address",
        "§2.4.20",
        answer_is(is_mac, codes.MAC),
        needs=(ONLINE,),
    ),
    row("module.mac.constant", "The MAC address stays the same", "§2.4.20", mac_is_constant, needs=(ONLINE,)),
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
