"""Who asks what on a Tuya line, what answers it, and how long that may take: both dialects. Tables only.

    normal      00 ─► 00   01 ─► 01   06 ─► 07   08 ─► 07 07 …        04 ─► 04   1c ─► 1c   22 ─► 23
    low_power              01 ─► 01   09 ─► 09                        05 ─► 05   06 ─► 06   10 ─► 10
                └──────── the module asks ────────┘                   └───── the MCU asks ─────┘

Sources: docs/protocols/tuya_wifi.md §2.3.2 (heartbeat: offline after 3 s, synchronous report: answer after 5 s or more,
300 ms, 10 ms between commands), §2.4, §2.5; docs/protocols/tuya_low_power.md §2.2, §3.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.family import Sender

PATIENCE = 0.3  # s for an answer where nothing else is said; docs/protocols/tuya_wifi.md §2.3.2
OFFLINE = 3.0  # s that a heartbeat may go unanswered; docs/protocols/tuya_wifi.md §2.3.2
UPDATING = 5.0  # s for an answer to a block of an update; docs/protocols/tuya_wifi.md §2.4.12
CLOUD = 6.0  # s: the failure of what goes to the cloud is told after 5 s; docs/protocols/tuya_wifi.md §2.3.2
SCANNING = 10.0  # s that a scan for networks or Bluetooth may take
KNOCKING = 1.0  # s for an answer on a battery device's line; docs/protocols/tuya_low_power.md §2.2

HEARTBEATS = 15.0  # s between two heartbeats; docs/protocols/tuya_wifi.md §2.3.2
LATE = 3.0  # s that one may be late
BREATH = 0.01  # s between two commands of a module; docs/protocols/tuya_wifi.md §2.3.2

Key = tuple[Sender, int, int | None]  # who asks, command, sub-command


class RequestRule(msgspec.Struct, frozen=True):
    """``answer``: the command that answers. ``points``: data points go one way or the other."""

    answer: int
    limit_s: float = PATIENCE
    points: bool = False


class TimingRules(msgspec.Struct, frozen=True, kw_only=True):
    """Of one dialect. ``pushes``: what looks like an answer and may be said unasked.

    ``order``: what the module asks at the start, in this order. ``pauses``: commands during which no heartbeats are
    due. ``heartbeat`` None: there are none. ``rushes``: what follows the answer before at once. ``versions``: whether
    a version above 0 marks the MCU.
    """

    asks: Mapping[Key, RequestRule]
    pushes: Mapping[tuple[Sender, int], str] = {}
    order: tuple[int, ...] = ()
    pauses: frozenset[int] = frozenset()
    heartbeat: int | None = None
    rushes: frozenset[int] = frozenset()
    report: int
    set: int
    versions: bool = True


def _asks(sender: Sender, limit_s: float, *commands: int) -> dict[Key, RequestRule]:
    """Questions that are answered by their own command."""
    return {(sender, command, None): RequestRule(command, limit_s) for command in commands}


def _subs(sender: Sender, limit_s: float, command: int, *subs: int) -> dict[Key, RequestRule]:
    return {(sender, command, sub): RequestRule(command, limit_s) for sub in subs}


NORMAL = TimingRules(
    asks={
        **_asks("controller", OFFLINE, 0x00),
        **_asks("controller", PATIENCE, 0x01, 0x02, 0x03, 0x21, 0x2E),
        **_asks("controller", UPDATING, 0x0A, 0x0B, 0x31, 0x32),
        **_subs("controller", PATIENCE, 0x34, 0x02, 0x05),
        **_subs("controller", UPDATING, 0x37, 0x01, 0x02, 0x03, 0x06),
        ("controller", 0x06, None): RequestRule(0x07, PATIENCE, True),
        ("controller", 0x08, None): RequestRule(0x07, PATIENCE, True),
        **_asks("device", PATIENCE, 0x04, 0x05, 0x0C, 0x0F, 0x1C, 0x20, 0x24, 0x25, 0x2B, 0x2D),
        **_asks("device", PATIENCE, 0x60, 0x61, 0x62, 0x63, 0x64),
        **_asks("device", KNOCKING, 0x28, 0x2A, 0x2C, 0x2F, 0x30),
        **_asks("device", SCANNING, 0x0E),
        ("device", 0x22, None): RequestRule(0x23, CLOUD),
        **_subs("device", PATIENCE, 0x34, 0x01, 0x03, 0x04, 0x07),
        **_subs("device", CLOUD, 0x34, 0x0B),
        **_subs("device", SCANNING, 0x35, 0x01),
        **_subs("device", PATIENCE, 0x35, 0x05),
        **_subs("device", PATIENCE, 0x37, 0x00),
    },
    pushes={
        ("controller", 0x0C): "modules may push the time",
        ("controller", 0x1C): "modules may push the time",
        ("device", 0x02): "MCUs of version 1 use it as an event",
    },
    order=(0x01, 0x02, 0x03, 0x08),
    pauses=frozenset({0x0A, 0x0B, 0x25, 0x28, 0x30, 0x31, 0x32, 0x37}),
    heartbeat=0x00,
    rushes=frozenset({0x0A, 0x0B, 0x31, 0x32, 0x37}),
    report=0x07,
    set=0x06,
)

LOW_POWER = TimingRules(
    asks={
        **_asks("controller", KNOCKING, 0x01, 0x02, 0x09),
        **_asks("controller", UPDATING, 0x0D, 0x0E),
        **_asks("device", KNOCKING, 0x03, 0x04, 0x06, 0x0A, 0x0B, 0x0C, 0x10),
        **_asks("device", CLOUD, 0x05, 0x08),
        **_asks("device", SCANNING, 0x07),
    },
    order=(0x01, 0x02),
    rushes=frozenset({0x0D, 0x0E}),
    report=0x05,
    set=0x09,
    versions=False,
)
