"""Checks of a module whose MCU answers late, not at all, or oddly: it must go on all the same.

Source: docs/protocols/tuya_wifi.md §2.1, §2.3, §2.4, §2.6.
"""

import itertools
from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import is_any_frame, is_command, unit
from unclouded.conformance.tuya.line_checks import QUESTION, ask
from unclouded.conformance.tuya_wifi.emulated_mcu import HEARTBEAT_S, PRODUCT_ID, START_S, product_info
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine, of_module
from unclouded.families.tuya.line.datapoint import VALUE
from unclouded.families.tuya.wifi import codes

FLOOD_S = 0.25  # docs/protocols/tuya_wifi.md §2.1: about 300 ms


# --- missing answers ---------------------------------------------------------------------------------


def step_is_repeated(line: ModuleLine) -> Script[None]:
    line.end.mute.add(codes.PRODUCT)
    mark = line.log.mark()
    if not (yield from line.end.begin_again()):
        line.skip("It does not begin its start.")
    yield from line.pause(8.0)
    line.end.is_started = False
    count = len(of_module(line.log.since(mark), codes.PRODUCT))
    line.require(count >= 2, "01 is not repeated within 8 s where it is not answered.")


def step_is_no_flood(line: ModuleLine) -> Script[None]:
    line.end.mute.add(codes.PRODUCT)
    mark = line.log.mark()
    if not (yield from line.end.begin_again()):
        line.skip("It does not begin its start.")
    yield from line.pause(5.0)
    line.end.is_started = False
    at = [one.at for one in of_module(line.log.since(mark), codes.PRODUCT)]
    shortest = min((after - before for before, after in itertools.pairwise(at)), default=1.0)
    line.require(shortest >= FLOOD_S, f"Unanswered, 01 is sent again after {shortest * 1000:.0f} ms.")


def goes_on_without(command: int, *following: int, pins: bytes = b"") -> Callable[[ModuleLine], Script[None]]:
    """An answer is missing, and one of the following commands comes all the same."""

    def script(line: ModuleLine) -> Script[None]:
        line.end.mute.add(command)
        line.end.pins = pins
        if not (yield from line.end.begin_again()):
            line.skip("It does not begin its start.")
        mark = line.log.mark()
        yield from line.pause(HEARTBEAT_S)
        got = of_module(line.log.since(mark), *following)
        line.end.is_started = False
        names = " or ".join(f"{one:02x}" for one in following)
        line.require(got, f"Where {command:02x} is not answered, {names} does not come within {HEARTBEAT_S:g} s.")

    return script


# --- odd answers -------------------------------------------------------------------------------------


def _is_next_step(entry: LineEntry) -> bool:
    return entry.frame is not None and entry.frame.command in (codes.MODE, codes.NETWORK, codes.QUERY)


