"""Our ends of the radio's line in conformance tests."""

from conformance.conforming import World, conform
from pair import Pair, ambient
from unclouded.conformance.check import PersonTask, RunReport
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Session, WireAction, WireCommand
from unclouded.families.emporia.host import HostSession, HostSettings
from unclouded.families.emporia.radio import RadioSession

WH, WATTS = 152_468_871, 1200


def meter() -> World:
    """Uses WATTS without end."""

    def world(pair: Pair) -> None:
        used = round(pair.now * WATTS / 3600)
        pair.submit(WireCommand({"import": WH + used, "export": 9_901_082, "demand": WATTS}), "device")

    return world


def check_radio(radio: Session) -> RunReport:
    return conform("emporia", "controller", radio, world=meter())


def radio(*faults: str) -> Session:
    return RadioSession(SimOptions(seed=1, faults=frozenset(faults)), ambient())


def person(pair: Pair, task: PersonTask) -> None:
    if task.kind == "reset":
        pair.submit(WireAction("reset_radio"))


def check_host(host: Session) -> RunReport:
    return conform("emporia", "device", host, assist=person)


def host(**settings: float) -> Session:
    return HostSession(HostSettings(**settings), ambient())
