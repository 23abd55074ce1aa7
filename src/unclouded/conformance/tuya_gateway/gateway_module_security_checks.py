"""Checks of a security gateway's module: keypads that arm and disarm, alarms at the gateway, and what the MCU is sent.

Each disarms again. Source: docs/protocols/tuya_gateway.md §1.5, §2.12.
"""

from collections.abc import Mapping
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import CheckEndedError, LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import exchange, is_command
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB
from unclouded.conformance.tuya_gateway.gateway_frames import ask_thrice, is_strict_json, json_of, members_of
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import JOINED, Play
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes

DANGER = "It arms the alarm system for a moment, or reports an alarm, of which people may be notified."
DISARMED, HOME, AWAY = 0, 1, 2  # docs/protocols/tuya_gateway.md §2.12.2
FOLLOWS_S = 2.0  # that c0/02 and c0/03 may take
NORMAL, ALARM = b"\0\0", b"\0\1"  # payloads of c1/00

Members = Mapping[str, Any]  # Any: JSON types


def info(line: GatewayModuleLine) -> Script[Members]:
    """The members of c0/01."""
    entry = yield from ask_thrice(line, codes.SECURITY, b"\1", sub=codes.SECURITY_INFO)
    if entry is None:
        line.not_applicable("It does not answer c0/01.")
    data = entry.frame.payload
    if data[1:2] != b"\0":
        line.not_applicable("It has no alarm system: c0/01 is a failure.")
    return members_of(data[2:])


def arm(line: GatewayModuleLine, mode: int) -> Script[bytes]:
    """Set a mode as a keypad does; the answer."""
    return (yield from _arm(line, json_of(mode=mode, sub_id=FIRST_SUB, delay=0)))


def _arm(line: GatewayModuleLine, members: bytes) -> Script[bytes]:
    entry = yield from ask_thrice(line, codes.SECURITY, b"\0" + members, sub=codes.ARM)
    data: bytes = entry.frame.payload[1:] if entry is not None else line.not_applicable("It does not answer c0/00.")
    return data


def from_disarmed(play: Play) -> Play:
    """Of an alarm system that is disarmed, and so afterwards."""

    def script(line: GatewayModuleLine) -> Script[None]:
        yield from info(line)
        yield from arm(line, DISARMED)
        yield from line.pause(FOLLOWS_S)
        try:
            yield from play(line)
        except CheckEndedError:
            yield from calm(line)
            raise
        yield from calm(line)

    def calm(line: GatewayModuleLine) -> Script[None]:
        yield from exchange(line, codes.ALARM, NORMAL, sub=codes.LOCAL_ALARM)
        yield from exchange(line, codes.SECURITY, b"\0" + json_of(mode=0, sub_id=FIRST_SUB, delay=0), sub=codes.ARM)
        yield from line.pause(FOLLOWS_S)

    return script


def sent(line: GatewayModuleLine, mark: int, sub: int) -> list[LineEntry]:
    """What c0 of this kind it sent."""
    return [one for one in of_module(line.log.since(mark), codes.SECURITY) if is_command(codes.SECURITY, sub)(one)]


# --- what it says ------------------------------------------------------------------------------------


def info_is_json(line: GatewayModuleLine) -> Script[None]:
    yield from info(line)
    found = [one for one in of_module(line.log.since(), codes.SECURITY) if is_command(codes.SECURITY, 1)(one)]
    line.require(is_strict_json(found[-1].frame.payload[2:]), "c0/01 is not strict JSON.")


def info_is_complete(line: GatewayModuleLine) -> Script[None]:
    members = yield from info(line)
    line.require(members.get("mode") in (DISARMED, HOME, AWAY), f"The mode is {members.get('mode')}.")
    numbers = [members.get(name) for name in ("alarm", "countdown")]
    line.require(all(isinstance(one, int) for one in numbers), "alarm or countdown is missing.")


