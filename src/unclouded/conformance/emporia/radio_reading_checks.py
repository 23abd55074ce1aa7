"""Checks of the radio's readings: seven of them, 10 s apart. Source: docs/protocols/emporia.md §1.4 to §1.6."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeGuard

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.emporia.frames import Exchange, Line, ask, exchanges
from unclouded.conformance.emporia.radio_answer_checks import ANSWERS
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, judged_anywhere, row
from unclouded.core.errors import WireError
from unclouded.families.emporia import zcl
from unclouded.families.emporia.commands import JOIN, READING
from unclouded.families.emporia.reading import (
    DELIVERED,
    DIVISOR,
    INSTANTANEOUS_DEMAND,
    MULTIPLIER,
    RECEIVED,
    V2_LENGTH,
    Registers,
    WireFactors,
    parse_registers,
)

READINGS = "readings"
COUNT, EVERY_S = 7, 10.0
NEEDS = (READINGS,)
FIRST_ZCL, LAST_V2 = 7, 2  # firmware; what those between send is not known
USUAL_HEADER = zcl.FROM_METER
TYPES = {
    DELIVERED: zcl.UINT48,
    RECEIVED: zcl.UINT48,
    MULTIPLIER: zcl.UINT24,
    DIVISOR: zcl.UINT24,
    INSTANTANEOUS_DEMAND: zcl.INT24,
}
V2_ZEROS = (slice(0, 4), slice(8, 44), slice(60, 148))
MOST_W = 100_000  # that the connection of a home carries
REFRESH_S = 30.0  # of the meter itself


def ask_readings(line: Line) -> Script[None]:
    for number in range(COUNT):
        began = line.now
        yield from ask(line, READING)
        yield from line.pause(1.0 if number == COUNT - 1 else EVERY_S - (line.now - began))


# --- what was read -----------------------------------------------------------------------------------


def _exchanges(line: Line) -> list[Exchange]:
    return exchanges(line.observed[READINGS], READING)


def _answered(line: Line) -> list[Exchange]:
    found = [one for one in _exchanges(line) if one.answers]
    return found or line.not_applicable("It gives no readings.")


def _is_v2(payload: bytes) -> bool:
    return len(payload) == V2_LENGTH and not payload[0]


def _message(payload: bytes) -> zcl.Message | None:
    """None = it is not a ZCL frame."""
    try:
        return None if _is_v2(payload) else zcl.parse(payload)
    except WireError:
        return None


def _messages(line: Line) -> list[zcl.Message]:
    """Each reading that is a ZCL frame."""
    found = [one for one in map(_message, (one.payload for one in _answered(line))) if one is not None]
    return found or line.not_applicable("Its readings are not ZCL frames.")


def _is_whole(message: zcl.Message | None) -> TypeGuard[zcl.Attributes]:
    return isinstance(message, zcl.Attributes) and not message.partial


def _whole(line: Line) -> list[zcl.Attributes]:
    """Each reading that is a list of records, read to its end."""
    found = [one for one in _messages(line) if _is_whole(one)]
    return found or line.not_applicable("No reading is a whole list of records.")


def _v2(line: Line) -> list[bytes]:
    found = [one.payload for one in _answered(line) if _is_v2(one.payload)]
    return found or line.not_applicable("Its readings have the form of firmware 7.")


def _registers(line: Line) -> list[tuple[float, Registers]]:
    """When, and the counts of each reading that can be read to its end."""
    found = [
        (one.answers[0].at, parse_registers(one.payload))
        for one in _answered(line)
        if _is_v2(one.payload) or _is_whole(_message(one.payload))
    ]
    return found or line.not_applicable("No reading can be read to its end.")


def _scaled(line: Line) -> list[tuple[float, Registers, WireFactors]]:
    found = [(at, one, scale) for at, one in _registers(line) if (scale := one.scale(None)) is not None]
    return found or line.not_applicable("No reading has both factors.")


# --- any firmware ------------------------------------------------------------------------------------


def is_answered(line: Line) -> None:
    joined = [one for one in exchanges(line.observed[ANSWERS], JOIN) if one.answers]
    if joined and not joined[0].payload[0]:
        line.not_applicable("It was never provisioned.")
    missing = COUNT - sum(bool(one.answers) for one in _exchanges(line))
    line.require(not missing, f"Of {COUNT} requests {missing} got no reading.")


def is_answered_once(line: Line) -> None:
    most = max(len(one.answers) for one in _answered(line))
    line.require(most < 2, f"A request got {most} readings.")


def joined_agrees(line: Line) -> None:
    _answered(line)
    joined = [one for one in exchanges(line.observed[ANSWERS], JOIN) if one.answers]
    if not joined:
        line.skip("It does not answer j.")
    line.require(joined[0].payload[0], "It gives readings, and answers j by 00.")


def known_form(line: Line) -> None:
    for one in _answered(line):
        message = _message(one.payload)
        if not _is_v2(one.payload) and (message is None or not message.header.control & zcl.FROM_SERVER):
            line.fail(f"A reading of {len(one.payload)} bytes is neither 152 long nor a ZCL answer.")


def form_agrees(line: Line) -> None:
    version = line.facts.get("firmware")
    if version is None or LAST_V2 < version < FIRST_ZCL:
        line.not_applicable("The form of its firmware's readings is not known.")
    old = [_is_v2(one.payload) for one in _answered(line)]
    line.require(
        not any(old) if version >= FIRST_ZCL else all(old), f"Firmware {version} gives readings of the other form."
    )


def both_factors(line: Line) -> None:
    missing = sum(not one.multiplier or not one.divisor for _, one in _registers(line))
    line.require(not missing, f"{missing} readings have no multiplier or no divisor.")


def factors_stay(line: Line) -> None:
    seen = {(scale.multiplier, scale.divisor) for _, _, scale in _scaled(line)}
    line.require(len(seen) == 1, f"The factors change: {', '.join(f'{one}/{two}' for one, two in sorted(seen))}.")


def usual_factors(line: Line) -> None:
    odd = {(scale.multiplier, scale.divisor) for _, _, scale in _scaled(line)} - {(1, 1000)}
    line.require(not odd, f"The factors are {', '.join(f'{one}/{two}' for one, two in sorted(odd))}.")


def has_import(line: Line) -> None:
    missing = sum(one.delivered is None for _, one in _registers(line))
    line.require(not missing, f"{missing} readings have no import.")


def has_demand(line: Line) -> None:
    missing = sum(one.demand is None for _, one in _registers(line))
    line.require(not missing, f"{missing} readings have no demand.")


def _energies(line: Line, counts: Callable[[Registers], int | None]) -> list[tuple[float, Fraction]]:
    """When, and Wh."""
    found = [(at, counts(one), scale) for at, one, scale in _scaled(line)]
    return [(at, Fraction(scale.of(count))) for at, count, scale in found if count is not None]


def never_falls(counts: Callable[[Registers], int | None]) -> Callable[[Line], None]:
    """But for the rounding of another scale."""

    def judge(line: Line) -> None:
        energies = _energies(line, counts)
        if not energies:
            line.not_applicable("There is no such register.")
        rounding = max(scale.of(1) for _, _, scale in _scaled(line))
        falls = [before - after for (_, before), (_, after) in pairwise(energies) if after < before - rounding]
        line.require(not falls, f"It fell by {float(max(falls, default=0)):g} Wh.")

    return judge


def steps(line: Line) -> None:
    for (since, before), (until, after) in pairwise(_energies(line, lambda one: one.delivered)):
        most = MOST_W * (until - since + REFRESH_S) / 3600
        line.require(abs(after - before) <= most, f"It moved by {float(after - before):g} Wh in {until - since:.0f} s.")


def demand_agrees(line: Line) -> None:
    """Of a minute: net energy is between the least and the greatest power, with a margin for the meter's refresh."""
    imported, exported = _energies(line, lambda one: one.delivered), _energies(line, lambda one: one.received)
    powers = [Fraction(scale.of(one.demand)) for _, one, scale in _scaled(line) if one.demand is not None]
    if len(imported) < 2 or not powers:
        line.not_applicable("There are no two readings with import and demand.")
    if not exported and min(powers) < 0:
        line.not_applicable("It exports, and has no register for that.")
    hours = Fraction((imported[-1][0] - imported[0][0]) / 3600)
    net = imported[-1][1] - imported[0][1] - (exported[-1][1] - exported[0][1] if exported else 0)
    margin = max(map(abs, powers)) * Fraction(REFRESH_S / 3600) + 10
    low, high = min(powers) * hours - margin, max(powers) * hours + margin
    power = f"{float(min(powers)):g} to {float(max(powers)):g} W"
    line.require(low <= net <= high, f"In {float(hours * 3600):.0f} s of {power} it counted {float(net):g} Wh.")


