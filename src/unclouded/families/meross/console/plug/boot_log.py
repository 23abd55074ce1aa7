"""The log of a start, line by line as the published transcript shows it.

The values in it that a start changes: the reason of the reset, the MAC, how many rules there are, the log's clock.
One of its lines is cut in the transcript; it stays so, since its rest is not known. Made up: that the access point
comes up only in set-up mode, and the line of factory mode. Source: docs/protocols/meross.md §1.9.3.
"""

from collections.abc import Iterator

import msgspec

from unclouded.families.meross.console.wire.log_line import ConsoleLogLine
from unclouded.families.meross.plug.network_state import PlugPhase
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug

SOFTWARE_RESET, WATCHDOG_RESET = "HAL_WDT_SOFTWARE_RESET", "HAL_WDT_TIMEOUT_RESET"  # the second one is made up
BANNER = ("###############################", "#### Meross IOT running... ####")
BOOT_LOADER = """F1: 0000 0000
V0: 0000 0000 [0001]
00: 0006 000C
01: 0000 0000
U0: 0000 0001 [0000]
T0: 0000 001B
Leaving the BROM

set CP10 an CP11 Full Access
bl_uart_init
hal_emi_configure
hal_clock_set_pll_dcm_init
hf_fsys_ck freq=191997
hal_emi_configure_advanced
custom_setSFIExt
NOR_init
hal_flash_init
read update info from 0xeee00
read update info from 0xeee00
exit: bl_fota_is_triggered 627
Jump to addr 0x8012000
sleep locked.

normal bootup

No 32k crystal
""".splitlines()
RADIO = ("\tNORMAL MODE", "\tRMAC_RFCR = 0x1DE70A")


class BootLine(msgspec.Struct, frozen=True, gc=False):
    """``at_ms``: after the start."""

    at_ms: int
    text: str


def boot_lines(plug: SimulatedPlug, reason: str) -> Iterator[BootLine]:
    """What a plug prints when it starts, in order. ``reason``: of the start, as the chip names it."""
    for text in BOOT_LOADER:
        yield BootLine(0, text)
    yield from _application(reason)
    yield from _radio(plug)
    yield from _tasks(plug)


def _log(at_ms: int, module: str, function: str, number: int, text: str) -> BootLine:
    return BootLine(at_ms, str(ConsoleLogLine(at_ms, module, "info", function, number, text)))


def _application(reason: str) -> Iterator[BootLine]:
    yield _log(128, "common", "system_init", 353, "platform:MT7682-E3.")
    yield _log(128, "common", "system_init", 354, "system initialize done.")
    yield BootLine(128, "")
    yield BootLine(128, "system up:0")
    yield _log(128, "mrs_main", "mrs_main_task_init", 224, "main task init ok")
    yield BootLine(128, f"Last reset reason:{reason}")
    for text in ("meross watch dog start", "cmd id 0xdd -- 0x0 seq 0x0", "pAd2", "===> rt2860_close"):
        yield BootLine(128, text)
    for text in (*BANNER, BANNER[0], "", "cmd id 0xdf -- 0x12 seq 0x1", "__original_rt2860_init"):
        yield BootLine(130, text)


def _radio(plug: SimulatedPlug) -> Iterator[BootLine]:
    yield BootLine(132, "EntryLifeCheck=1024")
    yield BootLine(132, "PhyMode=14, BW=0, BssCoex=0, 40MHzIntolerant=0, CH adjustment NOT required!")
    if not (plug.settings.is_set_up or plug.settings.is_factory):
        yield BootLine(138, f"ap up{plug.mac}")
    yield _log(140, "mrs_main", "mrs_main_proc", 89, "event system up")
    yield _log(141, "mrs_reset", "mrs_reset_start", 83, "button reset enable,max count[60]")
    yield BootLine(141, "[T: 141 M: mrs_timer C: info F: mrs_timer_task_WTBL1 for cli[255] fail")
    for text in (*RADIO, *RADIO, f"Response MAC={plug.mac}", "Event 0x30 not handled", "TxPower = 160"):
        yield BootLine(142, text)
    yield BootLine(142, "auth:0, encrypt:1")
    yield BootLine(142, "")


def _tasks(plug: SimulatedPlug) -> Iterator[BootLine]:
    yield _log(144, "mrs_atf", "mrs_autooff_task_init", 820, "autooff task init ok")
    yield _log(144, "mrs_http", "mrs_http_handle_event", 29, "meross httpd handle start")
    yield _log(152, "mrs_timer", "mrs_timer_nvdm_load_rules", 556, f"load {len(plug.timers.rules)} rules")
    yield _log(153, "mrs_http", "mrs_http_handle_event", 33, "httpd status = 1")
    yield _log(153, "mrs_http", "mrs_http_server_start", 159, "meross http server init success.")
    yield _log(156, "mrs_atf", "mrs_autooff_nvdm_load_rules", 712, f"load {len(plug.triggers.rules)} rules")
    if plug.settings.is_factory:
        yield _log(160, "mrs_main", "mrs_main_proc", 151, "event factory mode")
    yield _log(198, "mrs_main", "mrs_main_wifi_init_done_handler", 34, "WiFi Init Done: port = 1")


# What the plug prints where it joins a Wi-Fi; made up, in the form of the lines that are known.
PHASE_EVENTS = {
    PlugPhase.JOINING: (101, "event wifi connecting"),
    PlugPhase.CONNECTING: (105, "event wifi connected"),
    PlugPhase.PAIRED: (109, "event iot online"),
}
