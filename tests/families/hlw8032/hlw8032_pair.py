"""A reader and a simulated chip on a fake wire, for the tests here."""

from families.hlw8032.hlw8032_examples import measures
from pair import Damage, Pair, ambient
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Reported, WireAction
from unclouded.families.hlw8032.chip import Hlw8032Chip
from unclouded.families.hlw8032.reader import Hlw8032Reader, Hlw8032Settings


def joined(*faults: str, settings: Hlw8032Settings | None = None, damage: Damage | None = None, chunk: int = 0) -> Pair:
    """A pair whose chip measures 230 V, 2 A and 400 W; it has these faults."""
    reader = Hlw8032Reader(settings or Hlw8032Settings(), ambient())
    chip = Hlw8032Chip(SimOptions(seed=1, faults=frozenset(faults)), ambient())
    pair = Pair(reader, chip, start=False, damage=damage, chunk=chunk)
    pair.submit(measures(), "device")
    pair.mend()
    return pair


def fault(pair: Pair, name: str, state: str = "on") -> None:
    pair.submit(WireAction("set_fault", {"name": name, "state": state}), "device")


def use(pair: Pair, watts: float, until: float) -> None:
    """The load draws that much, measured every second as in the simulated home."""
    while pair.now < until:
        seconds = min(1.0, until - pair.now)
        pair.submit(measures(watts=watts, mWh=round(watts * seconds * 1000 / 3600)), "device")
        pair.run(until=pair.now + seconds)


def energy_mWh(pair: Pair) -> float:
    """What the reader has reported in all."""
    return float(sum(event.values.get("energy", 0) for event in pair.of("controller", Reported)))
