"""Checks of a gateway's MCU: its start, its product info, its working mode, and the network states that it is sent.

Source: docs/protocols/tuya_gateway.md §1.5, §1.7.1, §2.1.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, frames, send_frame
from unclouded.conformance.tuya_gateway.emulated_gateway_module import CLOUD, EmulatedGatewayModule
from unclouded.conformance.tuya_gateway.gateway_frames import (
    ask_thrice,
    is_strict_json,
    members_of,
    members_or_none,
)
from unclouded.families.tuya.gateway.wire import codes

GatewayMcuLine = CheckLine[EmulatedGatewayModule]

START = "start"  # a preparation
NEEDS = (START,)
VERSION = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")
ID_SIZE = 16  # characters of a product id; docs/protocols/tuya_gateway.md §1.4
FRESH_S = 20.0  # after which 01 is asked again before a check


def start(line: GatewayMcuLine) -> Script[None]:
    """The start, once. Later 01 again now and then, for an MCU that has started again serves no one before it."""
    if not line.end.is_started:
        mark = line.log.mark()
        yield from line.end.start()
        line.observed.setdefault(START, tuple(line.log.since(mark)))
        product = product_of(line)
        line.facts |= {"product": str(product.get("p", "")), "version": str(product.get("v", ""))}
    elif line.now > line.end.asked_at + FRESH_S:
        yield from ask_thrice(line, codes.PRODUCT)


# --- the product -------------------------------------------------------------------------------------


def product_frames(line: GatewayMcuLine) -> list[LineEntry]:
    """The answers to 01 so far, the newest last. Without any the check does not apply."""
    found = [one for one in frames(line.received(), codes.PRODUCT) if one.frame.payload]
    return found or line.not_applicable("It does not answer 01.")


def product_of(line: GatewayMcuLine) -> Mapping[str, Any]:  # Any: JSON types
    """Its members, as far as they can be read."""
    found = [one for one in frames(line.received(), codes.PRODUCT) if one.frame.payload]
    return members_or_none(found[-1].frame.payload) if found else {}


def can(line: GatewayMcuLine, bit: int) -> bool:
    """Has it this capability, as it reports itself?"""
    cap = product_of(line).get("cap", 0)
    return isinstance(cap, int) and bool(cap >> bit & 1)


def needs_capability(line: GatewayMcuLine, bit: int) -> None:
    """The check does not apply where the MCU reports itself without this bit of ``cap``."""
    if not can(line, bit):
        line.not_applicable(f"It reports itself without bit {bit} of cap.")


def require_empty(line: GatewayMcuLine, commands: Collection[int], none: str, wrong: str) -> None:
    """No frame of these commands has data. ``none``: there are no frames; ``wrong``: one has, with {} for which."""
    found = frames(line.received(), *commands)
    if not found:
        line.not_applicable(none)
    full = [one.frame.command for one in found if one.frame.payload]
    line.require(not full, wrong.format(f"{full[0]:02x}") if full else "")


def product_answered(line: GatewayMcuLine) -> Script[None]:
    line.require((yield from ask_thrice(line, codes.PRODUCT)), "01 is not answered.")


def product_readable(line: GatewayMcuLine) -> None:
    for one in product_frames(line):
        try:
            members_of(one.frame.payload)
        except ValueError as error:
            line.fail(f"Product info cannot be read: {error}.")


def product_strict(line: GatewayMcuLine) -> None:
    payload = product_frames(line)[-1].frame.payload
    line.require(is_strict_json(payload), "Product info is not strict JSON.")


def member(name: str, good: Callable[[Any], bool], what: str, optional: bool = False) -> Callable[[Any], None]:
    """A judge of one member. Any: JSON types, and the line."""

    def judge(line: GatewayMcuLine) -> None:
        product_frames(line)
        value = product_of(line).get(name)
        if value is None and optional:
            line.not_applicable(f"It reports no {name}.")
        line.require(value is not None, f"Product info has no {name}.")
        line.require(good(value), f"{name} is {str(value)[:40]!r}, not {what}.")

    return judge


def _number(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_version(value: Any) -> bool:
    return isinstance(value, str) and VERSION.fullmatch(value) is not None


def product_id_when_asked_only(line: GatewayMcuLine) -> Script[None]:
    send_frame(line, codes.PRODUCT, version=0)
    entry = yield from line.wait_for(lambda one: one.frame is not None and one.frame.command == codes.PRODUCT, 1.0)
    if entry is None:
        line.not_applicable("It does not answer a 01 of version 0.")
    line.require(
        "p" not in members_or_none(entry.frame.payload), "Asked by a 01 of version 0, it names its product id."
    )


def product_constant(line: GatewayMcuLine) -> Script[None]:
    answers = []
    for _ in range(2):
        entry = yield from ask_thrice(line, codes.PRODUCT)
        if entry is None:
            line.not_applicable("It does not answer 01.")
        answers.append(entry.frame.payload)
    line.require(answers[0] == answers[1], "Asked twice, it reports itself differently.")


# --- the working mode --------------------------------------------------------------------------------


def mode_answered(line: GatewayMcuLine) -> Script[None]:
    line.require((yield from ask_thrice(line, codes.MODE)), "02 is not answered.")


def mode_of(line: GatewayMcuLine) -> bytes:
    """The payload of the newest answer to 02; the check does not apply where there is none."""
    found = frames(line.received(), codes.MODE)
    if not found:
        line.not_applicable("It does not answer 02.")
    payload: bytes = found[-1].frame.payload
    return payload


def mode_length(line: GatewayMcuLine) -> None:
    size = len(mode_of(line))
    line.require(size in (0, 4), f"The answer to 02 has {size} bytes.")


def mode_pins(line: GatewayMcuLine) -> None:
    payload = mode_of(line)
    if len(payload) != 4:
        line.not_applicable("It names no pins.")
    led, led_pin, key, key_pin = payload
    line.require(max(led, key) <= 3 and max(led_pin, key_pin) <= 7, f"Ports and pins are {payload.hex(' ')}.")


# --- network states ------------------------------------------------------------------------------------


def reported_mode(line: GatewayMcuLine) -> bytes:
    """The newest working mode; one that it does not report is cooperative."""
    found = frames(line.received(), codes.MODE)
    payload: bytes = found[-1].frame.payload if found else b""
    return payload


def is_cooperative(line: GatewayMcuLine) -> None:
    """One whose LED the module drives need not know the network."""
    if reported_mode(line):
        line.not_applicable("The module drives its LED, so it need not support 03.")


def takes_status(*states: int) -> Callable[[GatewayMcuLine], Script[None]]:
    """A script: the MCU acknowledges each of these network states."""

    def script(line: GatewayMcuLine) -> Script[None]:
        is_cooperative(line)
        missing = []
        for status in states:
            if not (yield from line.end.notify(status)):
                missing.append(f"{status:02x}")
        line.end.send(codes.NETWORK, bytes((CLOUD,)))
        yield from line.pause(0.5)
        line.require(not missing, f"Network status {', '.join(missing)} is not acknowledged.")

    return script


def status_first_time(line: GatewayMcuLine) -> Script[None]:
    is_cooperative(line)
    missing = 0
    for _ in range(9):
        missing += not (yield from line.end.notify(CLOUD, tries=1))
    line.require(missing < 9, "It acknowledges no network status.")
    line.require(not missing, f"Of 9 network states {missing} are acknowledged only when they are sent again.")


def status_once(line: GatewayMcuLine) -> Script[None]:
    """An empty 03 may also be a question for the network, so one too many counts only the second time."""
    is_cooperative(line)
    line.end.mute.add(codes.NETWORK)
    counts = []
    for _ in range(2):
        mark = line.log.mark()
        if not (yield from line.end.notify(CLOUD)):
            line.skip("It does not acknowledge 03.")
        yield from line.pause(2.0)
        got = frames(line.received(mark), codes.NETWORK)
        line.require(not any(one.frame.payload for one in got), "The acknowledgement of 03 is not empty.")
        counts.append(len(got))
    line.require(min(counts) == 1, f"One 03 is acknowledged {min(counts)} times.")


# --- the start again -----------------------------------------------------------------------------------


def start_again(line: GatewayMcuLine) -> Script[None]:
    """A module that was switched off and on."""
    known = [one for one in frames(line.observed[START]) if one.sender == "device"]
    for command in {one.frame.command for one in known} & {codes.PRODUCT, codes.MODE}:
        line.require((yield from ask_thrice(line, command)), f"When the module starts again, {command:02x} is silent.")
    if not reported_mode(line):
        line.require((yield from line.end.notify(CLOUD)), "When the module starts again, 03 is not acknowledged.")


def answers_are_no_requests(line: GatewayMcuLine) -> Script[None]:
    """An answer that no one asked for."""
    line.end.send(codes.MEMORY, bytes(4))
    line.end.send(codes.GMT, line.end.time())
    line.end.send(codes.ADD, b"\0")
    yield from line.pause(1.0)
    entry = yield from exchange(line, line.end.question.command)
    entry = entry or (yield from ask_thrice(line, codes.MODE))
    line.require(entry, "It no longer answers after answers to what it did not ask.")


_Judge = Callable[[GatewayMcuLine], None]
_JUDGED: tuple[tuple[str, str, str, _Judge, Grade], ...] = (
    ("product.readable", "Product info can be read", "§1.5.2", product_readable, "must"),
    ("product.strict", "Product info is strict JSON", "§1.5", product_strict, "deviation"),
    ("product.version", "v is x.x.x, each 0 to 99", "§1.4", member("v", _is_version, "x.x.x"), "must"),
    ("product.m", "m is 0 to 2", "§2.1.1", member("m", _number(0, 2), "0 to 2"), "must"),
    ("product.cap", "cap is a number", "§2.1.1", member("cap", _number(0, 2**31), "a number"), "must"),
    (
        "product.id",
        "Asked for it, it names a product id of 16 characters",
        "§2.1.1",
        member("p", lambda value: isinstance(value, str) and len(value) == ID_SIZE, "16 characters"),
        "deviation",
    ),
    ("product.n", "n is 0 or 1", "§2.1.1", member("n", _number(0, 1), "0 or 1", True), "must"),
    ("product.s", "s is 0 or 1", "§2.1.1", member("s", _number(0, 1), "0 or 1", True), "must"),
    ("product.a", "a has no bits but 0 and 1", "§2.1.1", member("a", _number(0, 3), "0 to 3", True), "should"),
    ("mode.length", "The working mode is empty or has four bytes", "§2.1.2", mode_length, "must"),
    ("mode.pins", "Ports are 0 to 3, pins 0 to 7", "§2.1.2", mode_pins, "must"),
)
_Play = Callable[[GatewayMcuLine], Script[None]]
_PLAYED: tuple[tuple[str, str, str, _Play, Grade], ...] = (
    ("product.constant", "Asked twice, it reports the same", "§2.1.1", product_constant, "should"),
    (
        "product.no-id",
        "The answer to a 01 of version 0 has no product id",
        "§2.1.1",
        product_id_when_asked_only,
        "should",
    ),
    ("network.router", "It acknowledges network status 03 (router)", "§2.1.3", takes_status(3), "must"),
    ("network.cloud", "It acknowledges network status 04 (cloud)", "§2.1.3", takes_status(4), "must"),
    ("network.pairing", "It acknowledges network states 00 and 01 (pairing)", "§2.1.3", takes_status(0, 1), "must"),
    ("network.others", "It acknowledges network states 02 and 05", "§2.1.3", takes_status(2, 5), "must"),
    ("network.both", "It acknowledges network status 06 (both pairings)", "§2.1.3", takes_status(6), "should"),
    ("network.once", "A network status is acknowledged once, without data", "§1.6.2", status_once, "must"),
    ("network.first-time", "Each network status is acknowledged the first time", "§2.1.3", status_first_time, "should"),
    ("start.again", "It answers when the module starts again", "§1.7.1", start_again, "must"),
    (
        "start.stray-answers",
        "It goes on after answers that it did not ask for",
        "§1.6.2",
        answers_are_no_requests,
        "must",
    ),
)
GATEWAY_MCU_START_CHECKS: tuple[Check, ...] = (
    row("mcu.product.answered", "The MCU answers 01", "§2.1.1", product_answered, needs=NEEDS),
    row("mcu.mode.answered", "It answers 02", "§2.1.2", mode_answered, needs=NEEDS),
    *(
        row(f"mcu.{name}", title, clause, judged(judge), grade, needs=NEEDS)
        for name, title, clause, judge, grade in _JUDGED
    ),
    *(row(f"mcu.{name}", title, clause, script, grade, needs=NEEDS) for name, title, clause, script, grade in _PLAYED),
)