def takes_product(data: bytes, what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the start of the module goes on after this product info."""

    def script(line: ModuleLine) -> Script[None]:
        line.end.product = data
        if not (yield from line.end.begin_again()):
            line.skip("It does not begin its start.")
        line.end.is_started = False
        yield from line.expect(_is_next_step, 10.0, f"After {what} the start does not go on within 10 s.")

    return script


def takes_pins(pins: bytes) -> Callable[[ModuleLine], Script[None]]:
    """A script: the start of the module comes to its end after a working mode with these pins."""

    def script(line: ModuleLine) -> Script[None]:
        if line.end.restarts_badly:
            line.skip("After a restart of the MCU its start does not come to its end.")
        line.end.pins = pins
        if not (yield from line.end.begin_again()):
            line.skip("It does not begin its start.")
        line.end.is_started = False
        yield from line.expect(
            is_command(codes.QUERY), START_S, f"After a working mode of {len(pins)} bytes 08 does not come."
        )

    return script


def takes_version(version: int) -> Callable[[ModuleLine], Script[None]]:
    """A script: the start of the module comes to its end with an MCU whose frames have this version."""

    def script(line: ModuleLine) -> Script[None]:
        if line.end.restarts_badly:
            line.skip("After a restart of the MCU its start does not come to its end.")
        line.end.version = version
        if not (yield from line.end.begin_again()):
            line.fail(f"It does not begin its start with an MCU of version {version}.")
        line.end.is_started = False
        yield from line.expect(is_command(codes.QUERY), START_S, f"With an MCU of version {version} 08 does not come.")

    return script


def takes_features(data: bytes, good: Sequence[int], what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module answers these features (37/00) with one of the good results."""

    def script(line: ModuleLine) -> Script[None]:
        line.end.send(codes.FEATURES, b"\0" + data)
        entry = yield from line.wait_for(is_command(codes.FEATURES, codes.FEATURES_REPORT), 1.0)
        if entry is None:
            line.not_applicable("It does not answer 37/00.")
        payload = entry.frame.payload
        line.require(len(payload) == 2 and payload[1] in good, f"{what} is answered by {payload.hex()}.")

    return script


def survives(command: int, payload: bytes, what: str) -> Callable[[ModuleLine], Script[None]]:
    """It answers its question after this frame, and does not begin its start again."""

    def script(line: ModuleLine) -> Script[None]:
        mark = line.log.mark()
        line.end.send(command, payload)
        yield from line.pause(0.5)
        for _ in range(3):
            if (yield from ask(line)) is not None:
                break
        else:
            line.fail(f"After {what} it answers nothing.")
        again = of_module(line.log.since(mark), codes.MODE)
        line.require(not again, f"After {what} it begins its start again.")

    return script


def no_answer_to(command: int, payload: bytes, what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module does not answer this command within 1 s. ``what``: its name in the reason."""

    def script(line: ModuleLine) -> Script[None]:
        line.end.send(command, payload)
        yield from line.expect_none(
            lambda entry: is_any_frame(entry) and entry.frame.command in (command, codes.SYNC_RESULT, codes.SET),
            1.0,
            f"{what} is answered.",
        )

    return script


_OLD = PRODUCT_ID.encode() + b"1.0.0"
_LONG = product_info(more=f',"x":"{"a" * 400}"')
_FULL = product_info(more=',"mt":10,"n":0,"ir":"5.12","low":0,"ma":[{"t":10,"v":"1.0.0"},{"t":11,"v":"2.0.0"}]')
_PRODUCTS: tuple[tuple[str, bytes, str, Grade, str], ...] = (
    ("full", _FULL, "product info with all fields", "must", "§2.4.3"),
    ("short", f'{{"p":"{PRODUCT_ID}","v":"1.0.0"}}'.encode(), "product info of p and v only", "must", "§2.4.3"),
    ("unknown-fields", product_info(more=',"zz":{"a":[1,2]}'), "product info with unknown fields", "must", "§2.4.3"),
    ("long", _LONG, "product info of 460 bytes", "should", "§2.6 item 12"),
    ("old", _OLD, "product info without JSON", "deviation", "§2.4.3"),
    ("8-characters", b"unclouded"[:8] + b"1.0.0", "product info of 13 bytes", "deviation", "§2.6 item 15"),
    ("control-bytes", product_info()[:-1] + b"\0\r\n}", "product info with control bytes", "deviation", "§2.6 item 4"),
)
_MISSING: tuple[tuple[str, str, Callable[[ModuleLine], Script[None]], Grade, str], ...] = (
    (
        "mode",
        "It goes on where 02 is not answered",
        goes_on_without(codes.MODE, codes.NETWORK, codes.QUERY),
        "deviation",
        "§2.3.2",
    ),
    (
        "status",
        "It goes on where 03 is not answered",
        goes_on_without(codes.NETWORK, codes.QUERY),
        "deviation",
        "§2.3.2",
    ),
    (
        "status-module-driven",
        "03 needs no answer where the module drives LED and key",
        goes_on_without(codes.NETWORK, codes.QUERY, pins=b"\x0c\x0d"),
        "must",
        "§2.3.1",
    ),
    (
        "query",
        "Heartbeats go on where 08 is not answered",
        goes_on_without(codes.QUERY, codes.HEARTBEAT),
        "must",
        "§2.6 item 6",
    ),
)

TOLERANCE_CHECKS: tuple[Check, ...] = (
    row(
        "module.missing.product",
        "01 is repeated where it is not answered",
        "§2.3.2",
        step_is_repeated,
        needs=(ONLINE,),
        timeout_s=60.0,
    ),
    row(
        "module.missing.no-flood",
        "It waits 250 ms before it repeats a step",
        "§2.1",
        step_is_no_flood,
        needs=(ONLINE,),
        timeout_s=60.0,
    ),
    *(
        row(f"module.missing.{name}", title, clause, script, grade, needs=(ONLINE,), timeout_s=90.0)
        for name, title, script, grade, clause in _MISSING
    ),
    *(
        row(
            f"module.product.{name}",
            f"It accepts {what}",
            clause,
            takes_product(data, what),
            grade,
            needs=(ONLINE,),
            timeout_s=60.0,
        )
        for name, data, what, grade, clause in _PRODUCTS
    ),
    *(
        row(
            f"module.mode.{len(pins)}-pins",
            f"It accepts a working mode of {len(pins)} bytes",
            "§2.4.5",
            takes_pins(pins),
            needs=(ONLINE,),
            timeout_s=60.0,
        )
        for pins in (b"", b"\x0c\x0d", b"\x0c\x0d\x0e")
    ),
    *(
        row(
            f"module.version.{version}",
            f"Its start works with an MCU of version {version}",
            "§2.1",
            takes_version(version),
            needs=(ONLINE,),
            timeout_s=60.0,
        )
        for version in (0, 1, 2, 3)
    ),
    row(
        "module.mode.event",
        "It goes on after a 02 of three bytes that it did not ask for",
        "§2.6 item 5",
        survives(codes.MODE, b"\xff\x01\x01", "an unasked 02"),
        needs=(ONLINE, QUESTION),
    ),
    row(
        "module.product.unasked",
        "It goes on after a 01 that it did not ask for",
        "§2.4.3",
        survives(codes.PRODUCT, product_info(), "an unasked 01"),
        needs=(ONLINE, QUESTION),
    ),
    row(
        "module.echo.heartbeat",
        "A 00 without payload does not count as the answer to a heartbeat",
        "§2.4.2",
        survives(codes.HEARTBEAT, b"", "a 00 without payload"),
        needs=(ONLINE, QUESTION),
    ),
    row(
        "module.features.accepted",
        "It accepts 37/00",
        "§2.4.4",
        takes_features(b'{"mcu_ota":0,"abv":8,"buf":1024}', (0,), "37/00"),
        needs=(ONLINE,),
    ),
    row(
        "module.features.unknown-fields",
        "It accepts unknown fields in 37/00",
        "§2.4.4",
        takes_features(b'{"abv":8,"zz":[1]}', (0,), "37/00 with an unknown field"),
        needs=(ONLINE,),
    ),
    row(
        "module.features.no-json",
        "37/00 without JSON is answered by 1 or 2",
        "§2.4.4",
        takes_features(b"mcu_ota", (1, 2), "37/00 without JSON"),
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.report.not-answered",
        "07 is not answered",
        "§2.4.9",
        no_answer_to(codes.REPORT, unit(9, VALUE, b"\0\0\0\1"), "07"),
        needs=(ONLINE,),
    ),
)
