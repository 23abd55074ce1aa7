"""A profile: the table from wire keys to Points, and the settings of the session. Data, no conditions.

    name = "tuya/plug_metering"
    family = "tuya_wifi"
    title = "Metering plug"
    products = ["keyxxxxxxxxxxxxx"]    # PIDs or hardware types that this profile fits
    main = "on"                        # the point that `set DEVICE VALUE` means
    actions = ["identify"]             # those of the family's actions that this product has; all without this line
    [session]                          # a closed table of the family
    poll_s = 30
    [[point]]
    dp = 19                            # or: wire = "demand"
    type = "value"
    key = "power_W"
    scale = 0.1                        # value = wire count x scale, exact
    sign_from = { dp = 102, negative = [1] }    # a magnitude whose sign, or direction, is another wire value
    negative = "tenth"                 # a negative value was divided by ten as if it had no sign
    true_is = [0]                      # a state or alarm that is on where the wire has one of these values

Several rows may have one ``dp``, where each names another ``type``: the value that is reported picks its row. Only
the types that a value shows are told apart: bool, text (string), bytes (raw) and numbers (value, enum, bitmap).
Unknown keys are errors that name the key. Scales are exact: 0.1 is one tenth.
"""

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import msgspec

from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Access, Confidence, Kind, Point, Value, unit_of, value_text
from unclouded.core.session import WireValue
from unclouded.core.toml_text import read_toml

Counter = Literal["total", "increment", "daily", "dated", "net", "none"]
SettingsOf = Callable[[str], type[msgspec.Struct] | None]

ENERGY_EXPONENT = -3  # Wh are kept as whole mWh
TENTH_OFFSET = 0x1999999A  # 2**32 / 10: of a negative number that was divided by ten without its sign
TENTH_FROM = 0x10000000  # a count from here on is no measured value


class SignRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the sign of a magnitude is reported, and the wire values there that mean negative (export)."""

    dp: int | None = None
    wire: str | None = None
    negative: list[int | bool | str]


class PointRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[point]] of a profile file."""

    key: str
    dp: int | None = None
    wire: str | None = None
    type: str = ""
    kind: Kind | None = None
    access: Access = "r"
    scale: Decimal | int = 1
    exponent: int | None = None
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    options: list[str] = []
    counter: Counter | None = None
    wraps: int | None = None  # the raw counter starts again after this many counts (2**32)
    falls_to: str = ""  # "net": the point that collects what this counter goes backwards
    decode: str = ""  # the family's decoder of that name turns one raw value into several
    inverted: bool = False  # a switch that is on where the wire says false
    negative: Literal["tenth"] | None = None  # how a negative number is written, where not in two's complement
    true_is: list[int | bool | str] | int | None = None  # the wire values at which a switch that can only be read is on
    sign_from: SignRow | None = None  # of a counter: what it rises while that is negative goes to ``falls_to``
    confidence: Confidence = ""  # see core.model.Point


class ProfileFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole profile file."""

    name: str
    family: str
    title: str
    products: list[str] = []
    main: str = ""
    actions: list[str] | None = None  # None = every action of the family
    unknown: bool = False  # wire keys not listed become points of their own: dp_19
    session: dict[str, Any] = {}  # Any: checked against the family's settings type below
    point: list[PointRow] = []


class SignSource(msgspec.Struct, frozen=True):
    """A wire key, and its values (as text) that mean negative."""

    wire: str
    negative: frozenset[str]


class WirePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A Point and its representation on the wire: value = wire x mul / div."""

    point: Point
    wire: str
    type: str = ""
    mul: int = 1
    div: int = 1
    counter: Counter = "none"
    wraps: int | None = None
    falls_to: str = ""
    decode: str = ""
    inverted: bool = False
    tenth: bool = False
    true_is: frozenset[str] | None = None
    sign: SignSource | None = None

    def fits(self, raw: WireValue) -> bool:
        """Whether a wire value has the type that the row names; a row without one, or without a check, takes any."""
        expected = _PYTHON_TYPES.get(self.type)
        return expected is None or type(raw) is expected

    def from_wire(self, raw: WireValue) -> Value:
        """The value of a wire value. Raises ValueError where its type does not fit the point."""
        if self.true_is is not None:
            return _sign_text(raw) in self.true_is
        if self.point.kind == "switch":
            return bool(raw) != self.inverted
        if self.tenth and isinstance(raw, int) and raw >= TENTH_FROM:
            raw -= TENTH_OFFSET
        if self.point.kind == "enum" and self.point.options and isinstance(raw, int):
            return self.point.options[raw] if raw < len(self.point.options) else str(raw)
        if isinstance(raw, bytes):
            return raw.hex()
        if isinstance(raw, str):
            return raw
        if isinstance(raw, bool):
            return raw if self.div == self.mul else int(raw) * self.mul / self.div
        if isinstance(raw, int):
            return raw * self.mul if self.div == 1 else raw * self.mul / self.div
        return _tidy(Fraction(raw) * self.mul / self.div, self.point.exponent)

    def to_wire(self, value: Value) -> WireValue:
        """The wire value of a command. Raises CommandError with a text for the person who gave it."""
        point = self.point
        match point.kind:
            case "switch":
                return _as_switch(point, value) != self.inverted
            case "enum":
                return _as_option(point, value)
            case "text":
                return str(value)
            case "raw":
                return _as_bytes(point, value)
        number = _as_number(point, value)
        if (point.minimum is not None and number < Fraction(str(point.minimum))) or (
            point.maximum is not None and number > Fraction(str(point.maximum))
        ):
            raise CommandError(f"{point.key} takes {_span(point.minimum, point.maximum)}, not {value_text(value)}.")
        count = number * self.div / self.mul
        return round(count) if self.type != "float" else float(count)