# --- firmware 7 and later ----------------------------------------------------------------------------


def zcl_header(line: Line) -> None:
    odd = {one.header.control for one in _messages(line)} - {USUAL_HEADER, USUAL_HEADER | zcl.MANUFACTURER_SPECIFIC}
    line.require(not odd, f"The frame control is {', '.join(f'{one:02x}' for one in sorted(odd))}.")


def zcl_command(line: Line) -> None:
    odd = {one.header.command for one in _messages(line)} - {zcl.READ_ATTRIBUTES_RESPONSE}
    line.require(not odd, f"It gave ZCL command {', '.join(f'{one:02x}' for one in sorted(odd))}.")


def zcl_sequence(line: Line) -> None:
    _messages(line)
    answered = [(index, _message(one.payload)) for index, one in enumerate(_exchanges(line)) if one.answers]
    numbers = [(index, message.header.sequence) for index, message in answered if message is not None]
    wrong = [one for one in pairwise(numbers) if (one[1][1] - one[0][1]) % 256 != one[1][0] - one[0][0]]
    line.require(not wrong, f"{wrong[0][0][1]:02x} was followed by {wrong[0][1][1]:02x}." if wrong else "")


def zcl_whole(line: Line) -> None:
    cut = [one for one in _messages(line) if isinstance(one, zcl.Attributes) and one.partial]
    line.require(not cut, f"{len(cut)} readings cannot be read to their end: {cut[0].partial}." if cut else "")


