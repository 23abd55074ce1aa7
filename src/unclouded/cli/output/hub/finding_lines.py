"""What a doctor finds, as it finds it."""

from collections.abc import Iterable

from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.finding import Finding, counts

LEVEL_WIDTH = 12
DO = f"{'':<{LEVEL_WIDTH}}To do: "


def print_findings(findings: Iterable[Finding], as_json: bool) -> int:
    """Print each, and a summary at the end; the number of problems."""
    found = []
    for one in findings:
        _print(one, as_json)
        found.append(one)
    totals = counts(found)
    if as_json:
        print_json({"summary": totals})
    else:
        print_text(f"{', '.join(f'{number} {_counted(level, number)}' for level, number in totals.items() if number)}.")
    return totals["problem"]


def _print(one: Finding, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    print_text(f"{one.level:<{LEVEL_WIDTH}}{one.subject}: {one.text}")
    if one.advice:
        print_text(f"{DO}{one.advice}")


def _counted(level: str, number: int) -> str:
    return f"{level}s" if level in ("warning", "problem") and number != 1 else level
