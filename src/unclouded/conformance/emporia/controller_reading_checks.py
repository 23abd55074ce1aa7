"""Checks of what a controller takes for a reading, and what it does not.

It is seen by j, which comes where readings stay out. Source: docs/protocols/emporia.md §1.1.3, §1.3 to §1.5, §2.5.
"""

from collections.abc import Callable, Sequence

import msgspec

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.emporia.controller_recordings import EARLY_S, JOIN_AFTER, LONG_S, SILENCE, next_reading
from unclouded.conformance.emporia.emulated_radio import Parts, Payload, in_one_piece, records
from unclouded.conformance.emporia.frames import Line, is_letter, of_letter
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.families.emporia import zcl
from unclouded.families.emporia.commands import ALERT, JOIN, READING
from unclouded.families.emporia.frame import response
from unclouded.families.emporia.reading import RECEIVED, Registers, encode_v2, encode_zcl

MARGIN_S = 8.0
BYTE_S = 0.005
PROMPT = b"SeIhd>\r\n"
LOG = b"T00000000:RX len 44, ep 01, clus 0x0702 (Simple Metering) FC 18 seq B7 cmd 01 payload[00 00 ]\r\n"
FALSE_HEADER = b"$\x01r\x05abc\r"
STATUS = zcl.AttributeRecord(0x0200, zcl.BITMAP8, b"\x01")
NO_EXPORT = (RECEIVED,)


# --- scripts -----------------------------------------------------------------------------------------


def _until_join(line: Line, payload: Payload, parts: Parts) -> Script[bool]:
    """Give such readings, from one that it took on. Does j follow?

    Two usual ones come first: of a controller that compares, the first may be too different from the last check's.
    """
    after = line.facts.get(JOIN_AFTER)
    if after is None:
        line.not_applicable("It sends no j where readings stay out.")
    if after < EARLY_S:
        line.not_applicable("It sends j while readings come.")
    for _ in range(2):
        yield from next_reading(line)
    if line.end.sequence % 2:  # what comes in turn begins with what is unusual
        yield from next_reading(line)
    line.end.payload, line.end.parts = payload, parts
    mark = line.log.mark()
    found = yield from line.wait_for(is_letter(JOIN), after + MARGIN_S)
    if not of_letter(line.received(mark), READING):
        line.skip("It asked for no reading meanwhile.")
    return found is not None


def is_taken(what: str, payload: Payload, parts: Parts) -> Callable[[Line], Script[None]]:
    """A script: the hub takes this reading, so that it does not ask the radio to join the meter (j)."""

    def script(line: Line) -> Script[None]:
        line.require(not (yield from _until_join(line, payload, parts)), f"It takes no reading {what}: j followed.")

    return script


def is_not_taken(what: str, payload: Payload, parts: Parts) -> Callable[[Line], Script[None]]:
    """A script: the hub does not take this for a reading, so that it asks the radio to join the meter (j)."""

    def script(line: Line) -> Script[None]:
        line.require((yield from _until_join(line, payload, parts)), f"It takes {what} for a reading: no j followed.")

    return script


def repeated(line: Line) -> Script[None]:
    """A radio that hangs: it gives the reading that was taken last."""
    line.end.is_stuck = True
    line.require(
        (yield from _until_join(line, encode_zcl, in_one_piece)), "It takes the same reading again: no j followed."
    )


# --- payloads ----------------------------------------------------------------------------------------


def without_export(registers: Registers) -> bytes:
    return encode_zcl(registers, NO_EXPORT)


def forms_in_turn(registers: Registers) -> bytes:
    return encode_zcl(registers, NO_EXPORT if (registers.sequence or 0) % 2 else ())


def with_records(change: Callable[[tuple[zcl.AttributeRecord, ...]], Sequence[zcl.AttributeRecord]]) -> Payload:
    """The payload of a reading whose attribute records are changed."""

    def payload(registers: Registers) -> bytes:
        message = records(registers)
        return bytes(msgspec.structs.replace(message, records=tuple(change(message.records))))

    return payload


def with_header(**fields: int) -> Payload:
    """The payload of a reading with these fields of its header changed."""

    def payload(registers: Registers) -> bytes:
        message = records(registers)
        header = msgspec.structs.replace(message.header, **fields)
        return bytes(msgspec.structs.replace(message, header=header))

    return payload


