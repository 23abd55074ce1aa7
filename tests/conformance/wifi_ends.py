"""Our ends of the ordinary Tuya line in conformance tests, whole and with one rule broken."""

import msgspec

from conformance.conforming import World, conform
from pair import Pair, ambient
from unclouded.conformance.check import PersonTask, RunReport
from unclouded.core.sessions.session import Session, WireAction, WireCommand, WireValue
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, ScheduledQuestion, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

TYPES = {
    **{"1": "bool", "6": "raw", "9": "value", "18": "value"},
    **{"21": "string", "26": "bitmap", "38": "enum", "101": "value"},
}
FIRST: dict[str, WireValue] = {"1": True, "6": b"\1\2", "9": 0, "21": "abc", "26": 0, "38": 1}
OPTIONS = McuOptions(
    pairing=2,
    fields={"mt": 5, "n": 0, "low": 0, "ir": "5.12", "ma": [{"t": 10, "v": "1.0.0"}]},
    features={"mcu_ota": 0, "abv": 8, "buf": 1024, "b_nm": "abc"},
    synced=frozenset({"101"}),
    habits=tuple(ScheduledQuestion(ask) for ask in ("weather", "time-notices", "reset-notices", "time", "mac")),
)


def home() -> World:
    """Two values change every five seconds."""
    calls = [0]

    def world(pair: Pair) -> None:
        calls[0] += 1
        if calls[0] % 5 == 1:
            values: dict[str, WireValue] = {
                **(FIRST if calls[0] == 1 else {}),
                "18": 400 + calls[0] // 5 % 7,
                "101": calls[0],
            }
            pair.submit(WireCommand(values, types=TYPES), "device")

    return world


def person(pair: Pair, task: PersonTask) -> None:
    """Does what a check asks for."""
    if task.kind == "switch":
        pair.submit(WireCommand({"1": True}))
    if task.kind == "update":
        pair.submit(WireAction("update", {"file": "new.bin"}))


def check_mcu(mcu: Session) -> RunReport:
    return conform("tuya_wifi", "controller", mcu, world=home())


def check_module(module: Session) -> RunReport:
    return conform("tuya_wifi", "device", module, assist=person)


def mcu(*faults: str, **options: object) -> Session:
    return wifi_mcu(msgspec.structs.replace(OPTIONS, faults=frozenset(faults), **options))


def module(**settings: object) -> Session:
    return wifi_module(WifiSettings(**settings), ambient())  # type: ignore[arg-type]  # WifiSettings' own
