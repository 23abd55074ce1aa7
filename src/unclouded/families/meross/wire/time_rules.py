"""The rules of local time that a plug keeps: [from which Unix time, offset from UTC in seconds, 1 = daylight saving].

Source: docs/protocols/meross.md §1.8.5.
"""

from collections.abc import Sequence

from unclouded.core.sessions.session import LocalTime

TimeRules = tuple[tuple[int, ...], ...]

RULES = 20  # ten years; as many as the vendor's cloud sends


def local_offset(rules: TimeRules, unix: float) -> int:
    """Seconds to add to Unix time for the plug's local time."""
    offset = 0
    for rule in rules:
        if len(rule) >= 2 and rule[0] <= unix:
            offset = rule[1]
    return offset


def rules_of(local: LocalTime) -> list[list[int]]:
    """The rule in force and those that follow."""
    changes = local.changes or ((0.0, local.offset_s),)
    first = max((index for index, (at, _) in enumerate(changes) if at <= local.unix), default=0)
    return [
        [int(at), offset, int(_is_summer(changes, index))]
        for index, (at, offset) in enumerate(changes[first : first + RULES], first)
    ]


def _is_summer(changes: Sequence[tuple[float, int]], index: int) -> bool:
    """Whether the offset is more than before or afterwards."""
    beside = [changes[other][1] for other in (index - 1, index + 1) if 0 <= other < len(changes)]
    return any(changes[index][1] > offset for offset in beside)