def counts(**fields: int | None) -> Payload:
    """With other counts. None: the meter has no value."""
    return lambda registers: encode_zcl(msgspec.structs.replace(registers, **fields))


def factors_in_turn(registers: Registers) -> bytes:
    odd = (registers.sequence or 0) % 2
    return encode_zcl(msgspec.structs.replace(registers, multiplier=3, divisor=5000) if odd else registers)


def old(**fields: int | None) -> Payload:
    """The payload of a reading in the old form, with these registers changed."""
    return lambda registers: encode_v2(msgspec.structs.replace(registers, **fields))


def first(size: int) -> Payload:
    """The first ``size`` bytes of the payload of a reading."""
    return lambda registers: encode_zcl(registers)[:size]


def unknown_type(registers: Registers) -> bytes:
    message = records(registers)
    odd = b"\x00\x02\x00\x4c\x01"
    return bytes(msgspec.structs.replace(message, records=message.records[:1], rest=odd))


def longest(registers: Registers) -> bytes:
    """255 bytes: a text of 206 fills it."""
    message = records(registers)
    text = zcl.AttributeRecord(0x0010, 0x42, b"\xce" + b"-" * 0xCE)
    return bytes(msgspec.structs.replace(message, records=(*message.records, text)))


def default_response(registers: Registers) -> bytes:
    header = zcl.ZclHeader(registers.sequence or 0, zcl.DEFAULT_RESPONSE)
    return bytes(zcl.DefaultResponse(header, zcl.READ_ATTRIBUTES, zcl.NOT_AUTHORIZED))


def fixed(payload: bytes) -> Payload:
    """This payload, whatever the registers hold."""
    return lambda registers: payload


FIRST = Registers(delivered=110_612_724, multiplier=1, divisor=1000, demand=1000, sequence=7, uptime_ms=528_550)


# --- how the frame goes out ----------------------------------------------------------------------------


def late(seconds: float) -> Parts:
    """The whole frame in one part, so many seconds later."""
    return lambda data: ((seconds, data),)


def behind(before: bytes) -> Parts:
    """The whole frame in one part, right behind other bytes."""
    return lambda data: ((0.0, before + data),)


def with_text(data: bytes) -> Sequence[tuple[float, bytes]]:
    return ((0.0, PROMPT + LOG + data + b"-- Got Meter Rsp, len=44, 183 = 183?\r\n" + PROMPT),)


def byte_by_byte(data: bytes) -> Sequence[tuple[float, bytes]]:
    return tuple((number * BYTE_S, bytes((byte,))) for number, byte in enumerate(data))


def with_pause(data: bytes) -> Sequence[tuple[float, bytes]]:
    return ((0.0, data[:20]), (0.05, data[20:]))


def with_alert(data: bytes) -> Sequence[tuple[float, bytes]]:
    return ((0.0, response(ALERT, b"\x02") + data),)


def cut(data: bytes) -> Sequence[tuple[float, bytes]]:
    return ((0.0, data[:-4]),)


def nothing_but_alerts(data: bytes) -> Sequence[tuple[float, bytes]]:
    return ((0.0, response(ALERT, b"\x01")),)


# --- the table -----------------------------------------------------------------------------------------


def _taken(
    name: str,
    title: str,
    clause: str,
    payload: Payload = encode_zcl,
    parts: Parts = in_one_piece,
    grade: Grade = "must",
) -> Check:
    """``title``: goes on "A reading …"."""
    return row(
        f"controller.reading.{name}",
        f"A reading {title} is accepted",
        clause,
        is_taken(title, payload, parts),
        grade,
        needs=(SILENCE,),
        timeout_s=LONG_S,
    )


def _not_taken(
    name: str, title: str, clause: str, payload: Payload, parts: Parts = in_one_piece, grade: Grade = "must"
) -> Check:
    return row(
        f"controller.no-reading.{name}",
        f"{title[:1].upper()}{title[1:]} is not taken as a reading",
        clause,
        is_not_taken(title, payload, parts),
        grade,
        needs=(SILENCE,),
        timeout_s=LONG_S,
    )


