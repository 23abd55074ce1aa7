"""What an unknown Tuya MCU may be: from the data points that it reported to a profile, with a reason for each line.

    recorded chunks ──learn──► Observations ──propose──► Proposed ──as_toml──► a profile that the hub loads

The shipped profiles define which numbers and types belong together; physics limits the scales: a voltage is 90
to 260 V, and a power is not more than voltage and current allow. Larger products often hold the standard block of a
metering plug (17 to 26) among others: its rows are taken where physics agrees. What fits no profile is guessed by
physics alone (guess.py), or keeps its number: dp_101. A point is settable where it was set and confirmed, or where its
type is that of settings and it did not change by itself.
Source: docs/protocols/tuya_wifi.md §2.8.1, §2.8.2, §2.8.5.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import WireError
from unclouded.core.model import Point
from unclouded.core.profile import Profile, WirePoint, quoted, row_lines
from unclouded.core.quantities import (
    CURRENT,
    MAINS_V,
    POWER,
    SLACK_W,
    TOLERANCE,
    VOLTAGE,
    quantity_of,
)
from unclouded.core.sessions.recent_chunks import WireChunk
from unclouded.core.sessions.session import WireValue
from unclouded.families.tuya.line.datapoint import NAMES, DataPoint, PointValue, read_points
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.probe.guess import LIKELY, guesses
from unclouded.families.tuya.probe.observed import Observations, ObservedPoint, ProposedRow, Series, together
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI

BLOCK_PROFILE = "tuya/plug_metering"
BLOCK = range(17, 27)  # the meter of a plug; docs/protocols/tuya_wifi.md §2.8.1
BLOCK_LEAST = {18, 19, 20}  # current, power, voltage
SETTINGS = ("bool", "enum")  # types of points that are settings, unless they change by themselves
REPORTS = (codes.REPORT, codes.SYNC_REPORT)
ANSWER_S = 1.0  # after a query in which a report answers it
POLL_S = 5  # between queries for an MCU that reports only when it is asked
LEAST_VA = 5.0  # less load does not determine a scale
PLAUSIBLE_C = (-40.0, 60.0)  # °C of something in or at a building
STEPS = (*(Fraction(1, 10**n) for n in range(5)), Fraction(10))

Decoders = Mapping[str, Callable[[bytes], Mapping[str, WireValue]]]


class Proposed(msgspec.Struct, frozen=True):
    """A proposed profile. ``like``: the shipped profile it follows, "" = none. ``polls``: it must be queried."""

    like: str
    why: str
    rows: tuple[ProposedRow, ...]
    polls: bool = False


def learn(chunks: Iterable[WireChunk]) -> Observations:
    """The data points in recorded chunks."""
    seen, ours, theirs = Observations(), Framer((WIFI.shapes,)), Framer((WIFI.shapes,))
    commanded: dict[int, PointValue] = {}
    for at, is_ours, _, data in chunks:
        for piece in (ours if is_ours else theirs).feed(data, at):
            if not isinstance(piece, Frame):
                continue
            if is_ours and piece.command == codes.QUERY:
                seen.asked.append(at)
            elif is_ours and piece.command == codes.SET:
                commanded.update((point.id, point.value) for point in _points(piece.payload))
            elif not is_ours and piece.command in REPORTS:
                points = _points(piece.payload)
                _add(seen, points, at)
                seen.settable |= {one.id for one in points if one.id in commanded and one.value == commanded[one.id]}
    return seen


def propose(seen: Observations, profiles: Sequence[Profile], decoders: Decoders) -> Proposed:
    """The profile that fits best, its scales corrected where physics requires it."""
    ranked = sorted(profiles, key=lambda one: _rank(one, seen), reverse=True)
    for profile in ranked:
        matches = _matches(profile, seen)
        if len(matches) < 2 or 2 * len(matches) <= len(seen.points):
            break
        fitted = _fit(profile, seen, matches, decoders)
        if fitted is not None:
            rest = [seen.points[id] for id in sorted(set(seen.points) - matches)]
            rows = [*fitted, *_unlisted(rest, seen, frozenset(one.row.point.key for one in fitted), decoders)]
            why = f"{len(matches)} of {len(seen.points)} data points have the numbers and types of {profile.name}"
            return Proposed(profile.name, why, tuple(rows), _polls(seen))
    block = _block(seen, profiles, decoders)
    within = {int(one.row.wire.partition(".")[0]) for one in block}
    rest = [point for id, point in sorted(seen.points.items()) if id not in within]
    rows = [*block, *_unlisted(rest, seen, frozenset(one.row.point.key for one in block), decoders)]
    rows.sort(key=lambda one: int(one.row.wire.partition(".")[0]))
    why = "no known profile has these numbers and types"
    if block:
        why += f", but {len(within)} are the standard block of {BLOCK_PROFILE}"
    return Proposed("", why, tuple(rows), _polls(seen))


def as_toml(proposed: Proposed, name: str, product: str = "", base: Profile | None = None) -> str:
    """The profile as a file that the hub loads; each row has its reason. ``base``: the profile that it is like."""
    keys = [one.row.point.key for one in proposed.rows]
    lines = [f"# Proposed by unclouded probe: {proposed.why}.", f"name = {quoted(name)}", 'family = "tuya_wifi"']
    lines.append(f"title = {quoted('Probed device' + (f', like {proposed.like}' if proposed.like else ''))}")
    if product:
        lines.append(f"products = [{quoted(product)}]")
    if base is not None:
        lines += _base_lines(proposed, base)
    elif "on" in keys:
        lines.append('main = "on"')
    if proposed.polls:
        lines += ["", "# It reports only when it is queried.", "[session]", f"poll_s = {POLL_S}"]
    known = {} if base is None else {row.wire: row for row in base.points}
    same = [one for one in proposed.rows if known.get(one.row.wire) == one.row]
    if same:
        lines += ["", *(f"# {one.why}, as the base says." for one in same)]
    for one in proposed.rows:
        if one not in same:
            lines += ["", f"# {one.why}.", "[[point]]", *row_lines(one.row)]
    return "\n".join(lines) + "\n"


def _base_lines(proposed: Proposed, base: Profile) -> list[str]:
    """The base, and the data points of it that were not reported; a counter of increments reports when it counts."""
    seen = {one.row.reported_as for one in proposed.rows}
    silent = {
        row.wire for row in base.points if "." not in row.wire and row.wire not in seen and row.counter != "increment"
    }
    lines = [f"base = {quoted(base.name)}"]
    if silent:
        lines.append("# Not reported while it was probed. Delete the number of one that it has after all.")
        lines.append(f"drop = [{', '.join(sorted(silent, key=int))}]")
    return lines


# --- what was received -----------------------------------------------------------------------------------


def _points(payload: bytes) -> Sequence[DataPoint]:
    try:
        return read_points(payload)
    except WireError:
        return ()


def _add(seen: Observations, points: Iterable[DataPoint], at: float) -> None:
    for point in points:
        type = NAMES[point.type] if point.type < len(NAMES) else "raw"
        known = seen.points.setdefault(point.id, ObservedPoint(point.id, type))
        known.values.append((at, point.value))


def _polls(seen: Observations) -> bool:
    """Every report came right after a query, and some of the later ones had a new value."""
    times = {at for point in seen.points.values() for at, _ in point.values}
    alone = [at for at in times if not any(0 <= at - asked <= ANSWER_S for asked in seen.asked)]
    moved = any(len({value for _, value in point.values}) > 1 for point in seen.points.values())
    return len(seen.asked) > 1 and moved and not alone


def _series(row: WirePoint, profile: Profile, seen: Observations, decoders: Decoders) -> Series:
    """The counts of a row over time; those of a part of a raw value are unpacked."""
    wire, _, part = row.wire.partition(".")
    point = seen.points.get(int(wire))
    found: Series = []
    if point is None:
        return found
    packed = next((one for one in profile.points if one.wire == wire and one.decode), None)
    for at, value in point.values:
        if part and packed is not None and isinstance(value, bytes):
            unpacked = _unpacked(packed.decode, value, decoders)
            inner = unpacked.get(part)
            if isinstance(inner, int):
                found.append((at, inner))
        elif not part and isinstance(value, int):
            found.append((at, value))
    return found


def _unpacked(decode: str, raw: bytes, decoders: Decoders) -> Mapping[str, WireValue]:
    try:
        return decoders[decode](raw)
    except WireError:
        return {}


# --- which profile ------------------------------------------------------------------------------------


def _matches(profile: Profile, seen: Observations) -> set[int]:
    rows = {row.wire: row.type for row in profile.points if "." not in row.wire}
    return {id for id, point in seen.points.items() if rows.get(str(id)) == point.type}


def _rank(profile: Profile, seen: Observations) -> tuple[int, int, int]:
    """More that match, fewer that were not seen, and the plainer name."""
    matches = _matches(profile, seen)
    listed = sum("." not in row.wire for row in profile.points)
    return len(matches), len(matches) - listed, -len(profile.name)


def _fit(profile: Profile, seen: Observations, matches: set[int], decoders: Decoders) -> list[ProposedRow] | None:
    """The profile's rows that were seen, rescaled.

    None where no scale makes a voltage of what should be one, or what should be a temperature cannot be, or no voltage
    was seen of a meter.
    """
    rows = [row for row in profile.points if int(row.wire.partition(".")[0]) in matches]
    series = {row.wire: _series(row, profile, seen, decoders) for row in rows}
    fitted = {
        row.wire: ProposedRow(row, _plainly(row, profile)) for row in rows if series[row.wire] or "." not in row.wire
    }
    if not all(_could_be(row, series[row.wire]) for row in rows if row.point.unit == "°C"):
        return None
    phases: dict[str, dict[int, WirePoint]] = {}
    for row in rows:
        quantity = quantity_of(row.point.key)
        if quantity is not None and series[row.wire]:
            phases.setdefault(quantity[1], {})[quantity[0]] = row
    measures = any((quantity_of(row.point.key) or (POWER,))[0] == VOLTAGE for row in profile.points)
    if measures and not any(VOLTAGE in phase for phase in phases.values()):
        return None
    for phase in phases.values():
        if VOLTAGE in phase:
            voltage = _fit_voltage(phase[VOLTAGE], series[phase[VOLTAGE].wire])
            if voltage is None:
                return None
            fitted[voltage.row.wire] = voltage
            if POWER in phase and CURRENT in phase:
                power = _fit_power(phase[POWER], voltage.row, phase[CURRENT], series)
                fitted[power.row.wire] = power
    return list(fitted.values())


def _block(seen: Observations, profiles: Sequence[Profile], decoders: Decoders) -> list[ProposedRow]:
    """The rows of the standard block in a larger product, where there is a power, voltage and current that agree."""
    plug = next((profile for profile in profiles if profile.name == BLOCK_PROFILE), None)
    matches = _matches(plug, seen) & set(BLOCK) if plug is not None else set()
    if plug is None or not matches >= BLOCK_LEAST:
        return []
    return _fit(plug, seen, matches, decoders) or []


def _could_be(row: WirePoint, series: Series) -> bool:
    """Whether these are temperatures in or at a building."""
    return all(PLAUSIBLE_C[0] <= count * row.mul / row.div <= PLAUSIBLE_C[1] for _, count in series)


def _plainly(row: WirePoint, profile: Profile) -> str:
    number = row.wire.partition(".")[0]
    return f"{number} is {row.type or row.wire.partition('.')[2]} in {profile.name} too"


# --- which scale --------------------------------------------------------------------------------------


def _fit_voltage(row: WirePoint, series: Series) -> ProposedRow | None:
    counts = [count for _, count in series if count]
    if not counts:
        return ProposedRow(row, f"{row.wire} was always 0: its scale is the commonest, and only a guess")
    for scale in _scales(row):
        volts = [float(count * scale) for count in counts]
        if all(MAINS_V[0] <= one <= MAINS_V[1] for one in volts):
            reason = f"{row.wire} is a voltage: {volts[-1]:g} V is between {MAINS_V[0]:g} and {MAINS_V[1]:g} V"
            return ProposedRow(_scaled(row, scale), reason)
    return None


def _fit_power(power: WirePoint, voltage: WirePoint, current: WirePoint, series: Mapping[str, Series]) -> ProposedRow:
    """The scale with which the power is what the voltage and the current allow, and not a tenth of it."""
    loads = [
        (abs(count), abs(volts * voltage.mul / voltage.div) * abs(amperes * current.mul / current.div))
        for count, volts, amperes in together(series[power.wire], series[voltage.wire], series[current.wire])
    ]
    loads = [(count, volt_amperes) for count, volt_amperes in loads if volt_amperes >= LEAST_VA and count]
    if not loads:
        return ProposedRow(power, f"{power.wire} was seen without a load: its scale is the commonest, and only a guess")
    for scale in _scales(power):
        watts = [(float(count * scale), volt_amperes) for count, volt_amperes in loads]
        possible = all(one <= TOLERANCE * most + SLACK_W + float(scale) for one, most in watts)
        if possible and max(one / most for one, most in watts) >= LIKELY:
            reason = f"{power.wire} is a power: {watts[-1][0]:g} W of {watts[-1][1]:.4g} VA"
            return ProposedRow(_scaled(power, scale), reason)
    count, volt_amperes = loads[-1]
    reason = (
        f"{power.wire} should be a power, but no scale makes one of {count:g} beside {volt_amperes:.4g} VA: the "
        "commonest stands"
    )
    return ProposedRow(power, reason)


def _scales(row: WirePoint) -> list[Fraction]:
    """The row's own scale, then the others."""
    own = Fraction(row.mul, row.div)
    return [own, *(step for step in STEPS if step != own)]


