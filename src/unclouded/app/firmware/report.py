"""The report of a firmware file as it is printed and as JSON."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from unclouded.app.firmware.content_hints import hints
from unclouded.app.firmware.extraction import ExtractedFile, Extraction
from unclouded.app.firmware.inspection import Inspection, inspect
from unclouded.app.firmware.opening import opened
from unclouded.app.firmware.summary import summarised
from unclouded.families.meross.firmware.checksums import ChecksumResult
from unclouded.families.meross.firmware.image_file import UNKNOWN


class ReportEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. ``size``: bytes in the file, ``unpacked``: bytes of its content; None = not known."""

    offset: int
    kind: str
    text: str
    size: int | None = None
    unpacked: int | None = None


class FirmwareReport(msgspec.Struct, frozen=True, kw_only=True):
    """``hints``: of a file of unknown kind, what it could be. ``notes``: what was not looked at. The rest: as
    FirmwareSummary has it.
    """

    name: str
    size: int
    sha256: str
    text: str
    kind: str
    hardware: tuple[int, ...]
    model: str
    region: str
    named_hardware: int
    build: str
    fields: Mapping[str, int | str]
    checksums: tuple[ChecksumResult, ...]
    faults: tuple[str, ...]
    entries: tuple[ReportEntry, ...]
    versions: tuple[str, ...]
    hints: tuple[str, ...]
    notes: tuple[str, ...]
    extracted: tuple[ExtractedFile, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Something was recognised, and nothing is damaged."""
        return bool(self.entries) and not self.faults and not any(part.problem for part in self.extracted)


def report_of(path: Path, extract_to: Path | None = None) -> FirmwareReport:
    """``extract_to``: a folder that its parts are written to. Raises CommandError and StoreError."""
    with opened(path) as source:
        inspection = inspect(path.name, source)
        report = _report(inspection, hints(source) if inspection.file.container is None else ())
        if extract_to is None:
            return report
        extraction = Extraction(extract_to)
        extracted = tuple(extraction.files(inspection, source))
    return msgspec.structs.replace(report, extracted=extracted, notes=(*report.notes, *extraction.notes))


def _report(inspection: Inspection, found_hints: tuple[str, ...]) -> FirmwareReport:
    file, summary = inspection.file, summarised(inspection.file)
    return FirmwareReport(
        name=inspection.name,
        size=inspection.size,
        sha256=inspection.sha256,
        text=summary.text if file.container is not None else f"Of unknown kind: {UNKNOWN}.",
        kind=file.kind,
        hardware=file.hardware,
        model=summary.model,
        region=summary.region,
        named_hardware=summary.named_hardware,
        build=summary.build,
        fields=summary.fields,
        checksums=file.results,
        faults=file.faults,
        entries=tuple(_entries(inspection)),
        versions=inspection.versions,
        hints=found_hints,
        notes=inspection.notes,
    )


def _entries(inspection: Inspection) -> list[ReportEntry]:
    """The header, the parts that it describes, the streams, by offset."""
    found: list[ReportEntry] = []
    container = inspection.file.container
    if container is not None:
        found.append(ReportEntry(offset=0, kind=container.kind, text=container.text))
        found += [
            ReportEntry(offset=part.offset, kind=part.name, text=part.text, size=part.size)
            for part in container.parts
            if part.text
        ]
    found += [
        ReportEntry(offset=one.offset, kind=one.kind, text=one.text, size=one.size, unpacked=one.unpacked)
        for one in inspection.streams
    ]
    return sorted(found, key=lambda entry: entry.offset)