def info_when_quiet(line: GatewayModuleLine) -> Script[None]:
    """Both are inverted: 0 is an alarm, or a delay that runs."""
    members = yield from info(line)
    line.require(members["alarm"] != 0, "Without an alarm it reports alarm 0, which is an alarm.")
    line.require(members["countdown"] != 0, "Without a delay it reports countdown 0, which is one that runs.")


# --- keypads -----------------------------------------------------------------------------------------


def arms(line: GatewayModuleLine) -> Script[None]:
    data = yield from arm(line, HOME)
    line.require(data == b"\0", f"c0/00 of mode 1 is answered by {data.hex()}.")


def info_when_armed(line: GatewayModuleLine) -> Script[None]:
    if (yield from arm(line, AWAY)) != b"\0":
        line.skip("It is not armed.")
    members = yield from info(line)
    line.require(members["mode"] == AWAY, f"Armed away, c0/01 reports mode {members['mode']}.")


def state_follows(line: GatewayModuleLine) -> Script[None]:
    mark = line.log.mark()
    if (yield from arm(line, HOME)) != b"\0":
        line.skip("It is not armed.")
    yield from line.pause(FOLLOWS_S)
    states = sent(line, mark, codes.SECURITY_STATE)
    line.require(states, "c0/02 does not follow c0/00.")
    modes = [str(members_of(one.frame.payload[1:]).get("mode")) for one in states]
    line.require(modes[-1] == str(HOME), f"Armed at home, c0/02 reports mode {modes[-1]}.")


def event_follows(line: GatewayModuleLine) -> Script[None]:
    mark = line.log.mark()
    if (yield from arm(line, HOME)) != b"\0":
        line.skip("It is not armed.")
    yield from line.pause(FOLLOWS_S)
    events = sent(line, mark, codes.SECURITY_EVENT)
    line.require(events, "c0/03 does not follow c0/00.")
    status = members_of(events[-1].frame.payload[1:]).get("status")
    line.require(status in (1, 3), f"When it is armed, c0/03 reports status {status}.")


def disarms(line: GatewayModuleLine) -> Script[None]:
    yield from arm(line, HOME)
    yield from line.pause(FOLLOWS_S)
    mark = line.log.mark()
    data = yield from arm(line, DISARMED)
    line.require(data == b"\0", f"c0/00 of mode 0 is answered by {data.hex()}.")
    yield from line.pause(FOLLOWS_S)
    events = sent(line, mark, codes.SECURITY_EVENT)
    line.require(events, "c0/03 does not follow when it is disarmed.")
    status = members_of(events[-1].frame.payload[1:]).get("status")
    line.require(status == 0, f"When it is disarmed, c0/03 reports status {status}.")


def no_other_mode(line: GatewayModuleLine) -> Script[None]:
    if (yield from arm(line, HOME)) != b"\0":
        line.skip("It is not armed.")
    data = yield from arm(line, AWAY)
    line.require(data != b"\0", "Armed at home, it is armed away without being disarmed before.")


def as_printed(line: GatewayModuleLine) -> Script[None]:
    data = yield from _arm(line, b"{ mode:1, sub_id:" + FIRST_SUB.encode() + b", delay:0}")
    line.require(data == b"\0", f"c0/00 without quotes, as printed, is answered by {data.hex()}.")


def refuses(members: bytes, what: str) -> Play:
    """A script: the module does not arm itself by this content of c0/00, and does not answer it with success."""

    def script(line: GatewayModuleLine) -> Script[None]:
        data = yield from _arm(line, members)
        line.require(data != b"\0", f"c0/00 {what} is answered by success.")
        line.require((yield from info(line))["mode"] == DISARMED, f"c0/00 {what} arms it.")

    return script


# --- alarms ------------------------------------------------------------------------------------------


def local_alarm(line: GatewayModuleLine) -> Script[None]:
    for payload in (ALARM, NORMAL):
        entry = yield from ask_thrice(line, codes.ALARM, payload, sub=codes.LOCAL_ALARM)
        if entry is None:
            line.fail("c1/00 is not answered.")
        line.require(entry.frame.payload == NORMAL, f"c1/00 is answered by {entry.frame.payload.hex()}.")