def zcl_attributes(line: Line) -> None:
    for message in _whole(line):
        ids = [record.attribute for record in message.records]
        line.require(ids == list(TYPES), f"It gives the attributes {', '.join(f'{one:04x}' for one in ids)}.")


def zcl_types(line: Line) -> None:
    for message in _whole(line):
        for record in message.records:
            right = record.status or record.type == TYPES.get(record.attribute, record.type)
            line.require(right, f"Attribute {record.attribute:04x} has the type {zcl.type_name(record.type)}.")


def zcl_status(line: Line) -> None:
    odd = {record.status for one in _whole(line) for record in one.records} - zcl.STATUS_WORDS.keys()
    line.require(not odd, f"A record has the status {min(odd):02x}." if odd else "")


def has_export(line: Line) -> None:
    missing = sum(any(record.attribute == RECEIVED and record.status for record in one.records) for one in _whole(line))
    line.require(not missing, f"{missing} readings have no export register.")


def same_form(line: Line) -> None:
    forms = {tuple((record.attribute, record.status) for record in one.records) for one in _whole(line)}
    line.require(len(forms) == 1, "The records differ from one reading to the next.")


# --- before firmware 7 ---------------------------------------------------------------------------------


def v2_zeros(line: Line) -> None:
    odd = any(any(payload[part]) for payload in _v2(line) for part in V2_ZEROS)
    line.require(not odd, "Bytes that are 0 in every capture are not.")


