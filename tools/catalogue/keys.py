"""The key of a data point: the vocabulary's word for what the raw facts call it.

``names.txt``: the word, then what the facts call it. What no line names keeps its maker's name, with the commonest
abbreviations written out.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tools.catalogue.facts import RawRow, RawTable

from unclouded.core.model import UNITS
from unclouded.profiles.vocabulary import word_of

FILE = Path(__file__).with_name("names.txt")

_WORDS: Mapping[str, str] = {
    "temp": "temperature",
    "hum": "humidity",
    "humi": "humidity",
    "batt": "battery",
    "bat": "battery",
    "volt": "voltage",
    "curr": "current",
    "pwr": "power",
    "pow": "power",
    "color": "colour",
    "bright": "brightness",
    "calib": "calibration",
    "cali": "calibration",
    "calibretion": "calibration",
    "engery": "energy",
    "swtich": "switch",
    "storge": "storage",
    "creat": "create",
    "dispaly": "display",
    "baut": "baud",
    "moisure": "moisture",
    "overchare": "overcharge",
    "repeate": "repeat",
    "sigle": "single",
    "electricity": "energy",
    "poewr": "power",
    "voltag": "voltage",
    "circult": "circuit",
    "pressture": "pressure",
}

_UNIT: Mapping[str, str] = {
    "km_h": "kmh", "kph": "kmh", "ug_m3": "ugm3", "ugm": "ugm3", "mg_m3": "mgm3", "mgm": "mgm3", "us": "uScm",
    "uS_cm": "uScm", "Scm": "uScm", "mscm": "mScm", "d": "days", "Hrs": "h", "hor": "h", "VAC": "V", "VDC": "V",
    "Volt": "V", "DegC": "C", "c": "C", "01V": "V", "01A": "A", "01kW": "W", "001kWh": "Wh", "01L": "L", "KVAH": "kVAh",
    "PSI": "psi", "lbs": "lb", "Ibs": "lb", "gpm": "galmin", "gm": "mgm3", "gm3": "ugm3", "ml": "mL", "01Lmin": "Lmin",
    "klux": "klux", "Klux": "klux",
}  # fmt: skip

# Units that are labels in the maker's app and no unit: levels, steps, counts.
_NO_UNIT = frozenset(
    """
    x X times P step SG CF Lv rs gg g30ml mth 001 0199999 pH ph pcs pulse r cycles DLI perkWh m3hlminlmpgpmusgpm
    m3hlminimpgpmusgpm mlday mLday mg mh galh
    """.split()  # noqa: SIM905
)


def _table(text: str) -> dict[str, tuple[str, bool]]:
    """Pattern of a name → (its word, whether it is numbered)."""
    found: dict[str, tuple[str, bool]] = {}
    word = ""
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    for token in " ".join(lines).split():
        if token.endswith(":"):
            word = token[:-1]
        else:
            found[token] = (word, "#" in token)
    return found


_ALIASES, _CODES = FILE.read_text("utf-8").split("[codes]")
ALIASES = _table(_ALIASES)
CODES = _table(_CODES)


# Groups of the vocabulary whose second of a kind is numbered: power_2_W, on_2.
COUNTED = frozenset({"Switches", "Mains", "Energy"})


def key_of(table: RawTable, raw: RawRow, taken: set[str]) -> str:
    """The key, other than those that are taken."""
    raw_name, unit = split(raw)
    if unit == "ms" and re.search("wind|velocity", raw_name):
        unit = "mps"
    if unit == "m" and re.search("time|countdown|duration|delay|interval", raw_name):
        unit = "min"
    if unit == "W" and re.search("apparent|reactive", raw_name):
        unit = "VA" if "apparent" in raw_name else "var"
    if raw.code == "leakage_ele":
        unit = ""  # the schema says kWh of a leakage
    name, number = raw_name, ""
    code = snake(raw.code)
    if CODES.get(code):
        name = CODES[code][0]
    elif word_of(joined(name, unit)) is None or ALIASES.get(name):
        name, number = renamed(name)
        if raw_name in ALIASES and word_of(joined(name + number, unit)) is None:
            name, number = raw_name, ""  # that word has no such unit: it is something else
    name = special(table, raw, name)
    if name == "energy_import" and not unit:
        name = "energy"
    if name.startswith("unknown") or re.fullmatch(r"dp_?\d*", name):
        return f"dp_{raw.dp}"
    if (first := joined(name + number, unit)) not in taken:
        return first
    own, own_number = renamed(code)
    if own and word_of(second := joined(own + own_number, unit)) and second not in taken:
        return second
    group = word_of(first)
    for one in () if group and group.group in COUNTED else (code,):
        if one and (third := joined(one, unit)) not in taken:
            return third
    count = 2
    while joined(f"{name}_{count}", unit) in taken:
        count += 1
    return joined(f"{name}_{count}", unit)


def split(raw: RawRow) -> tuple[str, str]:
    """A raw key without its unit and without the number of its data point; and the unit as we write it."""
    name = raw.key
    if raw.unit and name.endswith(f"_{raw.unit}"):
        name = name[: -len(raw.unit) - 1]
    elif raw.unit and re.search(rf"_{raw.unit}_\d+$", name):
        name = name[: name.rindex(f"_{raw.unit}_")]
    if not re.search(rf"_{raw.dp}(_|$)", raw.code) and not re.search(rf"\D{raw.dp}(\D|$)", raw.code):
        name = re.sub(rf"_{raw.dp}(?=_|$)", "", name) or name
    unit = "" if raw.unit in _NO_UNIT else _UNIT.get(raw.unit, raw.unit)
    stem, _, last = name.rpartition("_")
    if not raw.unit and stem and last in UNITS and word_of(name):
        name, unit = stem, last
    named = last in UNITS and last not in raw.code.split("_")  # by those who collected the facts
    if raw.unit and named and word_of(name) and word_of(joined(stem, unit)) is None:
        name, unit = stem, last  # the schema says A of a balance in kWh
    if unit in ("min", "h") and last == "s" and word_of(f"{stem}_{unit}"):
        name = stem  # a unit before the unit
    return snake(name), unit if unit in UNITS else ""


def renamed(name: str) -> tuple[str, str]:
    """The vocabulary's word for a name, and which of several it is (``_2``)."""
    for one in (name, re.sub(r"\d+", "#", name, count=1)):
        if one in ALIASES:
            word, numbered = ALIASES[one]
            usb = "usb" if "usb" in one else ""
            found = re.search(r"\d+", name) if numbered else None
            return word, f"_{usb}{int(found[0])}" if found else ""
    words = [_WORDS.get(word, word) for word in name.split("_")]
    written = "_".join(words)
    if written != name:
        return renamed(written)
    moved = re.fullmatch(r"([a-z_]+)_temperature", name)
    if moved and word_of(f"temperature_{moved[1]}_C"):
        return f"temperature_{moved[1]}", ""
    phase = re.fullmatch(r"([a-z_]+)_([abc])_calibration", name)
    if phase:
        return f"{phase[1]}_calibration_{phase[2]}", ""
    state = re.fullmatch(r"(state_[a-z])(\d{1,2})", name)
    if state:
        return state[1], f"_{state[2]}"
    numbered_name = re.fullmatch(r"([a-z][a-z_]*?)_?l?(\d{1,2})", name)
    if numbered_name and (word_of(numbered_name[1]) or word_of(numbered_name[1] + "_C")):
        return numbered_name[1], f"_{int(numbered_name[2])}"
    return name, ""


