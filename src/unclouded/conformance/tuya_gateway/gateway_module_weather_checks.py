"""Checks of a gateway's module: weather that its MCU asks for, groups that there are not, and resets.

Source: docs/protocols/tuya_gateway.md §2.1, §2.2, §2.5, §2.11.
"""

from collections.abc import Sequence

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.answer_checks import answer_is, is_exactly
from unclouded.conformance.tuya.frames import frames, is_command
from unclouded.conformance.tuya_gateway.gateway_frames import UNKNOWN_GROUP, ask_thrice, json_of, members_of
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import Play, result_of, results_in
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes

WEATHER_S = 10.0  # for the first data of a subscription
RESET_DANGER = "The module forgets its network and goes into pairing."
FACTORY_DANGER = "The module forgets all sub-devices and its network."
PAIRING = (b"\0", b"\1", b"\6")


def counted_names(*names: str) -> bytes:
    """Names of weather fields, each behind a byte with its length."""
    return b"".join(bytes((len(name),)) + name.encode() for name in names)


# --- weather -------------------------------------------------------------------------------------------


def _data(line: GatewayModuleLine, mark: int) -> list[LineEntry]:
    found = of_module(line.log.since(mark), codes.SERVICES)
    return [one for one in found if one.frame.payload[:1] == b"\1"]


def weather_after(line: GatewayModuleLine, payload: bytes) -> Script[list[LineEntry]]:
    """Ask for weather; the data of the next seconds."""
    mark = line.log.mark()
    entry = yield from ask_thrice(line, codes.SERVICES, payload, sub=payload[0])
    if entry is None:
        line.not_applicable("It has no weather.")
    yield from line.wait_for(is_command(codes.SERVICES, codes.WEATHER), WEATHER_S)
    yield from line.pause(1.0)
    return _data(line, mark)


_SUBSCRIBE = b"\0\x3c" + counted_names("w.temp", "w.humidity", "w.condition")


def weather_follows(line: GatewayModuleLine) -> Script[None]:
    line.require((yield from weather_after(line, _SUBSCRIBE)), "No weather follows a subscription.")


def weather_is_named(line: GatewayModuleLine) -> Script[None]:
    """Only names that were asked for, each with its value; or that there is none."""
    for one in (yield from weather_after(line, _SUBSCRIBE)):
        data = one.frame.payload
        if data in (b"\1\0\1", b"\1\0"):
            line.skip("It knows no weather.")
        names = weather_names(data[2:] if data[1] == 0 else data[1:])
        odd = [name for name in names if not name.startswith(("w.temp", "w.humidity", "w.condition"))]
        line.require(names and not odd, f"33/01 holds {', '.join(odd) or 'no names'}.")


def weather_names(data: bytes) -> list[str]:
    """The names of a 33/01. Raises IndexError and ValueError where its values do not fill it."""
    names, at = [], 0
    while at < len(data):
        size = data[at]
        names.append(data[at + 1 : at + 1 + size].decode())
        at += 1 + size
        kind, value = data[at], data[at + 1]
        at += 2 + value
        if at > len(data) or kind > 1 or (kind == 0 and value != 4):
            raise ValueError("a value of the weather does not fit")
    return names


def weather_acknowledged_once(line: GatewayModuleLine) -> Script[None]:
    if not (yield from weather_after(line, _SUBSCRIBE)):
        line.skip("No weather follows a subscription.")
    mark = line.log.mark()
    yield from line.pause(20.0)
    line.require(not _data(line, mark), "Weather that was acknowledged is sent again within 20 s.")


def weather_now(line: GatewayModuleLine) -> Script[None]:
    got = yield from weather_after(line, b"\2" + counted_names("w.temp"))
    line.require(got, "No weather follows 33/02.")


def refused_subscription(payload: bytes, what: str) -> Play:
    """A script: the module answers this subscription of the weather with a failure."""

    def script(line: GatewayModuleLine) -> Script[None]:
        if (yield from ask_thrice(line, codes.SERVICES, _SUBSCRIBE, sub=codes.WEATHER_ON)) is None:
            line.not_applicable("It has no weather.")
        data = yield from result_of(line, codes.SERVICES, payload, codes.WEATHER_ON)
        line.require(data in (b"\0\0\1", b"\0\0\2"), f"{what} is answered by {data.hex()}.")
        yield from line.pause(0.5)

    return script


# --- groups, pairing -----------------------------------------------------------------------------------


def unknown_group(line: GatewayModuleLine) -> Script[None]:
    entry = yield from ask_thrice(line, codes.GROUP_MEMBER, json_of(gid=UNKNOWN_GROUP, idx=0))
    if entry is None:
        return  # a missing answer ends the list as well
    line.require(not members_of(entry.frame.payload).get("sub_id"), "A group that there is not has a member.")