def v2_formatting(line: Line) -> None:
    """An energy meter shows at most 15 digits."""
    pairs = {(payload[52], payload[53]) for payload in _v2(line)}
    line.require(len(pairs) == 1, "The formatting bytes change.")
    digits = [(byte & 7) + (byte >> 3 & 15) for byte in min(pairs)]
    line.require(min(digits) > 0, f"The formatting bytes are {min(pairs)[0]:02x} {min(pairs)[1]:02x}: no digits.")


def v2_uptime(line: Line) -> None:
    _v2(line)
    found = [(at, one.uptime_ms) for at, one in _registers(line) if one.uptime_ms is not None]
    for (since, before), (until, after) in pairwise(found):
        moved = (after - before) % (1 << 32) / 1000
        off = abs(moved - (until - since))
        line.require(off <= 1.0, f"In {until - since:.0f} s the uptime moved by {moved:.1f} s.")


# --- the table ---------------------------------------------------------------------------------------


def _row(name: str, title: str, clause: str, judge: Callable[[Line], None], grade: Grade = "must") -> Check:
    return row(f"radio.{name}", title, clause, judged_anywhere(judge), grade, needs=NEEDS)


READING_CHECKS: Sequence[Check] = (
    row(
        "radio.reading.answered",
        "A radio that was provisioned sends readings",
        "§1.2.1",
        judged(is_answered),
        "should",
        needs=(ANSWERS, READINGS),
    ),
    _row("reading.once", "A reading comes once", "§3.1", is_answered_once, "deviation"),
    row(
        "radio.reading.joined",
        "A radio that sends readings answers j by 01",
        "§1.2.2",
        judged(joined_agrees),
        needs=(ANSWERS, READINGS),
    ),
    _row("reading.form", "A reading is a ZCL answer, or has 152 bytes", "§1.2.1", known_form),
    row(
        "radio.reading.firmware",
        "The form of readings is that of its firmware",
        "§1.2.1",
        judged(form_agrees),
        needs=(ANSWERS, READINGS),
    ),
    _row("zcl.header", "The frame control is 18", "§1.5", zcl_header),
    _row("zcl.command", "Readings are Read Attributes Responses", "§1.5", zcl_command, "deviation"),
    _row("zcl.sequence", "The sequence number grows by one with each request", "§1.5", zcl_sequence),
    _row("zcl.whole", "Records fill the payload", "§1.5", zcl_whole),
    _row("zcl.attributes", "The attributes are 0000, 0001, 0301, 0302 and 0400", "§4.1", zcl_attributes, "should"),
    _row("zcl.types", "Each attribute has its type", "§4.1", zcl_types),
    _row("zcl.status", "Each record has a status that is known", "§4.4", zcl_status),
    _row("zcl.export", "There is an export register", "§3.1", has_export, "deviation"),
    _row("zcl.same-form", "Each reading has the same records", "§1.5", same_form, "should"),
    _row("v2.zeros", "Bytes that are 0 in captures are 0", "§1.4", v2_zeros, "deviation"),
    _row("v2.formatting", "The formatting bytes give a number of digits, and stay the same", "§4.3", v2_formatting),
    _row("v2.uptime", "The uptime increases, in ms, with its low byte first", "§1.4", v2_uptime),
    _row("scale.factors", "Multiplier and divisor are in each reading", "§1.6", both_factors),
    _row("scale.stays", "Multiplier and divisor stay the same", "§1.6", factors_stay, "should"),
    _row("scale.usual", "Multiplier and divisor are 1 and 1000", "§3.1", usual_factors, "deviation"),
    _row("import.known", "Each reading has an import", "§3.1", has_import, "deviation"),
    _row("import.rises", "The import never falls", "§1.6", never_falls(lambda one: one.delivered), "deviation"),
    _row("import.steps", "The import changes by no more than a connection can carry", "§1.6", steps, "deviation"),
    _row("export.rises", "The export never falls", "§1.6", never_falls(lambda one: one.received)),
    _row("demand.known", "Each reading has a demand", "§1.5", has_demand, "deviation"),
    _row("demand.agrees", "The energy of a minute agrees with the demand", "§1.6", demand_agrees, "should"),
)