def info_in_alarm(line: GatewayModuleLine) -> Script[None]:
    if (yield from ask_thrice(line, codes.ALARM, ALARM, sub=codes.LOCAL_ALARM)) is None:
        line.skip("c1/00 is not answered.")
    members = yield from info(line)
    line.require(members["alarm"] == 0, "In an alarm at the gateway it does not report alarm 0.")
    yield from ask_thrice(line, codes.ALARM, NORMAL, sub=codes.LOCAL_ALARM)
    members = yield from info(line)
    line.require(members["alarm"] != 0, "After the end of an alarm at the gateway it still reports alarm 0.")


def is_acknowledged_once(line: GatewayModuleLine) -> Script[None]:
    """What was acknowledged is not sent again."""
    mark = line.log.mark()
    if (yield from arm(line, HOME)) != b"\0":
        line.skip("It is not armed.")
    yield from line.pause(8.0)
    sent_now = [one.frame.payload for one in of_module(line.log.since(mark), codes.SECURITY)]
    notices = [one for one in sent_now if one[:1] in (b"\2", b"\3")]
    line.require(len(set(notices)) == len(notices), "A notice that was acknowledged is sent again.")


def json_is_strict(line: GatewayModuleLine) -> Script[None]:
    yield from arm(line, HOME)
    yield from line.pause(FOLLOWS_S)
    found = [one.frame.payload for one in of_module(line.log.since(), codes.SECURITY)]
    notices = [one for one in found if one[:1] in (b"\2", b"\3")]
    if not notices:
        line.skip("No notice follows c0/00.")
    line.require(all(is_strict_json(one[1:]) for one in notices), "c0/02 or c0/03 is not strict JSON.")


_INFO: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("info", "c0/01 has a mode, alarm and countdown", "§2.12.3", info_is_complete, "must"),
    ("info-strict", "c0/01 is strict JSON", "§1.5", info_is_json, "must"),
)
_ROWS: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("quiet", "Without alarm and delay, alarm and countdown are not 0", "§1.6.3", info_when_quiet, "must"),
    ("arm", "c0/00 arms it", "§2.12.2", arms, "must"),
    ("armed", "c0/01 reports the mode that was set", "§2.12.3", info_when_armed, "must"),
    ("state", "c0/02 with the mode follows", "§2.12.4", state_follows, "must"),
    ("event", "c0/03 follows", "§2.12.5", event_follows, "must"),
    ("notices-strict", "c0/02 and c0/03 are strict JSON", "§1.5", json_is_strict, "must"),
    ("notices-once", "A notice that is acknowledged is sent once", "§2.12", is_acknowledged_once, "must"),
    ("disarm", "c0/00 disarms it, and c0/03 reports that", "§2.12.1", disarms, "must"),
    ("other-mode", "While it is armed, no other mode can be set", "§2.12.1", no_other_mode, "must"),
    ("as-printed", "c0/00 is accepted without quotes, as printed", "§1.5.1", as_printed, "should"),
    ("no-json", "c0/00 without JSON is a failure", "§1.5.2", refuses(b"{", "without JSON"), "must"),
    (
        "bad-mode",
        "c0/00 of mode 7 is a failure",
        "§1.5.2",
        refuses(json_of(mode=7, sub_id="1", delay=0), "of 7"),
        "must",
    ),
    ("local-alarm", "c1/00 is answered by 00", "§2.12.6", local_alarm, "must"),
    ("in-alarm", "c0/01 reports an alarm at the gateway", "§2.12.3", info_in_alarm, "should"),
)
GATEWAY_MODULE_SECURITY_CHECKS: tuple[Check, ...] = (
    *(
        row(f"module.security.{name}", title, clause, play, grade, needs=(ONLINE, JOINED))
        for name, title, clause, play, grade in _INFO
    ),
    *(
        row(
            f"module.security.{name}",
            title,
            clause,
            from_disarmed(play),
            grade,
            needs=(ONLINE, JOINED),
            danger=DANGER,
            timeout_s=60.0,
        )
        for name, title, clause, play, grade in _ROWS
    ),
)