def _scaled(row: WirePoint, scale: Fraction) -> WirePoint:
    return replace(row, mul=scale.numerator, div=scale.denominator)


# --- as a file ----------------------------------------------------------------------------------------


def _unlisted(
    points: Sequence[ObservedPoint], seen: Observations, taken: frozenset[str], decoders: Decoders
) -> list[ProposedRow]:
    """What no profile lists: by physics, or with its number as name."""
    guessed = guesses(points, taken, decoders)
    return [row for point in points for row in guessed.get(point.id) or [_unknown(point, seen)]]


def _unknown(point: ObservedPoint, seen: Observations) -> ProposedRow:
    is_settable, reason = _settable(point, seen)
    row = WirePoint(
        point=Point(key=f"dp_{point.id}", access="rw" if is_settable else "r"),
        wire=str(point.id),
        type=point.type,
    )
    last = point.values[-1][1] if point.values else ""
    shown = last.hex() if isinstance(last, bytes) else last
    return ProposedRow(row, f"{point.id} is unknown; it reported {shown!r}. {reason}")


def _settable(point: ObservedPoint, seen: Observations) -> tuple[bool, str]:
    """Whether a point is proposed as settable, and why."""
    if point.id in seen.settable:
        return True, "Settable: it was set, and confirmed it"
    if len({value for _, value in point.values}) > 1:
        return False, "Read only: it changes by itself"
    if point.type in SETTINGS:
        return True, "Settable, as its type is that of a setting; no set was observed"
    return False, f'Read only: it was never set; with access = "rw" it could be, if this {point.type} is a setting'
