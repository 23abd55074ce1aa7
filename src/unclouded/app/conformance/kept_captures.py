"""The frames of each check that found something, as captures that `replay` and `decode` read."""

import os
from pathlib import Path

from unclouded import families
from unclouded.app.conformance.frame_text import capture_lines
from unclouded.app.conformance.reports import FOUND
from unclouded.conformance import suite as suite_of
from unclouded.conformance.check import RunReport
from unclouded.core.errors import CommandError
from unclouded.recording.capture import CaptureAppender


def keep(report: RunReport, folder: Path) -> list[Path]:
    """Writes DIR/ID.jsonl for each; what is there of that name is replaced. Raises CommandError."""
    suite = suite_of(report.suite)
    family = families.family(suite.family)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for result in report.results:
            if result.kind not in FOUND or not result.entries:
                continue
            path = folder / f"{result.check.id}.jsonl"
            path.unlink(missing_ok=True)
            began = report.began + result.began_s
            appender = CaptureAppender(path, suite.family, began, as_text=family.capture_as == "text")
            for line in capture_lines(suite, result.entries):
                appender.write(began + line.t, line.sender, line.data, path=line.path, redacted=line.redacted)
            appender.close()
            written.append(path)
    except OSError as error:
        raise CommandError(f"The captures cannot be written to {folder}: {error.strerror or os.strerror(0)}.") from None
    return written
