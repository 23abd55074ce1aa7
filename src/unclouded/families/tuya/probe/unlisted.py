"""What the data points of a recording may be that no profile lists: the guesses of a probe, for reports that are there.

Source: docs/protocols/tuya_wifi.md §2.8.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.family import UnlistedValues
from unclouded.core.profile import Profile
from unclouded.families.tuya.probe.guess import Decoders, guesses
from unclouded.families.tuya.probe.observed import Observations, ObservedPoint, ProposedRow
from unclouded.families.tuya.probe.propose import propose


def guess_unlisted(
    values: Sequence[UnlistedValues], listed: frozenset[str], profiles: Sequence[Profile], decoders: Decoders
) -> Mapping[str, str]:
    """By wire key, what a value may be and why. ``listed``: keys of the points that a profile lists already.

    Where it lists none, the points are compared with those of all profiles.
    """
    observed = {
        int(one.wire): ObservedPoint(int(one.wire), one.type, [*one.values])
        for one in values
        if one.wire.isdecimal() and one.values
    }
    if listed:
        found = guesses([*observed.values()], listed, decoders)
        return {str(id): text for id, rows in found.items() if (text := _text(rows))}
    proposed = propose(Observations(points=observed), profiles, decoders)
    by_wire: dict[str, list[ProposedRow]] = {}
    for row in proposed.rows:
        by_wire.setdefault(row.row.wire.partition(".")[0], []).append(row)
    return {wire: text for wire, rows in by_wire.items() if (text := _text(rows))}


def _text(rows: Sequence[ProposedRow]) -> str:
    """``power_W, counts of 0.1 W: by physics …``; "" where there is only its number."""
    first = rows[0]
    point, scale = first.row.point, first.row.mul / first.row.div
    if point.key.startswith("dp_"):
        return ""
    counts = "" if scale == 1 or not point.unit else f", counts of {scale:g} {point.unit}"
    return f"{point.key}{counts}: {first.why}"
