"""What a simulated MCU is: its product, what it asks by itself, and what is wrong with it.

Source: docs/protocols/tuya_wifi.md §2.3, §2.4; the faults are those of §2.6.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

FAULTS: Mapping[str, str] = {
    "sends-nothing": "It sends nothing at all.",
    "ignores-heartbeats": "It answers no heartbeat, but everything else.",
    "ignores-product-query": "It answers heartbeats, but not the question which product it is.",
    "ignores-mode-query": "It does not answer the question for its working mode.",
    "ignores-queries": "It never answers the query for all values and reports changes only.",
    "acks-no-notices": "It acknowledges no notice of time, weather or resets.",
    "ignores-all-until-status-04": "It carries out and reports nothing before it has received the status 03, then 04.",
    "has-old-firmware": "It has old firmware: version 0, product info without JSON.",
    "corrupts-product-info": "There are control bytes in its product info.",
    "sends-version-1-events": "It is of version 1, and reports its keys unasked as working mode, of three bytes.",
    "sends-wrong-lengths": "It sends small numbers in one byte, and enums in four.",
    "answers-slowly": "It takes a quarter of a second for each answer.",
    "restarts": "It starts again every minute.",
    "asks-after-heartbeats": "It asks for time, signal and network after each heartbeat.",
    "sends-stray-bytes": "A stray 55 comes before each frame.",
    "sends-shifted-pieces": "A stale byte comes before what it sends, in pieces of 13 bytes across frames.",
    "interleaves-frames": "An answer that is due while a report is being sent goes out inside that report.",
    "loses-long-frames": "It can receive frames of 31 bytes; with a longer one it loses all that it had received.",
    "stops-after-long-frame": "It can receive frames of 31 bytes; after a longer one it receives nothing until "
    "it is switched off and on, which a new connection does here.",
    "pauses-after-burst": "After three frames within a tenth of a second it receives nothing for three seconds.",
    "echoes-input": "There is no MCU: TX and RX are joined, and what is sent comes back.",
    "changes-in-steps": "It moves numbers in four steps to the commanded value, and reports each.",
    "has-clock-drift": "Its clock gains a second each minute after it has received the time.",
    "has-stuck-relay": "Its relay does not move: it reports the old value after each command.",
}

Moment = Literal["cloud", "heartbeat"]


class ScheduledQuestion(msgspec.Struct, frozen=True):
    """A question that it asks by itself (a name of mcu_questions.QUESTIONS), and when.

    ``cloud``: each time the network gets to the cloud, and then every ``every_s`` seconds where that is not 0.
    ``heartbeat``: after each one that it answers, but its first.
    """

    ask: str
    moment: Moment = "cloud"
    every_s: float = 0.0


class McuOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated MCU is.

    ``fields``: what its product info holds besides p, v and m: mt n ir low ma sm … ``features``: of 37/00, which it
    reports where there are any. ``pins``: none, LED and key, or LED, key and Bluetooth LED, of the module.
    ``increments``: points whose every value counts, even the same one twice. ``repeated``: points that it reports each
    time they are measured, changed or not. ``synced``: points that it reports by 22 until the module has them.
    ``polled``: it reports only when it is asked for everything.
    ``syncs``: it reports all its values each time the network gets to the cloud. ``weather``: what of it it asks for.
    """

    product: str = "uncloudedplugsim"
    firmware: str = "1.0.0"
    pairing: int = 0
    fields: Mapping[str, Any] = {}  # Any: JSON values
    features: Mapping[str, Any] = {}  # Any: JSON values
    old_product: bool = False
    pins: bytes = b""
    version: int = 3
    increments: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    synced: frozenset[str] = frozenset()
    polled: bool = False
    syncs: bool = False
    habits: tuple[ScheduledQuestion, ...] = ()
    weather: tuple[str, ...] = ("w.temp", "w.humidity")
    faults: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if len(self.pins) not in (0, 2, 3):
            raise ValueError("pins are none, two or three bytes")

    def product_info(self, firmware: str, others: Mapping[int, str]) -> bytes:
        """Its product info: JSON, or sixteen characters and a version as the old ones.

        ``others``: the versions of further MCUs, by channel, where they are not those of ``fields``.
        """
        if self.old_product or "has-old-firmware" in self.faults:
            return (self.product + firmware).encode()
        fields = {"p": self.product, "v": firmware, "m": self.pairing, **self.fields}
        if others:
            known = {one["t"]: one["v"] for one in fields.get("ma", ())}
            fields["ma"] = [{"t": channel, "v": version} for channel, version in {**known, **others}.items()]
        text = msgspec.json.encode(fields)
        return text[:-1] + b"\x00\r\n}" if "corrupts-product-info" in self.faults else text

    def frame_version(self) -> int:
        """The version byte of its frames."""
        return (
            0 if "has-old-firmware" in self.faults else 1 if "sends-version-1-events" in self.faults else self.version
        )
