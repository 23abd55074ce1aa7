"""Checks of an MCU: its product info (01) and its features (37/00).

They judge one start, which the preparation "start" records. Source: docs/protocols/tuya_wifi.md §2.4.3, §2.4.4.
"""

import re
from collections.abc import Mapping
from typing import Any

from unclouded.conformance.check import Check
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, judged_anywhere, row
from unclouded.conformance.tuya.frames import exchange, frames
from unclouded.conformance.tuya_wifi.mcu_start_checks import SEEN, McuLine, answered, require_prompt
from unclouded.families.tuya.messages import json_object, read_product
from unclouded.families.tuya.wifi import codes

VERSION = re.compile(r"\d{1,2}(\.\d{1,2}){2}")
PINS = re.compile(r"\d{1,2}\.\d{1,2}")


def product(line: McuLine) -> Mapping[str, Any]:  # Any: JSON values
    """The fields of its product info; one that is not JSON has none that can be checked."""
    fields = json_object(answered(line, codes.PRODUCT).frame.payload)
    if fields is None:
        line.not_applicable("Its product info is not JSON.")
    return fields


def features(line: McuLine) -> Mapping[str, Any]:  # Any: JSON values
    """The fields of its 37/00."""
    sent = frames(line.received(), codes.FEATURES)
    if not sent:
        line.not_applicable("It reports no features by 37/00.")
    fields = json_object(sent[0].frame.payload[1:])
    line.require(fields is not None, "37/00 does not carry a JSON object.")
    return fields or {}


def product_is_answered(line: McuLine) -> Script[None]:
    for _ in range(5):
        if (yield from exchange(line, codes.PRODUCT)):
            return
    line.fail("01 was sent 5 times, a second apart, and not answered.")


def product_is_prompt(line: McuLine) -> None:
    require_prompt(line, line.observed[SEEN], codes.PRODUCT)


def product_is_json(line: McuLine) -> None:
    data = answered(line, codes.PRODUCT).frame.payload
    line.require(json_object(data) is not None, "Its product info is not a JSON object.")


def product_is_readable(line: McuLine) -> None:
    data = answered(line, codes.PRODUCT).frame.payload
    text = data.decode(errors="replace")
    line.require(text.isprintable(), "There are control bytes in its product info.")


def product_id(line: McuLine) -> None:
    read = read_product(answered(line, codes.PRODUCT).frame)
    size = len(read.product) if read is not None else 0
    line.require(size == 16, f"Its product id has {size} characters.")


def product_version(line: McuLine) -> None:
    version = str(product(line).get("v", ""))
    line.require(VERSION.fullmatch(version), f"v is {version!r}, not x.y.z of numbers up to 99.")


def field_is(name: str, good: Any, what: str) -> Any:  # Any: a predicate of JSON values; a script
    """A script that checks an optional field of the product info."""

    def judge(line: McuLine) -> None:
        fields = product(line)
        if name not in fields:
            line.not_applicable(f"It has no {name}.")
        line.require(good(fields[name]), f"{name} is {fields[name]!r}, not {what}.")

    return judged_anywhere(judge)


def feature_is(name: str, good: Any, what: str) -> Any:  # Any: as above
    """A script that looks at one member of 37/00. ``what``: what a good one is, for the text."""

    def judge(line: McuLine) -> None:
        fields = features(line)
        if name not in fields:
            line.not_applicable(f"Its features have no {name}.")
        line.require(good(fields[name]), f"{name} is {fields[name]!r}, not {what}.")

    return judged_anywhere(judge)


def _is_whole(low: int, high: int) -> Any:  # Any: a predicate of JSON values
    return lambda value: type(value) is int and low <= value <= high


def _is_other_mcus(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and _is_whole(10, 19)(one.get("t"))
        and VERSION.fullmatch(str(one.get("v", ""))) is not None
        for one in value
    )


def product_is_constant(line: McuLine) -> Script[None]:
    first = answered(line, codes.PRODUCT).frame.payload
    entry = yield from exchange(line, codes.PRODUCT)
    if entry is None:
        line.skip("It did not answer 01 again.")
    line.require(entry.frame.payload == first, "Its product info differs from one answer to the next.")


