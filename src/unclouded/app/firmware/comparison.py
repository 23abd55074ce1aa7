"""Two firmware files: in which header fields, parts and version texts they differ.

Parts are compared by the SHA-256 of what they contain, unpacked; one that moved to another place is the same.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import msgspec

from unclouded.app.firmware.extraction import ExtractedFile, Extraction
from unclouded.app.firmware.inspection import Inspection, inspect
from unclouded.app.firmware.opening import opened

State = Literal["same", "changed", "only in A", "only in B"]


class FieldDifference(msgspec.Struct, frozen=True):
    """A field of name, header or file that differs; "" = it is not there."""

    field: str
    a: int | str
    b: int | str


class PartComparison(msgspec.Struct, frozen=True):
    """One part in both files; None = it is not there."""

    state: State
    kind: str
    a: ExtractedFile | None = None
    b: ExtractedFile | None = None


class FirmwareComparison(msgspec.Struct, frozen=True, kw_only=True):
    """``versions_a``, ``versions_b``: version texts that only one of them has. ``notes``: what was left out."""

    same: bool
    fields: tuple[FieldDifference, ...]
    parts: tuple[PartComparison, ...]
    versions_a: tuple[str, ...]
    versions_b: tuple[str, ...]
    notes: tuple[str, ...] = ()


class _Side(msgspec.Struct, frozen=True):
    inspection: Inspection
    parts: tuple[ExtractedFile, ...]
    notes: tuple[str, ...]

    @property
    def versions(self) -> set[str]:
        return {*self.inspection.versions, *(text for part in self.parts for text in part.versions)}


def compared(a: Path, b: Path) -> FirmwareComparison:
    """Both are unpacked to a temporary folder, within the limits of an extraction. Raises CommandError, StoreError."""
    one, other = _side_of(a), _side_of(b)
    return FirmwareComparison(
        same=one.inspection.sha256 == other.inspection.sha256,
        fields=_field_differences(_fields(one.inspection), _fields(other.inspection)),
        parts=compared_parts(one.parts, other.parts),
        versions_a=tuple(sorted(one.versions - other.versions)),
        versions_b=tuple(sorted(other.versions - one.versions)),
        notes=(*(f"A: {note}" for note in one.notes), *(f"B: {note}" for note in other.notes)),
    )


def compared_parts(a: Sequence[ExtractedFile], b: Sequence[ExtractedFile]) -> tuple[PartComparison, ...]:
    """Equal contents first, then what is left of each kind in its order."""
    pairs, rest_a, rest_b = _same_contents(a, b)
    found = [PartComparison("same", one.kind, one, other) for one, other in pairs]
    for kind in dict.fromkeys(part.kind for part in (*rest_a, *rest_b)):
        of_a, of_b = ([part for part in rest if part.kind == kind] for rest in (rest_a, rest_b))
        for one, other in zip_longest(of_a, of_b):
            state: State = "only in B" if one is None else "only in A" if other is None else "changed"
            found.append(PartComparison(state, kind, one, other))
    return tuple(found)


def _same_contents(
    a: Sequence[ExtractedFile], b: Sequence[ExtractedFile]
) -> tuple[list[tuple[ExtractedFile, ExtractedFile]], list[ExtractedFile], list[ExtractedFile]]:
    by_hash: dict[str, list[ExtractedFile]] = {}
    for part in reversed(b):
        by_hash.setdefault(part.sha256, []).append(part)
    pairs, rest = [], []
    for part in a:
        others = by_hash.get(part.sha256) if part.sha256 else None
        if others:
            pairs.append((part, others.pop()))
        else:
            rest.append(part)
    taken = Counter(id(other) for _, other in pairs)
    return pairs, rest, [part for part in b if id(part) not in taken]


def _side_of(path: Path) -> _Side:
    with opened(path) as source, tempfile.TemporaryDirectory(prefix="unclouded-") as folder:
        inspection = inspect(path.name, source)
        extraction = Extraction(Path(folder) / "parts")
        parts = tuple(extraction.files(inspection, source))
    return _Side(inspection, parts, (*inspection.notes, *extraction.notes))


def _fields(inspection: Inspection) -> Mapping[str, int | str]:
    name, container = inspection.file.name, inspection.file.container
    return {
        "model": name.model,
        "region": name.region,
        "hardware in the name": name.hardware,
        "build": name.build,
        "kind": inspection.file.kind,
        "size": inspection.size,
        "sha256": inspection.sha256,
        "damage": "; ".join(inspection.file.faults),
        **(container.fields if container is not None else {}),
    }


def _field_differences(a: Mapping[str, int | str], b: Mapping[str, int | str]) -> tuple[FieldDifference, ...]:
    return tuple(
        FieldDifference(field, a.get(field, ""), b.get(field, ""))
        for field in dict.fromkeys((*a, *b))
        if a.get(field, "") != b.get(field, "")
    )
