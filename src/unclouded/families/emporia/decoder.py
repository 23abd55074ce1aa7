"""Frames as Pieces for people and tools: what ``unclouded decode`` prints. Never shows an install code in words."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from unclouded.core.errors import WireError
from unclouded.core.family import CommandRow, Piece
from unclouded.families.emporia import install_code
from unclouded.families.emporia.frame import NAMES, EmporiaFrame, EmporiaFramer, EmporiaNoise, Sender
from unclouded.families.emporia.reading import parse_reading

Message = Mapping[str, object]


class EmporiaDecoder:
    """A ``family.Decoder``. Requests are the controller's and responses the device's, so None is fine as sender."""

    def __init__(self, sender: Sender | None) -> None:
        self._framer = EmporiaFramer(sender, gap=None)
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.feed(data)]

    def close(self) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.close()]

    def _piece(self, piece: EmporiaFrame | EmporiaNoise) -> Piece:
        data = bytes(piece)
        offset = self._offset
        self._offset += len(data)
        if isinstance(piece, EmporiaNoise):
            return Piece(offset=offset, data=data, kind="noise", reason=piece.reason)
        message, reason = _message(piece)
        return Piece(
            offset=offset,
            data=data,
            kind="frame",
            reason=reason,
            sender=piece.sender,
            command=piece.type,
            name=NAMES[piece.type],
            message=message,
        )


def redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with install codes as zeros; there is no checksum to make good."""
    if sender == "controller":
        return data
    if data[:2] == b"$\x01" and data[2:3] in (b"r", b"m", b"j", b"f", b"e"):
        framer = EmporiaFramer("device", gap=None)
        if len(framer.feed(data)) == 1 and not framer.held:
            return data  # a whole frame of another type, whatever its payload looks like
    return install_code.blanked(data)


def _row(code: str, request: str, response: str, initiator: Sender = "controller") -> CommandRow:
    return CommandRow(code=code, name=NAMES[code], initiator=initiator, request=request, response=response)


COMMANDS = (
    _row("r", "nothing", "firmware 7 and later: a ZCL frame; before: 152 bytes; none when the radio has no meter"),
    _row("j", "nothing", "1 byte: 1 = provisioned at least once, 0 = never"),
    _row("m", "nothing", "8 bytes EUI-64, last byte first"),
    _row("i", "nothing", "8 bytes: 6 of code, CRC-16/X-25 with its low byte first; a secret"),
    _row("f", "nothing", "1 byte: version number"),
    _row("d", "nothing; wipes the credentials, the utility must provision the radio again", "none"),
    _row("e", "1 byte 0 to 2, meaning unknown", "none", "device"),
    _row("s", "unknown; never sent by us", "unknown"),
)


# --- inside ---------------------------------------------------------------------------------------


def _message(frame: EmporiaFrame) -> tuple[Message | None, str]:
    """The named fields of a frame, and what is odd about it."""
    if frame.sender == "controller":
        return {}, ""
    match frame.type:
        case "r":
            return _reading(frame.payload)
        case "j":
            return {"provisioned": frame.payload[0] != 0}, ""
        case "m":
            return {"mac": frame.payload[::-1].hex(":")}, ""
        case "i":
            return {"install_code": install_code.words(frame.payload)}, ""
        case "f":
            return {"firmware": frame.payload[0]}, ""
    return {"alert": frame.payload[0]}, ""


_UNITS = {"import": "import_Wh", "export": "export_Wh", "demand": "demand_W"}


def _reading(payload: bytes) -> tuple[Message | None, str]:
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


def _plain(value: int | Fraction) -> int | float:
    return value if isinstance(value, int) else float(value)