class PointRows:
    """The rows of a device by wire key. Several may have one, each for its own type: a value picks its row.

    Once a value has shown which of them a product has, the others are not its points.
    """

    def __init__(self, rows: Iterable[WirePoint]) -> None:
        self._by_wire: dict[str, list[WirePoint]] = {}
        self._shown: dict[str, WirePoint] = {}  # of wire keys with several rows: the one that was reported last
        for row in rows:
            self.add(row)

    def __iter__(self) -> Iterator[WirePoint]:
        return (row for rows in self._by_wire.values() for row in rows)

    @property
    def revision(self) -> int:
        """It grows with each row that is added, and with each wire key whose row is known."""
        return len(self._by_wire) + len(self._shown)

    def add(self, row: WirePoint) -> None:
        self._by_wire.setdefault(row.wire, []).append(row)

    def is_shared(self, wire: str) -> bool:
        """Whether several rows have this wire key."""
        return len(self._by_wire.get(wire, ())) > 1

    def get(self, wire: str, raw: WireValue) -> WirePoint | None:
        """The row of a value: the one whose type it has, else the first; None = the wire key is not listed."""
        rows = self._by_wire.get(wire)
        if rows is None:
            return None
        if len(rows) == 1:
            return rows[0]
        found = next((row for row in rows if row.fits(raw)), None)
        if found is not None:
            self._shown[wire] = found
        return found or rows[0]

    def is_possible(self, row: WirePoint) -> bool:
        """Whether the product may have it: no value has shown another row with its wire key."""
        return self._shown.get(row.wire, row) is row

    def by_key(self, key: str) -> WirePoint | None:
        return next((row for row in self if row.point.key == key), None)


class Directions:
    """The signs that a device has reported for those of its values that are magnitudes."""

    def __init__(self, rows: Iterable[WirePoint]) -> None:
        self.wires = frozenset(row.sign.wire for row in rows if row.sign is not None)
        self._reported: dict[str, str] = {}

    def learn(self, values: Mapping[str, WireValue]) -> frozenset[str]:
        """Take over the directions in a report; returns the wire keys of those that changed."""
        changed = {wire for wire in self.wires & values.keys() if self._reported.get(wire) != _sign_text(values[wire])}
        self._reported.update((wire, _sign_text(values[wire])) for wire in changed)
        return frozenset(changed)

    def is_negative(self, row: WirePoint) -> bool | None:
        """Whether the row's value is negative now; None = its direction was not reported yet."""
        if row.sign is None:
            return False
        reported = self._reported.get(row.sign.wire)
        return None if reported is None else reported in row.sign.negative

    def signed(self, row: WirePoint, raw: WireValue) -> WireValue:
        """The wire value with its sign."""
        if isinstance(raw, bool | str | bytes):
            return raw
        return -raw if raw > 0 and self.is_negative(row) else raw


def _sign_text(value: WireValue) -> str:
    """As [[point]] sign_from names it: 1 and "1" are the same, and so are true and 1."""
    return value.hex() if isinstance(value, bytes) else str(int(value) if isinstance(value, bool) else value)


