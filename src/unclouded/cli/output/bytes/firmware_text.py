"""What is in a firmware file, as lines: the table of offsets, the checksums, what was unpacked, differences of two."""

from collections.abc import Iterator, Mapping
from typing import Any

from unclouded.core.text.printable import sentence

RULE = "-" * 80

Report = Mapping[str, Any]  # Any: JSON of app/firmware/report.py


def report_lines(report: Report) -> Iterator[str]:
    """What is known of one firmware file: sizes, sums, its parts and what they show."""
    yield f"{report['name']}: {report['size']} bytes"
    yield f"SHA-256 {report['sha256']}"
    if report["model"]:
        yield (
            f"By its name: model {report['model']}, region {report['region']}, hardware {report['named_hardware']}, "
            f"build {report['build']}"
        )
    yield report["text"]
    for hint in report["hints"]:
        yield f"  {sentence(hint)}"
    if report["entries"]:
        yield ""
        yield f"{'DECIMAL':<13} {'HEXADECIMAL':<15} DESCRIPTION"
        yield RULE
        for entry in report["entries"]:
            yield f"{entry['offset']:<13} {hex(entry['offset']):<15} {entry['text']}"
    yield from _checksum_lines(report)
    if report["versions"]:
        yield ""
        yield from (f"Version text: {text}" for text in report["versions"])
    yield from (f"Note: {sentence(note)}" for note in report["notes"])


def _checksum_lines(report: Report) -> Iterator[str]:
    if report["checksums"]:
        yield ""
    for one in report["checksums"]:
        text = f"{one['algorithm']} of {one['of']}: "
        match one["verdict"]:
            case "right":
                yield f"{text}right, {one['expected']}"
            case "wrong":
                yield f"{text}WRONG: the file says {one['expected']}, its content has {one['found']}"
            case _:
                yield f"{text}not verified, it needs a key that only the device has"


def extracted_line(part: Report) -> str:
    """One part that was written, or why not."""
    if not part["name"]:
        return f"Not written: {part['kind']} at 0x{part['offset']:X}: {part['problem'] or 'it is empty'}"
    problem = f"; {part['problem']}" if part["problem"] else ""
    return f"{part['name']}: {part['size']} bytes{problem}"


def comparison_lines(comparison: Report) -> Iterator[str]:
    """How the firmware files A and B differ: fields, parts, version texts."""
    if comparison["same"]:
        yield "The two files have the same content."
    for one in comparison["fields"]:
        yield f"{one['field']:<22} {_shown(one['a'])} -> {_shown(one['b'])}"
    for part in comparison["parts"]:
        yield _part_line(part)
    yield from (f"Version text only in A: {text}" for text in comparison["versions_a"])
    yield from (f"Version text only in B: {text}" for text in comparison["versions_b"])
    yield from (f"Note: {sentence(note)}" for note in comparison["notes"])


def _part_line(part: Report) -> str:
    sides = [f"0x{side['offset']:X} {side['size']} bytes" for side in (part["a"], part["b"]) if side is not None]
    return f"{part['kind']:<22} {part['state']}: {' -> '.join(sides)}"


def _shown(value: int | str) -> str:
    return str(value) if value not in ("", 0) else "none"