def special(table: RawTable, raw: RawRow, name: str) -> str:
    """Names that the type decides."""
    if raw.type == "bool" and raw.enum in ("true:heat false:off", "true:ON false:OFF") and name in ("mode", "state"):
        return "on"
    if raw.table.startswith("Z") and re.fullmatch(r"state_?[a-z]?", name) and raw.type in ("bool", "enum"):
        return "on" if raw.type == "bool" else "action" if "OPEN" in raw.enum.upper() else name
    if name == "position" and "w" in ACCESS_OF[raw.access] and raw.dp in ("2", "8") and table.kind == "curtain":
        return "position_target"
    if raw.type == "bool" and name == "power":
        return "on"
    if name == "switch_mode":
        return "mode"
    if name == "colour_temperature" and raw.unit in ("C", "F"):
        return "temperature"  # of a breaker: the colour of a light has no degrees
    if name.startswith("energy") and raw.unit == "A":
        return re.sub("^energy(_import)?", "current", name)  # "electricity" is a current, too
    return name


ACCESS_OF = {"rw": "rw", "ro": "r", "wo": "w"}


def snake(code: str) -> str:
    """``SetTemper C`` → ``set_temper_c``; a name that begins with a digit gets an underscore-free prefix."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", code)
    words = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").lower()
    return f"n{words}" if words[:1].isdigit() else words


def joined(name: str, unit: str) -> str:
    """Name and unit. A name whose last part would be read as a unit gets another end."""
    if unit:
        return f"{name}_{unit}"
    name = re.sub(r"_min((?:_\d+)?)$", r"_lowest\1", name)  # no minutes
    return f"{name}_value" if name.rpartition("_")[2] in UNITS and "_" in name else name