CONTROLLER_READING_CHECKS: tuple[Check, ...] = (
    _taken("no-export", "without export, of 37 bytes", "§1.5 rule 2", without_export),
    _taken("in-turn", "of 44 and 37 bytes in turn", "§1.5 rule 2", forms_in_turn),
    _taken("order", "with its records in another order", "§1.5 rule 1", with_records(lambda all: all[::-1])),
    _taken("more", "with one more record", "§1.5 rule 1", with_records(lambda all: (*all[:1], STATUS, *all[1:]))),
    _taken("report", "as Report Attributes", "§1.5 rule 5", with_header(command=zcl.REPORT_ATTRIBUTES)),
    _taken(
        "manufacturer",
        "with the manufacturer bit",
        "§1.5 rule 5",
        with_header(control=zcl.FROM_METER | zcl.MANUFACTURER_SPECIFIC, manufacturer=0x115A),
    ),
    _taken("longest", "of 255 bytes", "§1.1.2", longest),
    _taken("factors", "with the factors 3 and 5000", "§1.6", counts(multiplier=3, divisor=5000)),
    _taken("factors-in-turn", "with changing factors", "§3.2 item 6", factors_in_turn),
    _taken("no-demand", "without a demand (800000)", "§1.5 rule 3", counts(demand=None)),
    _taken("no-import", "without an import (FFFFFFFFFFFF)", "§1.5 rule 3", counts(delivered=None)),
    _taken("negative", "with a negative demand", "§1.5", counts(demand=-1001)),
    _taken("frame-inside", "with 0D and 24 01 inside", "§1.1.2", counts(demand=0x01240D)),
    _taken("old", "of before firmware 7", "§1.4", old()),
    _taken("old-negative", "of before firmware 7 with a negative demand", "§1.4", old(demand=-1000)),
    _taken("old-no-demand", "of before firmware 7 without a demand", "§1.4", old(demand=None)),
    _taken("old-same", "of before firmware 7 that stays the same", "§1.3.4", fixed(encode_v2(FIRST))),
    _taken("old-large", "of before firmware 7 with a large import", "§1.4", old(delivered=0x0697_D0F4)),
    _taken("cut-demand", "cut in the demand", "§2.5", first(41)),
    _taken("unknown-type", "with an unknown type after the import", "§2.5", unknown_type),
    _taken("late", "that comes after 3 s", "§1.3.2", parts=late(3.0)),
    _taken("text", "between lines of text", "§1.1.4", parts=with_text),
    _taken("dollar", "after a stray 24", "§1.1.3", parts=behind(b"$")),
    _taken("false-header", "after a false header", "§1.1.3 rule 3", parts=behind(FALSE_HEADER)),
    _taken("noise", "after noise", "§1.1.3 rule 5", parts=behind(b"\x12\xff\x00\xa5\x5a\x01\x31")),
    _taken("alert", "after an e", "§1.2.7", parts=with_alert),
    _taken("byte-by-byte", "that comes byte by byte", "§1.1.3", parts=byte_by_byte),
    _taken("pause", "with a pause of 50 ms inside", "§1.1.3 rule 4", parts=with_pause),
    _not_taken("empty", "an empty payload", "§3.2 item 1", fixed(b"")),
    _not_taken("short", "a payload of one byte", "§3.2 item 1", fixed(b"\x18")),
    _not_taken("refusal", "a Default Response", "§2.5", default_response, grade="should"),
    _not_taken("cut", "a frame without its end", "§1.1.3", encode_zcl, cut),
    row(
        "controller.no-reading.repeated",
        "The same reading again and again is not taken as a new one",
        "§1.3.4",
        repeated,
        needs=(SILENCE,),
        timeout_s=LONG_S,
    ),
    _not_taken("alerts", "an e", "§1.2.7", encode_zcl, nothing_but_alerts),
    _not_taken(
        "no-values",
        "a payload without any value",
        "§1.5 rule 3",
        counts(delivered=None, received=None, demand=None),
        grade="should",
    ),
    _not_taken(
        "old-no-values",
        "a payload of before firmware 7 without any value (00400000)",
        "§1.4",
        old(delivered=0x0040_0000, demand=None),
        grade="should",
    ),
)
