"""Our ends of a battery device's line in conformance tests."""

from conformance.conforming import conform
from pair import Pair, ambient
from unclouded.conformance.check import PersonTask, RunReport
from unclouded.core.sessions.session import Session, WireAction, WireCommand, WireValue
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings

TYPES = {"1": "bool", "2": "value", "17": "value", "21": "string", "26": "bitmap", "38": "enum"}
FIRST: dict[str, WireValue] = {"1": True, "2": 87, "17": 60, "21": "abc", "26": 1, "38": 2}


class FrontDoor:
    """Its world: what it measures first, and a button that wakes it."""

    def __init__(self) -> None:
        self._is_new = True
        self._charge = 87

    def world(self, pair: Pair) -> None:
        if self._is_new:
            pair.submit(WireCommand(FIRST, types=TYPES), "device")
        self._is_new = False

    def assist(self, pair: Pair, task: PersonTask) -> None:
        if task.kind == "wake":
            self._charge = self._charge - 1 if self._charge > 10 else 87
            pair.submit(WireCommand({"2": self._charge}, types=TYPES), "device")


def low_person(pair: Pair, task: PersonTask) -> None:
    """Does what a check of the module asks for."""
    if task.kind == "switch":
        pair.submit(WireCommand({"1": True}, types=TYPES))
    if task.kind == "update":
        pair.submit(WireAction("update", {"file": "new.bin"}))


def check_low_mcu(mcu: Session) -> RunReport:
    door = FrontDoor()
    return conform("tuya_low_power", "controller", mcu, world=door.world, assist=door.assist)


def check_low_module(module: Session) -> RunReport:
    return conform("tuya_low_power", "device", module, assist=low_person)


def door_mcu(*faults: str) -> Session:
    return low_mcu(LowOptions(faults=frozenset(faults)))


def door_module(**settings: object) -> Session:
    return low_module(LineSettings(**settings), ambient())  # type: ignore[arg-type]  # LineSettings' own
