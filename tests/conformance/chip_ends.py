"""Our metering chip in conformance tests."""

from conformance.conforming import conform
from pair import Pair, ambient
from unclouded.conformance.check import PersonTask, RunReport
from unclouded.conformance.hlw8032.chip_checks import SWITCH_OFF, SWITCH_ON
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Session, WireCommand
from unclouded.families.hlw8032.chip import Hlw8032Chip

VOLTS, IDLE_W, LOAD_W = 230.0, 400.0, 1200.0
NEARLY_ROUND_MWH = 175_000.0  # a wrap of the counter comes in a minute of IDLE_W


class Plug:
    """Its load: IDLE_W, and LOAD_W once a person has switched it on."""

    def __init__(self) -> None:
        self._watts = IDLE_W
        self._at = 0.0
        self._more_mWh = NEARLY_ROUND_MWH

    def world(self, pair: Pair) -> None:
        used = self._watts * (pair.now - self._at) / 3.6 + self._more_mWh
        self._at, self._more_mWh = pair.now, 0.0
        values = {"voltage": VOLTS, "current": self._watts / VOLTS, "power": self._watts, "energy": used}
        pair.submit(WireCommand(values), "device")

    def assist(self, pair: Pair, task: PersonTask) -> None:
        if task in (SWITCH_ON, SWITCH_OFF):
            self._watts = LOAD_W if task == SWITCH_ON else IDLE_W


def check_chip(chip: Session) -> RunReport:
    plug = Plug()
    return conform("hlw8032", "controller", chip, world=plug.world, assist=plug.assist)


def chip(*faults: str) -> Session:
    return Hlw8032Chip(SimOptions(seed=1, faults=frozenset(faults)), ambient())
