"""The lines that the hub answers an action with: its progress, then its outcome."""

from collections.abc import Iterator, Mapping
from typing import Any

from unclouded.cli.output.lines import print_json, print_outcome
from unclouded.cli.output.terminal.progress import ProgressPrinter
from unclouded.core.errors import LinkError

Line = Mapping[str, Any]  # Any: the API's JSON


def follow_action(lines: Iterator[Line], what: str, as_json: bool) -> Line:
    """Print the progress and the outcome; returns the last line. Raises LinkError where the hub ends before it."""
    progress, end = ProgressPrinter(), None
    try:
        for line in lines:
            if as_json:
                print_json(line)
            elif "progress" in line:
                progress.step(line["progress"], line["of"], line["text"])
            end = line if "outcome" in line else end
    finally:
        progress.end()
    if end is None:
        raise LinkError(
            f"The hub ended before {what} was done, so its outcome is unknown. Start the hub and try again."
        )
    if not as_json:
        print_outcome(what, end)
    return end
