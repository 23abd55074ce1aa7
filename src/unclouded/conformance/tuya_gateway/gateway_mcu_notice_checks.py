"""Checks of what a gateway's MCU is sent beside data points: weather, pairing, security, infrared, bad JSON; records.

What it did not ask for, or has no capability for, is not required of it.
Source: docs/protocols/tuya_gateway.md §1.5, §2.4.5, §2.9 to §2.12.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade, PersonTask
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import exchange, frames, is_command
from unclouded.conformance.tuya.line_checks import QUESTION, ask_again
from unclouded.conformance.tuya_gateway.emulated_gateway_module import weather
from unclouded.conformance.tuya_gateway.gateway_frames import (
    BIT_PAIRING,
    LONGEST_ID,
    UNKNOWN_ID,
    ask_thrice,
    json_of,
)
from unclouded.conformance.tuya_gateway.gateway_mcu_join_checks import JOINING, Play
from unclouded.conformance.tuya_gateway.gateway_mcu_start_checks import (
    START,
    GatewayMcuLine,
    needs_capability,
    product_of,
)
from unclouded.families.tuya.gateway.wire import codes

INFRARED_DANGER = "It sends an infrared code."
SECURITY_DANGER = "It may show an armed mode, and sound the siren."
RECORD_NOW = PersonTask("make_record", "Let a sub-device make a record, such as by opening a lock.")
PRESS_NOW = PersonTask("use_remote_control", "Press a button of a remote control in front of the gateway.")
RECORD_S = 60.0  # that the person may take
AGAIN_S = 30.0  # until a record that was not stored comes again
CALM_S = 12.0  # in which one that was stored does not
LEARN_S = 31.0  # docs/protocols/tuya_gateway.md §2.10.2
CARRIER_Hz = 38_000
DURATIONS = (9000, 4500, 560, 560)


# --- acknowledgements ----------------------------------------------------------------------------------


def acknowledged(line: GatewayMcuLine, command: int, payload: bytes, what: str, sub: int | None = None) -> Script[None]:
    """Without more data than the sub-command."""
    entry = yield from ask_thrice(line, command, payload, sub=sub)
    if entry is None:
        line.fail(f"{what} is not acknowledged.")
    right = b"" if sub is None else bytes((sub,))
    line.require(entry.frame.payload == right, f"The acknowledgement of {what} is {entry.frame.payload.hex(' ')}.")


def takes_weather(payload: bytes, what: str) -> Play:
    """A script: the MCU acknowledges this weather. ``what``: its name in the reason."""

    def script(line: GatewayMcuLine) -> Script[None]:
        yield from acknowledged(line, codes.SERVICES, payload, what, codes.WEATHER)

    return script


def takes_pairing(command: int, payload: bytes, what: str) -> Play:
    """A script: the MCU acknowledges this command of pairing, where it reports itself capable of it."""

    def script(line: GatewayMcuLine) -> Script[None]:
        needs_capability(line, BIT_PAIRING)
        yield from acknowledged(line, command, payload, what)

    return script


def broadcast(line: GatewayMcuLine) -> Script[None]:
    needs_capability(line, BIT_PAIRING)
    entry = yield from ask_thrice(line, codes.BROADCAST, bytes(range(8)))
    if entry is None:
        line.fail("24 is not answered.")
    data = entry.frame.payload
    line.require(len(data) == 2 and data[0] in (0, 1), f"24 is answered by {data.hex(' ') or 'nothing'}.")
    line.require(data[0] or not data[1], "The success of 24 has a reason other than 00.")


def takes_notice(command: int, sub: int, data: bytes, new: bool | None = None) -> Play:
    """``new``: of the old or the new form of alarms only."""

    def script(line: GatewayMcuLine) -> Script[None]:
        product = product_of(line)
        if product.get("s") != 1:
            line.not_applicable("It is not a security gateway.")
        if new is not None and bool(int(product.get("a", 0)) & 1) != new:
            line.not_applicable("It knows the other form of alarms.")
        yield from acknowledged(line, command, bytes((sub,)) + data, f"{command:02x}/{sub:02x}", sub)

    return script


# --- infrared ------------------------------------------------------------------------------------------


def packet(
    number: int = 0, of: int = 1, durations: tuple[int, ...] = DURATIONS, total: int = 0, offset: int = 0
) -> bytes:
    """Payload of a 30. ``total``: durations of the whole code, 0 = these."""
    head = bytes((0, of << 4 | number, 0)) + CARRIER_Hz.to_bytes(4) + (total or len(durations)).to_bytes(2)
    return head + offset.to_bytes(2) + b"".join(one.to_bytes(2) for one in durations)


def sends_code(*packets: bytes) -> Play:
    """A script: the MCU acknowledges each packet of an infrared code; it does not apply without infrared."""

    def script(line: GatewayMcuLine) -> Script[None]:
        for number, one in enumerate(packets):
            entry = yield from exchange(line, codes.INFRARED_SEND, one, sub=codes.INFRARED_CODE)
            if entry is None and not number:
                line.not_applicable("It does not answer 30: it has no infrared.")
            if entry is None:
                line.fail(f"Packet {number + 1} of {len(packets)} is not acknowledged within 1 s.")
            line.require(entry.frame.payload == b"\0\1", f"30 is answered by {entry.frame.payload.hex(' ')}.")

    return script


def learns(line: GatewayMcuLine) -> Script[None]:
    line.end.send(codes.INFRARED_LEARN, b"\x00\x1e")
    entry = yield from line.wait_for(is_command(codes.INFRARED_LEARN), LEARN_S)
    if entry is None:
        line.fail(f"No code came within {LEARN_S:g} s.")
    data = entry.frame.payload
    line.require(len(data) > 9 and data[0] == 0, f"31 has {len(data)} bytes.")
    carrier, total = int.from_bytes(data[1:5]), int.from_bytes(data[5:7])
    line.require(20_000 <= carrier <= 60_000, f"The carrier is {carrier} Hz.")
    line.require(not int.from_bytes(data[7:9]), "The first packet of a code has an offset.")
    line.require(total * 2 >= len(data) - 9, f"31 has more durations than the {total} of its head.")
    yield from line.pause(1.0)


def stops_learning(line: GatewayMcuLine) -> Script[None]:
    line.end.send(codes.INFRARED_LEARN, b"\x00\x1e")
    yield from line.pause(0.3)
    entry = yield from exchange(line, codes.INFRARED_STOP)
    if entry is None:
        line.not_applicable("It does not answer 32: it has no infrared.")
    line.require(entry.frame.payload in (b"\1", b"\2"), f"32 is answered by {entry.frame.payload.hex()}.")
    late = is_command(codes.INFRARED_LEARN)
    yield from line.expect_none(late, 5.0, "After 32 a code comes all the same.")


# --- records -----------------------------------------------------------------------------------------


def next_record(line: GatewayMcuLine) -> Script[LineEntry]:
    """The next record that the MCU sends; the check does not apply where none comes within RECORD_S."""
    entry = yield from line.wait_for(is_command(codes.RECORD), RECORD_S)
    return entry if entry is not None else line.not_applicable(f"No record came within {RECORD_S:g} s.")


def again(result: int | None, what: str) -> Play:
    """A record that is not stored comes again."""

    def script(line: GatewayMcuLine) -> Script[None]:
        line.end.record_results = [result]
        entry = yield from next_record(line)
        yield from line.expect(
            lambda one: one.frame is not None and one.frame == entry.frame,
            AGAIN_S,
            f"A record that {what} does not come again within {AGAIN_S:g} s.",
        )

    return script


def stored_once(line: GatewayMcuLine) -> Script[None]:
    entry = yield from next_record(line)
    same = [one.frame for one in frames(line.received(), codes.RECORD)].count(entry.frame)
    yield from line.pause(CALM_S)
    more = [one.frame for one in frames(line.received(), codes.RECORD)].count(entry.frame) - same
    line.require(not more, "A record that is stored comes again.")


def has_a_time(line: GatewayMcuLine) -> Script[None]:
    entry = yield from next_record(line)
    kind = entry.frame.payload[0]
    line.require(kind in (1, 2, 3), f"A record has the kind {kind}, and so no time.")


# --- bad JSON ------------------------------------------------------------------------------------------


def goes_on(command: int, payload: bytes, what: str) -> Play:
    """A script: the MCU still answers after this command."""

    def script(line: GatewayMcuLine) -> Script[None]:
        line.end.send(command, payload)
        yield from line.pause(0.7)
        yield from ask_again(line, f"It no longer answers after {what}.")

    return script


_DEEP = b'{"sub_id":' + b'{"a":' * 30 + b"1" + b"}" * 31
BAD_JSON: tuple[tuple[str, str, str, int, bytes], ...] = (
    ("no-json", "a 0a without JSON", "§1.5.2", codes.HEARTBEAT, b"unclouded"),
    ("not-closed", "a 0a whose JSON is cut", "§1.5.2", codes.HEARTBEAT, b'{"sub_id":"12'),
    ("no-utf8", "a 0a that is not UTF-8", "§1.5.2", codes.HEARTBEAT, b'{"sub_id":"\xff\xfe"}'),
    ("deep", "a 0a that is nested deeply", "§1.5.2", codes.HEARTBEAT, _DEEP),
    ("no-id", "a 0a without an id", "§1.5.2", codes.HEARTBEAT, b"{}"),
    ("list", "a 0a that is a list", "§1.5.2", codes.HEARTBEAT, b"[]"),
    ("long-id", "a 0a with an id of 255 characters", "§1.7.2", codes.HEARTBEAT, json_of(sub_id=LONGEST_ID)),
    (
        "huge-number",
        "a 29 of a data point 10^30",
        "§1.5.2",
        codes.QUERY_POINTS,
        b'{"sub_id":"1","dpid":[1' + b"0" * 30 + b"]}",
    ),
    (
        "no-list",
        "a 29 whose data points are not a list",
        "§1.5.2",
        codes.QUERY_POINTS,
        json_of(sub_id=UNKNOWN_ID, dpid=1),
    ),
    (
        "parallel",
        "a 13 with fewer results than ids",
        "§1.5.2",
        codes.ADD_RESULT,
        json_of(cids=[UNKNOWN_ID, "1"], rets=[0]),
    ),
    ("empty-group", "a 0e of no sub-devices", "§4.2", codes.GROUP_ADD, json_of(gid="unclouded0", cids=[])),
    ("no-tp", "a 09 without tp", "§1.5.2", codes.DELETE, json_of(sub_id=UNKNOWN_ID)),
)
_VALUES = (("w.temp.0", 21), ("w.humidity.0", 55), ("w.condition.0", "晴"), ("w.windSpeed.0", "3.4"))
_ALARM = json_of(type=0, sub_id=UNKNOWN_ID, dp_inf='{"1":true}')
_NOTICES: tuple[tuple[str, str, str, Play, Grade, str], ...] = (
    (
        "weather.acknowledged",
        "33/01 is acknowledged",
        "§2.11.2",
        takes_weather(weather(*_VALUES), "33/01"),
        "should",
        "",
    ),
    (
        "weather.no-status",
        "33/01 without the status byte is acknowledged",
        "§2.11.2",
        takes_weather(weather(*_VALUES, status=False), "33/01 without status"),
        "deviation",
        "",
    ),
    (
        "weather.failed",
        "33/01 of a failure is acknowledged",
        "§2.11.2",
        takes_weather(b"\1\0\1", "33/01"),
        "should",
        "",
    ),
    ("pairing.broadcast", "24 is answered by result and reason", "§2.9.2", broadcast, "must", ""),
    ("pairing.to-app", "26 is acknowledged", "§2.9.4", takes_pairing(codes.TO_APP, bytes(8), "26"), "must", ""),
    ("pairing.drop", "28 is acknowledged", "§2.9.6", takes_pairing(codes.DROP_PHONE, b"", "28"), "must", ""),
    (
        "security.state",
        "c0/02 is acknowledged",
        "§2.12.4",
        takes_notice(codes.SECURITY, 2, json_of(mode="0", delay=0, sound=1)),
        "must",
        SECURITY_DANGER,
    ),
    (
        "security.state-number",
        "c0/02 with a mode as number is acknowledged",
        "§2.12.4",
        takes_notice(codes.SECURITY, 2, json_of(mode=0, delay=0, sound=1)),
        "should",
        SECURITY_DANGER,
    ),
    (
        "security.event",
        "c0/03 is acknowledged",
        "§2.12.5",
        takes_notice(codes.SECURITY, 3, json_of(status=0, data="0")),
        "must",
        SECURITY_DANGER,
    ),
    ("alarm.delay", "c1/03 is acknowledged", "§2.12.9", takes_notice(codes.ALARM, 3, b"\0"), "must", SECURITY_DANGER),
    (
        "alarm.info",
        "c1/02 is acknowledged",
        "§2.12.8",
        takes_notice(codes.ALARM, 2, _ALARM, new=False),
        "must",
        SECURITY_DANGER,
    ),
    (
        "alarm.cancel",
        "c1/01 is acknowledged",
        "§2.12.7",
        takes_notice(codes.ALARM, 1, b"\0", new=False),
        "must",
        SECURITY_DANGER,
    ),
    (
        "alarm.new-info",
        "c1/04 is acknowledged",
        "§2.12.10",
        takes_notice(codes.ALARM, 4, _ALARM, new=True),
        "must",
        SECURITY_DANGER,
    ),
    (
        "alarm.new-state",
        "c1/05 is acknowledged",
        "§2.12.11",
        takes_notice(codes.ALARM, 5, b"\0", new=True),
        "must",
        SECURITY_DANGER,
    ),
    ("infrared.send", "30 is answered within 1 s", "§2.10.1", sends_code(packet()), "must", INFRARED_DANGER),
    (
        "infrared.packets",
        "A code in two packets is acknowledged twice",
        "§2.10.1",
        sends_code(packet(durations=DURATIONS * 128, total=516), packet(total=516, offset=512)),
        "must",
        INFRARED_DANGER,
    ),
    (
        "infrared.several",
        "Two codes in one send are acknowledged twice",
        "§2.10.1",
        sends_code(packet(0, 2), packet(1, 2)),
        "must",
        INFRARED_DANGER,
    ),
    ("infrared.stop", "32 is answered by 01 or 02, and no code comes", "§2.10.3", stops_learning, "must", ""),
)
_ASSISTED: tuple[tuple[str, str, str, Callable[[GatewayMcuLine], Script[None]], Grade, PersonTask], ...] = (
    ("infrared.learn", "After 31 the code of a remote control is sent", "§2.10.2", learns, "must", PRESS_NOW),
    ("record.time", "A record has a time", "§2.4.5", has_a_time, "must", RECORD_NOW),
    ("record.once", "A record that is stored comes once", "§2.4.5", stored_once, "must", RECORD_NOW),
    (
        "record.no-answer",
        "A record that is not answered comes again",
        "§2.4.5",
        again(None, "is not answered"),
        "must",
        RECORD_NOW,
    ),
    ("record.failed", "A record that is refused comes again", "§2.4.5", again(1, "is refused"), "must", RECORD_NOW),
)
_NEEDS = (START, JOINING)
GATEWAY_MCU_NOTICE_CHECKS: tuple[Check, ...] = (
    *(
        row(f"mcu.{name}", title, clause, play, grade, needs=(START,), danger=danger)
        for name, title, clause, play, grade, danger in _NOTICES
    ),
    *(
        row(f"mcu.{name}", title, clause, play, grade, needs=_NEEDS, person=person, timeout_s=RECORD_S + AGAIN_S + 10)
        for name, title, clause, play, grade, person in _ASSISTED
    ),
    *(
        row(
            f"mcu.json.{name}",
            f"It goes on after {what}",
            clause,
            goes_on(command, payload, what),
            needs=(START, QUESTION),
        )
        for name, what, clause, command, payload in BAD_JSON
    ),
)
