"""The namespaces of the MSS310, for people: who begins, with which methods, and what stands in the payload.

Source: docs/protocols/meross.md §1.8.
"""

from typing import Literal

from unclouded.core.family import CommandRow

Initiator = Literal["controller", "device", "both"]


def _row(name: str, words: str, initiator: Initiator, request: str, response: str) -> CommandRow:
    return CommandRow(
        code=f"Appliance.{name}", name=words, initiator=initiator, request=request, response=response
    )  # fmt: skip


COMMANDS: tuple[CommandRow, ...] = (
    _row("System.All", "everything", "controller", "GET all", "GETACK all: system, and digest (hw2) or control (hw1)"),
    _row("System.Ability", "what it can do", "controller", "GET", "GETACK ability: namespaces with arguments"),
    _row("System.Hardware", "hardware", "controller", "GET", "GETACK hardware: type, version, uuid, macAddress"),
    _row("System.Firmware", "firmware", "controller", "GET", "GETACK firmware: version, server, port, innerIp"),
    _row("System.Time", "time", "both", "GET, SET time; PUSH", "GETACK time: timestamp, timezone, timeRule"),
    _row("System.Clock", "clock", "both", "PUSH clock: seconds since the start", "PUSH clock: timestamp (Unix s)"),
    _row("System.Online", "connection", "controller", "GET", "GETACK online: 0 no, 1 yes, 2 offline, 3 upgrading"),
    _row("System.Report", "report", "device", "PUSH report: list of type, value, timestamp", "none"),
    _row("System.Runtime", "signal", "controller", "GET", "GETACK runtime: signal in percent"),
    _row("System.Debug", "debug", "controller", "GET", "GETACK debug: system, network, cloud"),
    _row("System.Position", "position", "controller", "GET, SET position", "GETACK position: degrees x 1e6"),
    _row("System.DNDMode", "LED off", "controller", "GET, SET DNDMode: mode", "GETACK DNDMode: 1 = LED off"),
    _row("Control.Toggle", "relay (hw1)", "both", "GET, SET toggle: onoff", "GETACK, PUSH toggle: onoff, lmTime"),
    _row("Control.ToggleX", "relay", "both", "GET, SET togglex: channel, onoff", "GETACK, PUSH togglex: one or a list"),
    _row("Control.Electricity", "electricity", "controller", "GET", "GETACK electricity: mA, 0.1 V, mW"),
    _row("Control.Consumption", "energy by day (old)", "controller", "GET", "GETACK consumption: as ConsumptionX"),
    _row("Control.ConsumptionX", "energy by day", "both", "GET", "GETACK consumptionx: date, time, value (Wh)"),
    _row("Control.ConsumptionConfig", "calibration", "both", "PUSH config by the plug; GET", "the same PUSH; GETACK"),
    _row("Control.ConsumptionH", "energy by hour", "controller", "GET", "GETACK consumptionH: timestamp, value (Wh)"),
    _row("Control.Timer", "schedules (hw1)", "controller", "GET, SET timer", "GETACK timer: list"),
    _row("Control.TimerX", "schedules", "both", "GET, SET, DELETE timerx", "GETACK, PUSH timerx and digest"),
    _row("Control.Trigger", "auto-off (hw1)", "controller", "GET, SET trigger", "GETACK trigger: list"),
    _row("Control.TriggerX", "auto-off", "both", "GET, SET, DELETE triggerx", "GETACK, PUSH triggerx and digest"),
    _row("Digest.TimerX", "schedules in short", "controller", "GET", "GETACK digest: channel, id, count"),
    _row("Digest.TriggerX", "auto-offs in short", "controller", "GET", "GETACK digest: channel, id, count"),
    _row("Control.Multiple", "several in one", "controller", "SET multiple: list of messages", "SETACK multiple: list"),
    _row("Control.Bind", "bind", "device", "SET bind (old firmware: PUSH)", "SETACK, empty (old firmware: none)"),
    _row("Control.Unbind", "unbind", "both", "PUSH, empty", "none"),
    _row("Control.Upgrade", "update", "controller", "SET upgrade: url, md5", "SETACK, empty; later PUSH upgradeInfo"),
    _row("Config.Key", "server and key", "controller", "SET key: gateway, key, userId (secret)", "SETACK, empty"),
    _row("Config.WifiList", "Wi-Fi scan", "controller", "GET", "GETACK wifiList"),
    _row("Config.Wifi", "Wi-Fi", "controller", "SET wifi: ssid, password (secret)", "SETACK, empty"),
    _row("Config.WifiX", "Wi-Fi, encrypted", "controller", "SET wifi: password encrypted (secret)", "SETACK, empty"),
    _row("Config.Trace", "last try to join Wi-Fi", "controller", "GET trace", "GETACK trace: code, info"),
    _row("Encrypt.Suite", "LAN encryption", "controller", "GET", "GETACK suite"),
    _row("Encrypt.ECDHE", "key exchange", "controller", "SET ecdhe: step 1, pubkey", "SETACK ecdhe: step 2, pubkey"),
)
NAMES = {str(row.code): row.name for row in COMMANDS}
