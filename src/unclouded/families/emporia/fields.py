"""The payload of each response as named fields, for people and tools. Never shows an install code."""

from collections.abc import Mapping
from fractions import Fraction

from unclouded.core.errors import WireError
from unclouded.core.family import MEANS
from unclouded.families.emporia import install_code as code
from unclouded.families.emporia.reading import parse_reading

Fields = tuple[Mapping[str, object] | None, str]  # None: it could not be read; and what is odd about it

_UNITS = {"import": "import_Wh", "export": "export_Wh", "demand": "demand_W"}


def meter_reading(payload: bytes) -> Fields:
    try:
        reading = parse_reading(payload)
    except WireError as error:
        return None, str(error)
    registers = reading.registers
    fields: dict[str, object] = {_UNITS[key]: _plain(value) for key, value in reading.values.items()}
    fields |= {_UNITS[key]: None for key in reading.missing}
    fields |= {"multiplier": registers.multiplier, "divisor": registers.divisor}
    if registers.sequence is not None:
        fields["sequence"] = registers.sequence
    if registers.uptime_ms is not None:
        fields["uptime_ms"] = registers.uptime_ms
    if reading.missing:
        fields["missing"] = {_UNITS[key]: why for key, why in reading.missing.items()}
    return fields, registers.partial


def joined(payload: bytes) -> Fields:
    state = "provisioned at least once" if payload[0] else "never provisioned"
    return {"provisioned": payload[0] != 0, MEANS: {"provisioned": state}}, ""


def mac(payload: bytes) -> Fields:
    return {"mac": payload[::-1].hex(":")}, ""


def install_code(payload: bytes) -> Fields:
    return {"install_code": code.verdict(payload)}, ""


def firmware(payload: bytes) -> Fields:
    return {"firmware": payload[0]}, ""


def alert(payload: bytes) -> Fields:
    return {"alert": payload[0]}, ""


def _plain(value: int | Fraction) -> int | float:
    return value if isinstance(value, int) else float(value)