# --- resets --------------------------------------------------------------------------------------------


def reset(command: int, payload: bytes, states: Sequence[bytes]) -> Play:
    """A script: the module acknowledges this reset with an empty payload, and reports a status of pairing after it."""

    def script(line: GatewayModuleLine) -> Script[None]:
        line.end.is_started = False
        mark = line.log.mark()
        entry = yield from ask_thrice(line, command, payload)
        if entry is None:
            line.fail(f"{command:02x} is not acknowledged.")
        line.require(not entry.frame.payload, f"The acknowledgement of {command:02x} is not empty.")
        yield from line.pause(20.0)
        sent = [one.frame.payload for one in frames(line.received(mark), codes.NETWORK)]
        line.require(any(one in states for one in sent), "After the reset no network status of pairing comes.")

    return script


def factory(line: GatewayModuleLine) -> Script[None]:
    line.end.send(codes.FACTORY_RESET)
    entry = yield from line.expect(is_command(codes.REMOVAL), 5.0, "18 does not follow 17.")
    line.require(entry.frame.payload == b"\0", f"After 17, 18 is {entry.frame.payload.hex()} instead of 00.")


def factory_clears(line: GatewayModuleLine) -> Script[None]:
    line.end.send(codes.FACTORY_RESET)
    yield from line.pause(2.0)
    entry = yield from ask_thrice(line, codes.LIST)
    if entry is None:
        line.not_applicable("It does not answer 1c.")
    line.require(entry.frame.payload == b"\0\0", "After 17 sub-devices are listed.")
    line.end.joined.clear()


_ROWS: Sequence[tuple[str, str, str, Play, Grade]] = (
    (
        "weather.subscription",
        "A subscription is answered by 01 00",
        "§2.11.1",
        answer_is(is_exactly(b"\0\1\0"), codes.SERVICES, _SUBSCRIBE, sub=codes.WEATHER_ON),
        "must",
    ),
    ("weather.follows", "Weather follows it at once", "§2.11.1", weather_follows, "must"),
    ("weather.names", "33/01 has the names that were asked for", "§2.11.2", weather_is_named, "must"),
    ("weather.once", "Weather that is acknowledged is not sent again", "§2.11.2", weather_acknowledged_once, "must"),
    ("weather.now", "Weather follows 33/02", "§2.11.3", weather_now, "must"),
    (
        "weather.too-often",
        "A subscription of 5 min is refused",
        "§2.11.1",
        refused_subscription(b"\0\5" + counted_names("w.temp"), "An interval of 5 min"),
        "must",
    ),
    (
        "weather.too-rarely",
        "A subscription of 241 min is refused",
        "§2.11.1",
        refused_subscription(b"\0\xf1" + counted_names("w.temp"), "An interval of 241 min"),
        "must",
    ),
    (
        "weather.cut",
        "A subscription whose name is cut is refused",
        "§2.11.1",
        refused_subscription(b"\0\x3c\x09w.temp", "A name that is cut"),
        "must",
    ),
    ("group.unknown", "2e of an unknown group has no member", "§2.5.5", unknown_group, "must"),
    (
        "group.changed-unknown",
        "2f of an unknown group is answered by 01",
        "§2.5.6",
        results_in(codes.GROUP_CHANGED, json_of(gid=UNKNOWN_GROUP, dpid=1), b"\1", what="It"),
        "should",
    ),
    (
        "group.changed-no-json",
        "2f without JSON is answered by 01",
        "§1.5.2",
        results_in(codes.GROUP_CHANGED, b"1", b"\1", what="It"),
        "must",
    ),
)
GATEWAY_MODULE_WEATHER_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{name}", title, clause, play, grade, needs=(ONLINE,)) for name, title, clause, play, grade in _ROWS
)
_RESETS: Sequence[tuple[str, str, str, Play, str]] = (
    (
        "reset.key",
        "After 04 it reports a network status of pairing",
        "§2.1.4",
        reset(codes.RESET, b"", PAIRING),
        RESET_DANGER,
    ),
    (
        "reset.smart-config",
        "05 00 starts SmartConfig pairing",
        "§2.1.5",
        reset(codes.RESET_MODE, b"\0", (b"\0", b"\6")),
        RESET_DANGER,
    ),
    ("reset.ap", "05 01 starts AP pairing", "§2.1.5", reset(codes.RESET_MODE, b"\1", (b"\1", b"\6")), RESET_DANGER),
    ("factory.answered", "18 00 follows 17", "§2.2.9", factory, FACTORY_DANGER),
    ("factory.clears", "After 17 no sub-device is listed", "§2.2.10", factory_clears, FACTORY_DANGER),
)
GATEWAY_MODULE_RESET_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{name}", title, clause, play, needs=(ONLINE,), danger=danger, timeout_s=120.0)
    for name, title, clause, play, danger in _RESETS
)
