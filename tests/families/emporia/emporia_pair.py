"""A host and a simulated radio on a fake wire, for the tests here."""

from pair import Damage, Pair, ambient
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import WireAction, WireCommand
from unclouded.families.emporia.host import HostSession, HostSettings
from unclouded.families.emporia.radio import RadioSession

IMPORT, EXPORT, DEMAND = 152_468_871, 9_901_082, 1191


def measures(watts: int = DEMAND, wh: int = IMPORT) -> WireCommand:
    """What the simulated meter measures."""
    return WireCommand({"import": wh, "export": EXPORT, "demand": watts})


def joined(*faults: str, settings: HostSettings | None = None, damage: Damage | None = None, chunk: int = 0) -> Pair:
    """A pair whose meter measures IMPORT, EXPORT and DEMAND; the radio has these faults."""
    host = HostSession(settings or HostSettings(), ambient())
    radio = RadioSession(SimOptions(seed=1, faults=frozenset(faults)), ambient())
    pair = Pair(host, radio, start=False, damage=damage, chunk=chunk)
    pair.submit(measures(), "device")
    pair.mend()
    return pair


def fault(pair: Pair, name: str, state: str = "on") -> None:
    pair.submit(WireAction("set_fault", {"name": name, "state": state}), "device")


def requests_at(pair: Pair, letter: str) -> list[float]:
    """When the host sent that request."""
    return [round(at, 3) for at, side, data in pair.sent if side == "controller" and data == f"${letter}\r".encode()]
