"""Lines that no command asked for and that are not log: of the boot loader, the system and the Wi-Fi driver.

    F1: 0000 0000      boot ROM          Last reset reason:HAL_WDT_SOFTWARE_RESET     system
    NOR_init           boot loader       cmd id 0xdd -- 0x0 seq 0x0                   driver

The driver prints at any time, also between the lines of an answer. Source: docs/protocols/meross_console.md §2.2.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import msgspec

Printer = Literal["boot_rom", "boot_loader", "system", "driver"]


class KnownLine(msgspec.Struct, frozen=True):
    """A kind of line; its named groups are facts for the report of a start. ``starts``: the board starts again."""

    printer: Printer
    pattern: str
    starts: bool = False


_MAC = r"[0-9a-fx]{1,2}(?::[0-9a-fx]{1,2}){5}"

KNOWN_LINES: Sequence[KnownLine] = (
    KnownLine("boot_rom", r"(?:F1|V0|U0|T0|\d\d): [0-9A-F]{4} [0-9A-F]{4}(?: \[[0-9A-F]{4}\])?", starts=True),
    KnownLine("boot_rom", r"Leaving the BROM", starts=True),
    KnownLine("boot_loader", r"set CP10 an CP11 Full Access", starts=True),
    KnownLine("boot_loader", r"bl_uart_init|custom_setSFIExt|NOR_init|hal_flash_init", starts=True),
    KnownLine("boot_loader", r"hal_emi_configure(?:_advanced)?|hal_clock_set_pll_dcm_init", starts=True),
    KnownLine("boot_loader", r"hf_fsys_ck freq=(?P<clock_kHz>\d{1,9})", starts=True),
    KnownLine("boot_loader", r"read update info from (?P<update_info>0x[0-9a-f]{1,8})", starts=True),
    KnownLine("boot_loader", r"exit: bl_fota_is_triggered (?P<update_check>\d{1,9})", starts=True),
    KnownLine("boot_loader", r"Jump to addr (?P<started_at>0x[0-9a-f]{1,8})", starts=True),
    KnownLine("system", r"sleep locked\.|normal bootup", starts=True),
    KnownLine("system", r"(?P<clock_crystal>No 32k crystal)", starts=True),
    KnownLine("system", r"system up:\d{1,9}", starts=True),
    KnownLine("system", r"Last reset reason:(?P<reset_reason>\w{1,60})", starts=True),
    KnownLine("system", r"meross watch dog start|#{10,60}|#{1,20} Meross IOT running\.\.\. #{1,20}", starts=True),
    KnownLine("driver", r"cmd id 0x[0-9a-f]{1,8} -- 0x[0-9a-f]{1,8} seq 0x[0-9a-f]{1,8}"),
    KnownLine("driver", r"pAd2|===> rt2860_close|__original_rt2860_init|EntryLifeCheck=\d{1,9}"),
    KnownLine("driver", r"PhyMode=(?P<phy_mode>\d{1,4}), BW=(?P<bandwidth>\d{1,4}), BssCoex=\d{1,4}, .{0,80}"),
    KnownLine("driver", rf"ap up(?P<ap_mac>{_MAC})"),
    KnownLine("driver", rf"Response MAC=(?P<response_mac>{_MAC})"),
    KnownLine("driver", r"(?:NORMAL MODE|RMAC_RFCR = 0x[0-9A-F]{1,8}|Event 0x[0-9a-f]{1,4} not handled)"),
    KnownLine("driver", r"WTBL\d{1,4} for cli\[\d{1,4}\] fail"),
    KnownLine("driver", r"TxPower = (?P<tx_power>\d{1,6})"),
    KnownLine("driver", r"auth:(?P<auth>\d{1,4}), encrypt:(?P<encrypt>\d{1,4})"),
    KnownLine("driver", r"\[MRS Scan Event Callback\]: Scan Done!"),
)

# What log lines report of a start, by module.
LOG_FACTS: Mapping[str, Sequence[str]] = {
    "common": (r"platform:(?P<platform>[\w-]{1,40})\.",),
    "mrs_timer": (r"load (?P<timer_rules>\d{1,4}) rules",),
    "mrs_atf": (r"load (?P<auto_off_rules>\d{1,4}) rules",),
    "mrs_reset": (r"button reset enable,max count\[(?P<button_reset_count>\d{1,6})\]",),
    "mrs_http": (r"httpd status = (?P<httpd>\d{1,4})",),
    "mrs_main": (r"WiFi Init Done: port = (?P<wifi_port>\d{1,4})", r"event (?P<event>[\w ]{1,40})"),
}


def known_line(text: str) -> KnownLine | None:
    """The kind of a line; None where it is of none."""
    found = _ANY.fullmatch(text.strip())
    return None if found is None else KNOWN_LINES[int(str(found.lastgroup)[1:])]


def facts_of(row: KnownLine, text: str) -> Mapping[str, str]:
    """What a line of that kind reports."""
    return _facts(row.pattern, text.strip())


def log_facts(module: str, text: str) -> Mapping[str, str]:
    """What a log line reports."""
    return next((found for one in LOG_FACTS.get(module, ()) if (found := _facts(one, text))), {})


def _facts(pattern: str, text: str) -> Mapping[str, str]:
    found = _compiled(pattern).fullmatch(text)
    return {} if found is None else found.groupdict()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _without_names(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_ANY = re.compile("|".join(f"(?P<k{at}>{_without_names(row.pattern)})" for at, row in enumerate(KNOWN_LINES)))
