"""The generations of the MSS310 that can be simulated, one row each: what each is, lists, and does differently.

Source: docs/protocols/meross.md §1.0.1, §1.8.1; deviations in §1.12.
"""

from collections.abc import Mapping

import msgspec

HTTP_LIMIT = 1_200  # bytes of a request from which firmware 2.1.x closes; docs/protocols/meross.md §1.4.4
LONG_HTTP_LIMIT = 4_096  # bytes; where no measurement is known

_CONFIG = ("Config.Key", "Config.WifiList", "Config.Wifi", "Config.Trace")
_SYSTEM = tuple(
    f"System.{name}"
    for name in (
        *("Online", "All", "Hardware", "Firmware", "Time", "Clock", "Debug", "Ability", "Runtime", "Report"),
        *("Position", "DNDMode"),
    )
)
_OLD = tuple(
    f"Control.{name}"
    for name in ("Toggle", "Timer", "Trigger", "ConsumptionX", "Electricity", "Upgrade", "Bind", "Unbind")
)
_CONTROL = tuple(
    f"Control.{name}"
    for name in (
        *("Multiple", "ToggleX", "TimerX", "TriggerX", "Bind", "Unbind", "Upgrade", "ConsumptionX", "Electricity"),
        "ConsumptionConfig",
    )
)
_DIGEST = ("Digest.TriggerX", "Digest.TimerX")
_NEWER = ("Config.WifiX", "Config.Info", "Config.OverTemp", "Control.OverTemp", "Control.ConsumptionH")
_NEWEST = ("Config.StandbyKiller", "Control.AlertReport", "Encrypt.Suite", "Encrypt.ECDHE")


class PlugDialect(msgspec.Struct, frozen=True, kw_only=True):
    """One generation. ``abilities``: namespaces without ``Appliance.``.

    ``is_old``: hardware 1, with Toggle, Timer and Trigger, and days that end at midnight UTC. ``is_newer``: headers
    with ``triggerSrc`` and ``uuid``, numbers as numbers, networks with colons. ``encrypts``: HTTP bodies of a bound
    plug. ``encrypt_flag``: ``firmware.encrypt``. ``shows_rules``: System.All has digests of timers.
    ``lists_relays``: ToggleX is answered with a list. ``most_commands``: in a Multiple; 0 = it has none.
    ``current_ratio``: the calibration of its current, x 100. ``clock_tries``: unanswered Clock messages after which it
    returns to set-up mode; ``bind_timeout_s``: for the acknowledgement of Bind; 0 = it waits for ever.
    ``hides_wrong_key``: it closes instead of error 5001.
    """

    words: str
    hardware: str
    chip: str
    firmware: str
    compiled: str
    abilities: tuple[str, ...]
    is_old: bool = False
    is_newer: bool = False
    encrypts: bool = False
    encrypt_flag: int = 0
    shows_rules: bool = True
    lists_relays: bool = False
    most_commands: int = 5
    clock_tries: int = 0
    bind_timeout_s: float = 0.0
    hides_wrong_key: bool = False
    day_slots: int = 30
    current_ratio: int = 102
    http_limit: int = HTTP_LIMIT


_ROWS: Mapping[str, PlugDialect] = {
    "hw1": PlugDialect(
        words="hardware 1, firmware 1.1.18: Toggle, Timer and Trigger; its days end at midnight UTC",
        hardware="1.0.0",
        chip="MT7688",
        firmware="1.1.18",
        compiled="2018-12-03 11:15:36",
        abilities=_CONFIG + _SYSTEM + _OLD,
        is_old=True,
        most_commands=0,
        clock_tries=10,
        http_limit=LONG_HTTP_LIMIT,
    ),
    "hw2": PlugDialect(
        words="hardware 2, firmware 2.1.17: ToggleX, TimerX and TriggerX, Multiple",
        hardware="2.0.0",
        chip="mt7682",
        firmware="2.1.17",
        compiled="2021/04/07-16:08:36",
        abilities=_CONFIG + _SYSTEM + _CONTROL + _DIGEST,
    ),
    "hw2.1.7": PlugDialect(
        words="hardware 2, firmware 2.1.7: that of the published console transcript",
        hardware="2.0.0",
        chip="mt7682",
        firmware="2.1.7",
        compiled="2018/11/08 09:58:45 GMT +08:00",
        abilities=_CONFIG + _SYSTEM + _CONTROL + _DIGEST,
        current_ratio=100,
    ),
    "hw6": PlugDialect(
        words="hardware 6, firmware 6.1.8: lists what hardware 2 does, with longer headers",
        hardware="6.0.0",
        chip="rtl8710cf",
        firmware="6.1.8",
        compiled="2021/06/02-17:20:11",
        abilities=_CONFIG + _SYSTEM + _CONTROL + _DIGEST,
        is_newer=True,
    ),
    "hw6.3": PlugDialect(
        words="hardware 6, firmware 6.3.22: takes the Wi-Fi password encrypted; energy by hour",
        hardware="6.0.0",
        chip="rtl8710cf",
        firmware="6.3.22",
        compiled="2023/05/12-10:31:44",
        abilities=_CONFIG + _SYSTEM + _CONTROL + _DIGEST + _NEWER,
        is_newer=True,
        encrypt_flag=1,
        shows_rules=False,
        lists_relays=True,
        most_commands=3,
        hides_wrong_key=True,
    ),
    "hw8": PlugDialect(
        words="hardware 8, firmware 8.3.15: encrypts HTTP; back to set-up mode when its Bind is not acknowledged",
        hardware="8.0.0",
        chip="rtl8720cf",
        firmware="8.3.15",
        compiled="2025/01/02-16:34:01",
        abilities=_CONFIG + _SYSTEM + _CONTROL + _DIGEST + _NEWER + _NEWEST,
        is_newer=True,
        encrypts=True,
        encrypt_flag=1,
        shows_rules=False,
        lists_relays=True,
        most_commands=3,
        bind_timeout_s=45.0,
        hides_wrong_key=True,
        day_slots=31,
    ),
}
USUAL = "hw2"
DIALECTS: Mapping[str, PlugDialect] = {USUAL: _ROWS[USUAL], **_ROWS}
ARGUMENTS: Mapping[str, Mapping[str, int]] = {
    "Control.Timer": {"sunOffsetSupport": 1},
    "Control.TimerX": {"sunOffsetSupport": 1},
}
