"""From raw rows to rows of the catalogue: access, scale, range, options, packed values, signs and counters.

Everything that the facts say in words, or only imply, is decided here or in ``decisions``.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from tools.catalogue.decisions import Decision, decided
from tools.catalogue.facts import RawRow, RawTable, options
from tools.catalogue.keys import key_of

from unclouded.core.model import Access, Confidence, unit_of
from unclouded.profiles.catalogue.table import CatalogueRow
from unclouded.profiles.vocabulary import without_channel

ACCESS: Mapping[str, Access] = {"rw": "rw", "ro": "r", "wo": "w"}
CONFIDENCE: Mapping[str, Confidence] = {"A": "confirmed", "B": "single", "B!": "disputed"}

# Words of options that mean the same: the vocabulary's, and what makers write.
_SAME: Mapping[str, Mapping[str, str]] = {
    "after_power_cut": {
        "memory": "last", "previous": "last", "restore": "last", "restart_memory": "last",
        "power_off": "off", "power_on": "on", "close": "off", "open": "on", "0": "off", "1": "on", "2": "last",
    },
    "indicator": {
        "pos": "position", "switch_position": "position", "invert": "position", "none": "off",
        "on_off_status": "relay",
    },
    "live_updates": {"online": "on", "offline": "off"},
    "direction": {"positive": "forward"},
    "temperature_unit": {"celsius": "c", "centigrade": "c", "fahrenheit": "f", "fahrenheit_degree": "f"},
    "battery_state": {"middle": "medium"},
}  # fmt: skip

# Names of fault bits, once their maker's endings are off.
_FAULTS: Mapping[str, str] = {
    "ov_cr": "over_current", "ov2_cr": "over_current_2", "ov_vol": "over_voltage", "ov_pwr": "over_power",
    "ls_cr": "under_current", "ls_vol": "under_voltage", "ls_pow": "under_power", "undervoltage": "under_voltage",
    "leakagecurr": "leakage", "temp_dif": "temperature_difference", "high_temp": "over_temperature",
    "miss_phase": "missing_phase", "vol_unbalance": "voltage_unbalance", "phase_seq": "phase_sequence",
    "low_temp": "under_temperature", "cir_short": "short_circuit", "meter_commu": "meter_communication",
    "earth": "earth", "cp": "pilot",
}  # fmt: skip

# Alarms that are enums: key -> the options at which it is on.
_TRUE: Mapping[str, frozenset[str]] = {
    "water": frozenset({"alarm", "true", "presence"}),
    "smoke": frozenset({"alarm", "true"}),
    "gas": frozenset({"alarm", "true"}),
    "co_alarm": frozenset({"alarm", "true"}),
    "motion": frozenset({"pir", "true", "presence"}),
    "presence": frozenset({"presence", "true", "exist", "pir"}),
    "vibration": frozenset({"vibration", "move", "true"}),
    "tampered": frozenset({"true"}),
    "battery_low": frozenset({"true", "low"}),
    "window_open": frozenset({"open", "opened", "true"}),
    "fault_alarm": frozenset({"true"}),
}
_FALSE = frozenset(["normal", "none", "nobody", "false", "detecting", "unknown", "high", "close", "closed"])

# Quantities of a phase that no meter has as a sum: without a letter beside that of phase b, it is that of phase a.
_MAINS = frozenset(["power_factor", "direction"])
# Quantities that have no letter where the device has one phase only.
_ALONE = frozenset(["voltage_a", "power_a", "current_a", "power_factor_a", "direction_a"])

# Counters that only rise. Other energies are of a day, a session, a limit.
_TOTALS = frozenset(
    """
    energy_import_Wh energy_export_Wh energy_charged_Wh energy_discharged_Wh energy_pv_Wh reactive_energy_varh
    """.split()  # noqa: SIM905
)

# What is measured cannot be set, whatever access the schema gives it.
_MEASURED = frozenset(
    """
    power_W voltage_V current_A frequency_Hz power_factor power_factor_percent reactive_power_var apparent_power_VA
    temperature_C temperature_F humidity_percent battery_percent illuminance_lux
    """.split()  # noqa: SIM905
)

# Products that report the direction of a power one group late (docs/protocols/tuya_wifi.md §2.6 item 19).
_LAGGING = frozenset({"81yrt3lo"})

# A raw layout's beginning -> the form that reads it (unclouded.profiles.catalogue.packed).
_LAYOUTS: tuple[tuple[str, str], ...] = (
    (r"18B V@2", "phase_full"),
    (r"15B P@1:3x1W", "phase_factor"),
    (r"15B V@", "phase_factor"),
    (r"13B V@9:4x0.1VLE I@5", "phase"),
    (r"6B V@0:2x0.1V I@2:2x0.1A P@4:2x10W", "phase_6_ten_watts"),
    (r"6B V@0:2x0.1V I@2:2x0.1A P@4:2x0.1W", "phase_6"),
    (r"8B V@0:2x0.1V? I@(2:3|3:2)|8B P@5:3|7B V@0:2x0.1V I@2:3|10B V@0:2x0.1V I@2:3", "phase"),
    (r"phase", "phase"),
)


def table_rows(table: RawTable, rows: Iterable[RawRow]) -> list[CatalogueRow]:
    taken: set[str] = set()
    result = [_row(table, raw, taken) for raw in sorted(rows, key=lambda row: int(row.dp))]
    found = _directed([_without_lost_sign(row, result) for row in _picked(_lettered(result))])
    return _lagging(found) if _LAGGING & set(table.products) else found


def _directed(rows: list[CatalogueRow]) -> list[CatalogueRow]:
    """The direction of a power is measured, too."""
    directions = {row.negative_when[0] for row in rows if row.negative_when is not None}
    return [msgspec.structs.replace(row, access="r") if row.dp in directions else row for row in rows]


def _lagging(rows: Iterable[CatalogueRow]) -> list[CatalogueRow]:
    return [msgspec.structs.replace(row, direction_lags=row.negative_when is not None) for row in rows]


def _picked(rows: list[CatalogueRow]) -> list[CatalogueRow]:
    """Of the limits of a charger only that of its rated current counts (tuya-local#5153)."""
    rated = next((row for row in rows if row.code == "DeviceMaxSetA"), None)
    result = []
    for row in rows:
        limit = re.fullmatch(r"set(\d+)a", row.code.lower())
        if rated is not None and limit is not None and f"max{limit[1]}a" in rated.options:
            when = (rated.dp, rated.options.index(f"max{limit[1]}a"))
            row = msgspec.structs.replace(row, key="charge_current_limit_A", used_when=when)
        result.append(row)
    return result


def _lettered(rows: list[CatalogueRow]) -> list[CatalogueRow]:
    """Of one quantity in several phases or channels each has its letter or number; the only one has none."""
    keys = {row.key for row in rows}
    result = []
    for row in rows:
        key = row.key
        unit = f"_{key.rpartition('_')[2]}" if unit_of(key) else ""
        name = key.removesuffix(unit)
        if name in _MAINS and f"{name}_b{unit}" in keys and f"{name}_a{unit}" not in keys:
            key = f"{name}_a{unit}"
        elif name == "on" and "on_2" in keys and "on_1" not in keys:
            key = "on_1"
        elif name in _ALONE and not {f"{name[:-1]}{letter}{unit}" for letter in "bc"} & keys:
            key = f"{name[:-2]}{unit}" if f"{name[:-2]}{unit}" not in keys else key
        keys = keys - {row.key} | {key}
        result.append(msgspec.structs.replace(row, key=key))
    return result


def _row(table: RawTable, raw: RawRow, taken: set[str]) -> CatalogueRow:
    decision = decided(table, raw)
    if decision is not None and decision.key:
        key = decision.key if decision.key not in taken else f"{decision.key}_2"
    else:
        key = key_of(table, raw, taken)
    taken.add(key)
    row = CatalogueRow(
        dp=int(raw.dp),
        type="raw" if raw.type == "?" else raw.type,
        key=key,
        access=ACCESS[raw.access],
        confidence=CONFIDENCE[raw.confidence],
        code=re.sub(r"\s+", "_", raw.code),
        negative_when=_sign(raw),
    )
    changes = _values(raw, key) if row.type == "value" else _named(row, raw)
    row = msgspec.structs.replace(row, **changes)
    return row if decision is None else _apply(row, raw, decision)


def _apply(row: CatalogueRow, raw: RawRow, decision: Decision) -> CatalogueRow:
    changes: dict[str, Any] = {"confidence": decision.confidence}  # Any: each field has its own type
    if decision.scale is not None and decision.scale != row.scale:
        changes["scale"] = decision.scale
        if "value " in raw.note:  # a range of values by the other scale
            changes |= {"low": None, "high": None}
    return msgspec.structs.replace(row, **changes)


def _without_lost_sign(row: CatalogueRow, rows: list[CatalogueRow]) -> CatalogueRow:
    """A sign is read from a data point that the table has."""
    if row.negative_when is None or any(one.dp == row.negative_when[0] for one in rows):
        return row
    return msgspec.structs.replace(row, negative_when=None)


# --- values -----------------------------------------------------------------------------------------


def _values(raw: RawRow, key: str) -> dict[str, Any]:
    scale = _scale(raw)
    low, high = _range(raw, scale)
    counter = _counter(raw, key)
    changes: dict[str, Any] = {"scale": scale, "low": low, "high": high, "counter": counter}
    if counter in ("total", "increment"):
        changes["access"] = "r"
    if raw.table.startswith("Z") and key == "power_W" and raw.dp in ("9", "29", "30") and "signed" not in raw.note:
        changes |= {"tenth": True, "access": "r", "low": None, "high": None}
    if without_channel(without_channel(key)) in _MEASURED:
        changes["access"] = "r"
    return changes


def _scale(raw: RawRow) -> Decimal:
    scale = Decimal(raw.scale) if raw.scale not in ("", "0") else Decimal(1)
    if "1000 -> -900" in raw.note:  # 100 - count: counted from the other end
        return Decimal(1)
    match raw.unit:
        case "01kW":
            return scale * 1000
        case "001kWh":
            return scale * 1000
        case "klux" | "Klux":
            return scale * 1000
    return scale


def _range(raw: RawRow, scale: Decimal) -> tuple[int | None, int | None]:
    """The counts that the wire may have; a range of values is brought to counts."""
    if match := re.search(r"wire (-?\d+)\.\.(-?\d+)", raw.note):
        low, high = int(match[1]), int(match[2])
    elif match := re.search(r"value (-?[\d.]+?)\.\.(-?[\d.]+)", raw.note):
        low, high = round(Decimal(match[1]) / scale), round(Decimal(match[2]) / scale)
    else:
        return None, None
    if raw.unit == "m" and high > 100_000:  # a range of cm
        return None, None
    return (low, high) if low < high else (None, None)


def _counter(raw: RawRow, key: str) -> str | None:
    if unit_of(key) not in ("Wh", "varh"):
        return None
    if "counter=increment" in raw.note:
        return "increment"
    return "total" if without_channel(without_channel(key)) in _TOTALS else "none"


def _sign(raw: RawRow) -> tuple[int, int] | None:
    """Where the sign of a power is. A current has none: it is an amount, as that of a phase."""
    match = re.search(r"negative when dp (\d+) = (-?\d+)", raw.note)
    signed = match is not None and match[1] != raw.dp and raw.type == "value" and raw.unit == "W"
    return (int(match[1]), int(match[2])) if match and signed else None


# --- options, alarms, packed values -----------------------------------------------------------------


def _named(row: CatalogueRow, raw: RawRow) -> dict[str, Any]:
    match row.type:
        case "enum":
            return _enum(row, raw)
        case "bitmap":
            words, _ = options(raw.enum)
            named = any(not re.fullmatch(r"(bit)?\d+", word) for word in words)
            return {"options": _unlike(tuple(map(fault_word, words))) if named else ()}
        case "bool":
            return {"inverted": True} if _is_inverted(row, raw) else {}
        case "raw":
            form = _decode(row, raw)
            return {"decode": form, "access": "r"} if form.startswith("phase") else {"decode": form}
    return {}


def _enum(row: CatalogueRow, raw: RawRow) -> dict[str, Any]:
    words, ordered = options(raw.enum)
    words = _lower(words)
    base = without_channel(without_channel(row.key))
    true = _true_is(base, words) if ordered and row.access == "r" else ()
    if true:
        return {"true_is": true}
    same = _SAME.get(base, {})
    words = tuple(same.get(word, word) for word in words) if _may_rename(words, same) else words
    return {"options": words} if ordered else {"possible": words}


def _may_rename(words: tuple[str, ...], same: Mapping[str, str]) -> bool:
    """Numbers stand for words only where they are the three known ones; and no word may be there twice."""
    if words and all(word.isdecimal() for word in words) and len(words) != 3:
        return False
    return len({same.get(word, word) for word in words}) == len(words)


def _true_is(base: str, words: tuple[str, ...]) -> tuple[int, ...]:
    """The options at which an alarm is on; () where it has more states than on and off."""
    on = _TRUE.get(base)
    if on is None or not words:
        return ()
    if words == ("1", "2"):  # "1" is the alarm, and the first on the wire
        return (0,)
    if not all(word in on or word in _FALSE for word in words):
        return ()
    return tuple(number for number, word in enumerate(words) if word in on)


def _lower(words: tuple[str, ...]) -> tuple[str, ...]:
    return _unlike(tuple(re.sub(r"[^\w/+.:-]", "_", word).lower() for word in words)) if words else ()


def _unlike(words: tuple[str, ...]) -> tuple[str, ...]:
    """Options that differ: one that is there already gets its number."""
    result: list[str] = []
    for number, word in enumerate(words):
        result.append(word if word not in result else f"{word}_{number}")
    return tuple(result)


def fault_word(word: str) -> str:
    """``leakagecurr_alarm`` → ``leakage``."""
    stem = re.sub(r"_(alarm|fault)$", "", word.lower())
    return _FAULTS.get(stem, stem)


def _is_inverted(row: CatalogueRow, raw: RawRow) -> bool:
    words = raw.enum.lower()
    if row.key == "open" or row.key.startswith("motor"):
        return False  # a contact that is closed is not open
    return words in ("true:false false:true", "true:off false:on", "true:unlock false:lock")


def _decode(row: CatalogueRow, raw: RawRow) -> str:
    if raw.raw_layout.startswith("alarm records"):
        return "alarm_1" if without_channel(row.key) == "alarms" and row.key.endswith("_1") else "alarm_2"
    if not row.key.startswith(("phase", "pv_dc_data", "battery_dc_data")):
        return ""
    found = next((form for pattern, form in _LAYOUTS if re.match(pattern, raw.raw_layout)), "")
    return found or ("phase" if re.fullmatch(r"phase_[abc]", row.key) and not raw.raw_layout else "")
