"""JSON values from a device as lines for people: a report, or the answer of a command.

start                          a heading for each group
  reset_reason  HAL_WDT_…      names and values in two columns
tasks                          a table of what has the same names
  name      status  priority
  cli       R       7
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

INDENT = "  "
WIDEST = 40  # characters of a column of a table


def report_lines(fields: Mapping[str, Any], indent: str = "") -> Iterator[str]:  # Any: JSON values
    """The lines of an object; what is empty is left out."""
    plain = {name: value for name, value in fields.items() if not _is_group(value)}
    width = max((len(name) for name in plain), default=0)
    for name, value in fields.items():
        if name in plain:
            yield f"{indent}{name:<{width}}  {_text(value)}".rstrip()
            continue
        if not value:
            continue
        yield f"{indent}{name}"
        yield from _group_lines(value, indent + INDENT)


def _group_lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from report_lines(value, indent)
    elif all(isinstance(one, Mapping) for one in value):
        yield from _table(value, indent)
    else:
        yield from (f"{indent}{_text(one)}" for one in value)


def _table(rows: Sequence[Mapping[str, Any]], indent: str) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = [[_text(row.get(name)) for name in names] for row in rows]
    widths = [min(max(len(name), *(len(line[at]) for line in texts)), WIDEST) for at, name in enumerate(names)]
    for line in [names, *texts]:
        yield indent + INDENT.join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(_text, value))
        case dict():
            return ", ".join(f"{name}={_text(one)}" for name, one in value.items())
    return str(value)
