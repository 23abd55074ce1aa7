"""Values as a module sends them (percent from dBm), and what a product reports of itself, as text.

Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from unclouded.core.sessions.session import Answer, Event, Refusal, Reported
from unclouded.families.tuya.line.datapoint import point_values
from unclouded.families.tuya.wifi.service_messages import ModuleInfo, RecordReport, UnixRecord, WifiTest

MODULE_SOFTWARE = "1.0.0"  # the version that the module reports of itself
SLEEPS = {0: "sleep with power off", 1: "deep sleep", 2: "sleep that keeps the connection"}  # product field sm
FEATURES = {  # bits of field abv in 37/00
    0x01: "Bluetooth notices",
    0x02: "radio remote control",
    0x04: "Bluetooth remote control",
    0x08: "status queries",
    0x10: "Bluetooth before Wi-Fi",
    0x20: "Bluetooth sub-devices",
}


def signal_of(value: Answer | Refusal) -> int:
    """The signal in dBm that an answer gives; 0, which is not known, for a refusal and for what is not a signal."""
    return value if isinstance(value, int) and -128 <= value < 0 else 0


def test_of(dBm: int) -> WifiTest:
    """-50 dBm and better are 100 %, -100 dBm are 0 %."""
    return WifiTest(True, max(0, min(100, 2 * (dBm + 100)))) if dBm else WifiTest(False, 0)


def whole_of(value: Answer | Refusal, most: int) -> int:
    """The whole number that an answer gives, limited to 0 … ``most``; 0 for a refusal and for what is none."""
    return max(0, min(most, value)) if isinstance(value, int) else 0


def module_info(codes: bytes) -> ModuleInfo:
    """What is known of a module that has no Wi-Fi; none of it is secret."""
    known: Mapping[int, tuple[str, object]] = {
        0x01: ("ap", "SmartLife"),
        0x02: ("cc", 0),
        0x04: ("ffs", 0),
        0x05: ("sw", MODULE_SOFTWARE),
    }
    wanted = known.keys() if codes[:1] == b"\xff" else codes
    fields = dict(known[code] for code in wanted if code in known)
    return ModuleInfo(0, json.dumps(fields, separators=(",", ":")).encode()) if fields else ModuleInfo(1)


def sub_versions(fields: Mapping[str, Any]) -> dict[str, str]:  # Any: JSON values
    """The firmware versions of an appliance's further MCUs, by channel: product field ma."""
    others = fields.get("ma")
    known = [one for one in others if isinstance(one, dict)] if isinstance(others, list) else []
    return {f"version_{one['t']}": str(one["v"]) for one in known if isinstance(one.get("t"), int) and "v" in one}


def features_of(product: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> str:  # Any: JSON values
    """The features that it reports by its product info and by 37/00, where it sent that, as text."""
    names = ["infrared"] if product.get("ir") else []
    names += ["low power"] if product.get("low") == 1 else []
    sleep = product.get("sm")
    names += [SLEEPS[sleep]] if isinstance(sleep, int) and sleep in SLEEPS else []
    bits = (settings or {}).get("abv")
    names += [name for bit, name in FEATURES.items() if isinstance(bits, int) and bits & bit]
    return ", ".join(names)


def mode_of(pins: bytes) -> str:
    """A working mode with pins: LED, key, and a Bluetooth LED where there is one. docs/protocols/tuya_wifi.md §2.4.5"""
    named = zip(("LED", "key", "Bluetooth LED"), pins, strict=False)
    return "the module drives " + ", ".join(f"{name} at pin {pin}" for name, pin in named)


def unix_of(time: bytes) -> float | None:
    """Unix seconds of year - 2000 … second, read as GMT; None where there is no such time."""
    try:
        year, month, day, hour, minute, second = time
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def recorded(record: RecordReport | UnixRecord, at: float | None, repeated: bool) -> list[Event]:
    """One report, or more where a point is in it twice."""
    return [
        Reported(one.values, at=at, odd=one.odd, types=one.types, repeated=repeated)
        for one in point_values(record.points)
    ]
