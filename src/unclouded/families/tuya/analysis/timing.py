"""What answers what on a Tuya line, and how long that may take: made of the command tables, for both dialects.

    normal      00 ─► 00   01 ─► 01   06 ─► 07   08 ─► 07 07 …        04 ─► 04   1c ─► 1c   22 ─► 23
    low_power              01 ─► 01   09 ─► 09                        05 ─► 05   06 ─► 06   10 ─► 10
                └──────── the module asks ────────┘                   └───── the MCU asks ─────┘

Sources: docs/protocols/tuya_wifi.md §2.3.2, §2.4, §2.5; docs/protocols/tuya_low_power.md §2.2, §3.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.line.command import OTHER_SENDER, CommandSpec, CommandTable
from unclouded.families.tuya.low_power import codes as low
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi import codes as wifi
from unclouded.families.tuya.wifi.commands import WIFI

HEARTBEAT_PERIOD_S = 15.0  # between two heartbeats; docs/protocols/tuya_wifi.md §2.3.2
LATE_S = 3.0  # that one may be late
PAUSE_S = 0.01  # between two commands of a module; docs/protocols/tuya_wifi.md §2.3.2

Key = tuple[Sender, int, int | None]  # who asks, command, sub-command


class TimingRules(msgspec.Struct, frozen=True, kw_only=True):
    """Of one dialect. ``asks``: the requests that must be answered.

    ``pushes``: what looks like an answer and may be sent unasked, and why. ``order``: what the module asks at the
    start, in this order. ``pauses``: commands during which no heartbeats are due. ``heartbeat`` None: there are none.
    ``rushes``: what follows the answer before at once. ``unversioned``: what MCUs may answer with version 0.
    ``versions``: whether a version above 0 marks the MCU.
    """

    asks: Mapping[Key, CommandSpec]
    pushes: Mapping[tuple[Sender, int], str]
    order: tuple[int, ...] = ()
    pauses: frozenset[int] = frozenset()
    heartbeat: int | None = None
    rushes: frozenset[int] = frozenset()
    unversioned: frozenset[int] = frozenset()
    report: int
    set: int
    versions: bool = True


def _asks(table: CommandTable) -> dict[Key, CommandSpec]:
    return {
        (sender, spec.code, spec.sub): spec
        for spec in table.specs
        if spec.timeout_s and spec.answer is not None
        for sender in spec.senders
    }


def _pushes(table: CommandTable) -> dict[tuple[Sender, int], str]:
    return {
        (OTHER_SENDER[sender], spec.answer): spec.pushed
        for spec in table.specs
        if spec.pushed and spec.answer is not None
        for sender in spec.senders
    }


NORMAL = TimingRules(
    asks=_asks(WIFI),
    pushes=_pushes(WIFI),
    order=(wifi.PRODUCT, wifi.MODE, wifi.NETWORK, wifi.QUERY),
    pauses=frozenset(
        {
            *(wifi.UPDATE_START, wifi.UPDATE_BLOCK, wifi.FILE_START, wifi.FILE_BLOCK, wifi.FEATURES),
            *(wifi.STOP_HEARTBEATS, wifi.MAP, wifi.MAPS),
        }
    ),
    heartbeat=wifi.HEARTBEAT,
    rushes=frozenset({wifi.UPDATE_START, wifi.UPDATE_BLOCK, wifi.FILE_START, wifi.FILE_BLOCK, wifi.FEATURES}),
    unversioned=frozenset({wifi.WEATHER}),  # the vendor's MCU SDK; docs/protocols/tuya_wifi.md §2.1
    report=wifi.REPORT,
    set=wifi.SET,
)

LOW_POWER_RULES = TimingRules(
    asks=_asks(LOW_POWER),
    pushes=_pushes(LOW_POWER),
    order=(low.PRODUCT, low.STATUS),
    rushes=frozenset({low.UPDATE_SIZE, low.UPDATE_BLOCK}),
    report=low.REPORT,
    set=low.SET,
    versions=False,
)