def product_is_not_pushed(line: McuLine) -> None:
    sent = [one for one in frames(line.observed[SEEN], codes.PRODUCT) if one.sender == "controller"]
    got = [one for one in frames(line.observed[SEEN], codes.PRODUCT) if one.sender == "device"]
    line.require(len(got) <= len(sent), f"{len(got)} product infos came for {len(sent)} requests.")


PRODUCT_CHECKS: tuple[Check, ...] = (
    row("mcu.product.answered", "It answers the question for its product", "§2.4.3", product_is_answered),
    row(
        "mcu.product.prompt",
        "It answers 01 within 150 ms",
        "§2.3.2",
        judged(product_is_prompt),
        "should",
        needs=(SEEN,),
    ),
    row(
        "mcu.product.json",
        "Product info is a JSON object",
        "§2.4.3",
        judged_anywhere(product_is_json),
        "deviation",
        needs=(SEEN,),
    ),
    row(
        "mcu.product.printable",
        "Product info has no control bytes",
        "§2.6 item 4",
        judged_anywhere(product_is_readable),
        "deviation",
        needs=(SEEN,),
    ),
    row(
        "mcu.product.id",
        "The product id has 16 characters",
        "§2.4.3",
        judged_anywhere(product_id),
        "deviation",
        needs=(SEEN,),
    ),
    row("mcu.product.version", "v is x.y.z, each 0 to 99", "§2.4.3", judged_anywhere(product_version), needs=(SEEN,)),
    row("mcu.product.pairing-mode", "m is 0 to 5", "§2.4.3", field_is("m", _is_whole(0, 5), "0 to 5"), needs=(SEEN,)),
    row(
        "mcu.product.window",
        "mt is 3 to 10 minutes",
        "§2.4.3",
        field_is("mt", _is_whole(3, 10), "3 to 10"),
        needs=(SEEN,),
    ),
    row("mcu.product.modes", "n is 0 or 1", "§2.4.3", field_is("n", _is_whole(0, 1), "0 or 1"), needs=(SEEN,)),
    row(
        "mcu.product.infrared",
        "ir names two pins, as in 5.12",
        "§2.4.3",
        field_is("ir", lambda value: PINS.fullmatch(str(value)), "two pins"),
        needs=(SEEN,),
    ),
    row("mcu.product.low-power", "low is 0 or 1", "§2.4.3", field_is("low", _is_whole(0, 1), "0 or 1"), needs=(SEEN,)),
    row(
        "mcu.product.other-mcus",
        "ma lists further MCUs by channel 10 to 19 and version",
        "§2.4.3",
        field_is("ma", _is_other_mcus, "a list of t and v"),
        needs=(SEEN,),
    ),
    row("mcu.product.constant", "Product info stays the same", "§2.4.3", product_is_constant, needs=(SEEN,)),
    row(
        "mcu.product.asked-only",
        "Product info is sent only as an answer",
        "§2.4.3",
        judged(product_is_not_pushed),
        "should",
        needs=(SEEN,),
    ),
    row(
        "mcu.features.abv",
        "abv leaves bits 6 and 7 zero",
        "§2.4.4",
        feature_is("abv", _is_whole(0, 63), "0 to 63"),
        needs=(SEEN,),
    ),
    row(
        "mcu.features.mcu-ota",
        "mcu_ota is 0 or 1",
        "§2.4.4",
        feature_is("mcu_ota", _is_whole(0, 1), "0 or 1"),
        needs=(SEEN,),
    ),
    row(
        "mcu.features.buffer",
        "buf is at least 256",
        "§2.4.4",
        feature_is("buf", _is_whole(256, 65_535), "256 or more"),
        "deviation",
        needs=(SEEN,),
    ),
    row(
        "mcu.features.name",
        "The Bluetooth name has at most 5 bytes",
        "§2.4.4",
        feature_is("b_nm", lambda value: len(str(value).encode()) <= 5, "5 bytes at most"),
        needs=(SEEN,),
    ),
)