def _span(lowest: float | None, highest: float | None) -> str:
    if lowest is None:
        return f"at most {highest:g}"
    return f"at least {lowest:g}" if highest is None else f"{lowest:g} to {highest:g}"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded, checked profile. ``session``: an instance of the family's settings type.

    ``actions``: the names of those that the product has; None = every action of the family.
    """

    name: str
    family: str
    title: str
    products: tuple[str, ...]
    main: str
    unknown: bool
    session: msgspec.Struct
    points: tuple[WirePoint, ...]
    actions: tuple[str, ...] | None = None

    def by_key(self, key: str) -> WirePoint | None:
        return next((row for row in self.points if row.point.key == key), None)


def load_profile(
    text: str, where: str, settings_of: SettingsOf, actions_of: Callable[[str], Collection[str]] | None = None
) -> Profile:
    """Read and check one profile file; see ``make_profile``."""
    try:
        file = msgspec.convert(read_toml(text, where), ProfileFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None
    return make_profile(file, where, settings_of, actions_of)


def make_profile(
    file: ProfileFile, where: str, settings_of: SettingsOf, actions_of: Callable[[str], Collection[str]] | None = None
) -> Profile:
    """Check what a profile file says, and make the profile.

    ``settings_of``: family name -> its settings type. ``actions_of``: family name -> the names of its actions, of
    devices and of sub-devices; without it they are not checked.
    Raises ConfigError naming ``where`` and the key path.
    """
    settings = settings_of(file.family)
    if settings is None:
        raise ConfigError(f"{where}: `$.family`: there is no family {file.family!r}.")
    try:
        session = msgspec.convert(file.session, settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None
    if actions_of is not None:
        _check_actions(file, actions_of(file.family), where)
    return Profile(
        name=file.name,
        family=file.family,
        title=file.title,
        products=tuple(file.products),
        main=file.main,
        unknown=file.unknown,
        session=session,
        actions=None if file.actions is None else tuple(file.actions),
        points=_wire_points(file, where),
    )


def _check_actions(file: ProfileFile, known: Collection[str], where: str) -> None:
    for name in file.actions or ():
        if name not in known:
            raise ConfigError(
                f"{where}: `$.actions`: {file.family} has no action {name!r}. It has: {', '.join(known) or 'none'}."
            )


def _wire_points(file: ProfileFile, where: str) -> tuple[WirePoint, ...]:
    rows = [_wire_point(row, f"{where}: `$.point[{number}]`") for number, row in enumerate(file.point)]
    _must_be_unique([row.point.key for row in rows], where)
    _must_differ_in_type(rows, where)
    keys = {row.point.key for row in rows}
    if file.main and file.main not in keys:
        raise ConfigError(f"{where}: `$.main` names {file.main!r}, which is no key of a point.")
    for row in rows:
        if row.falls_to and row.falls_to == row.point.key:
            raise ConfigError(f"{where}: `falls_to` of {row.point.key} names itself.")
        if row.sign is not None and row.counter not in ("none", "increment", "total"):
            raise ConfigError(f"{where}: `sign_from` of {row.point.key} does not go with a {row.counter} counter.")
        if row.sign is not None and row.counter != "none" and not row.falls_to:
            raise ConfigError(
                f"{where}: `sign_from` of {row.point.key} needs `falls_to`: the point that counts the other direction."
            )
    return tuple(rows)


def _wire_point(row: PointRow, path: str) -> WirePoint:
    if (row.dp is None) == (row.wire is None):
        raise ConfigError(f"{path} needs one of `dp` and `wire`.")
    scale = Fraction(str(row.scale))
    if scale <= 0:
        raise ConfigError(f"{path}.scale must be more than 0.")
    energy = unit_of(row.key) in ("Wh", "varh")
    counter: Counter = row.counter or ("total" if energy else "none")
    if row.negative and (row.type != "value" or counter != "none" or row.sign_from or "w" in row.access):
        raise ConfigError(f"{path}.negative is for a point of type value that can only be read and is no counter.")
    kind: Kind = (
        "switch"
        if row.true_is is not None
        else row.kind or ("counter" if counter != "none" else _KIND_OF_TYPE.get(row.type, "number"))
    )
    exponent = row.exponent if row.exponent is not None else (ENERGY_EXPONENT if energy else _exponent(scale))
    point = Point(
        key=row.key,
        kind=kind,
        access=row.access,
        exponent=exponent,
        label=row.label,
        minimum=row.minimum,
        maximum=row.maximum,
        options=tuple(row.options),
        confidence=row.confidence,
    )
    return WirePoint(
        point=point,
        wire=str(row.dp) if row.dp is not None else row.wire or "",
        type=row.type,
        mul=scale.numerator,
        div=scale.denominator,
        counter=counter,
        wraps=row.wraps,
        falls_to=row.falls_to,
        decode=row.decode,
        inverted=row.inverted,
        tenth=row.negative == "tenth",
        true_is=None if row.true_is is None else _true_values(row, path),
        sign=None if row.sign_from is None else _sign_source(row.sign_from, path),
    )


def _true_values(row: PointRow, path: str) -> frozenset[str]:
    values = row.true_is if isinstance(row.true_is, list) else [row.true_is]
    if "w" in row.access or row.inverted or row.decode or row.counter is not None or row.kind not in (None, "switch"):
        raise ConfigError(f"{path}.true_is is for a switch that can only be read.")
    if not values:
        raise ConfigError(f"{path}.true_is must list at least one value.")
    return frozenset(_sign_text(value) for value in values if value is not None)


def _sign_source(row: SignRow, path: str) -> SignSource:
    if (row.dp is None) == (row.wire is None):
        raise ConfigError(f"{path}.sign_from needs one of `dp` and `wire`.")
    if not row.negative:
        raise ConfigError(f"{path}.sign_from.negative must list at least one value.")
    wire = str(row.dp) if row.dp is not None else row.wire or ""
    return SignSource(wire, frozenset(map(_sign_text, row.negative)))


_KIND_OF_TYPE: Mapping[str, Kind] = {
    "bool": "switch",
    "enum": "enum",
    "string": "text",
    "raw": "raw",
    "bitmap": "bitmap",
}


# What a value of these wire types is in Python. Others (float, or none) are not checked.
_PYTHON_TYPES: Mapping[str, type] = {
    "bool": bool,
    "value": int,
    "enum": int,
    "bitmap": int,
    "string": str,
    "raw": bytes,
}


def _must_differ_in_type(rows: Iterable[WirePoint], where: str) -> None:
    """Of rows with one wire key, each takes values that no other takes."""
    taken: Tally[tuple[str, type | None]] = Tally()
    wires: Tally[str] = Tally()
    for row in rows:
        wires[row.wire] += 1
        taken[row.wire, _PYTHON_TYPES.get(row.type)] += 1
    for (wire, type_), count in taken.items():
        if wires[wire] > 1 and (count > 1 or type_ is None):
            raise ConfigError(
                f"{where}: {wire} is there {wires[wire]} times: each of these points must name a `type`, and bool, "
                "string, raw or a number (value, enum, bitmap) at most once."
            )


def _must_be_unique(keys: list[str], where: str) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigError(f"{where}: the key {key!r} is there twice.")


def _exponent(scale: Fraction) -> int:
    """The decimal exponent that holds every multiple of ``scale``: 0.1 -> -1, 1 -> 0, 1/3 -> -6."""
    for exponent in range(-6, 1):
        if (scale / Fraction(10) ** exponent).denominator == 1:
            best = exponent
    return best if (scale * 10**6).denominator == 1 else -6


def _tidy(value: Fraction, exponent: int) -> Value:
    """The nearest number of 10**exponent steps, as int where it is whole."""
    power: int = 10 ** abs(exponent)
    return round(value / power) * power if exponent >= 0 else round(value * power) / power


def _as_switch(point: Point, value: Value) -> bool:
    states = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    known = states.get(str(value).strip().lower())
    if known is None:
        raise CommandError(f"{point.key} takes on or off, not {value_text(value)!r}.")
    return known


def _as_option(point: Point, value: Value) -> int:
    text = value_text(value)
    if text in point.options:
        return point.options.index(text)
    if not point.options and text.isdecimal():
        return int(text)
    raise CommandError(f"{point.key} takes one of {', '.join(point.options)}, not {text!r}.")


def _as_bytes(point: Point, value: Value) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise CommandError(f"{point.key} takes bytes written in hex, not {value_text(value)!r}.") from None


def _as_number(point: Point, value: Value) -> Fraction:
    try:
        return Fraction(str(value).strip())
    except ValueError:
        raise CommandError(f"{point.key} takes a number, not {value_text(value)!r}.") from None
