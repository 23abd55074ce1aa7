"""The parts of a Meross message: the fields of its header, its signature, and each value of its payload with its unit.

    {"header":{…"namespace":"Appliance.Control.Electricity", … "sign":"········"},"payload":{"electricity":{"power":673

Source: docs/protocols/meross.md §1.1, §1.2, §1.8.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from unclouded.core.family import Piece
from unclouded.core.frame_part import FramePart, PartKind, PartReader
from unclouded.core.views.json_parts import json_parts
from unclouded.families.meross.wire.namespaces import BY_NAME, Namespace

SIGNED_OF = "md5 of messageId, key and timestamp"
YEAR_2001 = 978_307_200  # Unix seconds; what is less is seconds since the plug started
KINDS: Mapping[str, PartKind] = {"header.namespace": "command", "header.method": "command", "header.sign": "checksum"}


def layout(piece: Piece) -> Sequence[FramePart]:
    """A core.family.Layout."""
    parts = json_parts(piece.data, 0, len(piece.data))
    if not parts:
        reader = PartReader(piece.data)
        reader.rest("no JSON")
        return reader.parts
    row = BY_NAME.get(str(piece.command))
    return [_explained(part, row) for part in parts]


def _explained(part: FramePart, row: Namespace | None) -> FramePart:
    """With what its value means."""
    text = _meaning(part, row)
    kind = KINDS.get(part.label, "header" if part.label.startswith("header.") else part.kind)
    if not text and kind == part.kind:
        return part
    return msgspec.structs.replace(part, kind=kind, text=f"{part.text}  {text}" if text else part.text)


def _meaning(part: FramePart, row: Namespace | None) -> str:
    match part.label:
        case "header.namespace" if row is not None:
            return row.title
        case "header.sign":
            return SIGNED_OF
        case "header.timestamp" if isinstance(part.value, int):
            return _moment(part.value)
    is_number = isinstance(part.value, int | float) and not isinstance(part.value, bool)
    unit = row.units.get(part.label.rpartition(".")[2], "") if row is not None and is_number else ""
    return f"× {unit}" if unit[:1].isdigit() else unit


def _moment(seconds: int) -> str:
    if not YEAR_2001 <= seconds < 2**32:
        return "s since the start" if 0 <= seconds < YEAR_2001 else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
