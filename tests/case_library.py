"""The recorded cases of tests/captures, by their index: docs/test_cases.md."""

from pathlib import Path

from unclouded.app.cases.recorded_case import RecordedCase, read_index

CAPTURES = Path(__file__).parent / "captures"
INDEX = CAPTURES / "index.toml"
CASES = {case.id: case for case in read_index(INDEX.read_text("utf-8"), "index.toml")}
ANSWERS = "answers"  # the format of the answers of a plug by namespace


def path_of(name: str) -> Path:
    return CAPTURES / CASES[name].file


def recordings() -> list[RecordedCase]:
    """The cases that `decode` reads."""
    return [case for case in CASES.values() if case.format != ANSWERS]
