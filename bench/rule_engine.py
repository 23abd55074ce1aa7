"""500 rules at 1 Hz of readings: the share of a core that evaluating them takes, and that it grows linearly.

Each rule reads a device of its own; a second case lets all rules read one meter. Target: at most 2 % of a core.
"""

import time

from _common import arguments, report, spin
from unclouded.core.model import Device, Fact, Point, Reading, Status
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.text.rule_text import rule_of

SECONDS = 60
POINTS = (Point(key="on", kind="switch", access="rw"), Point(key="power_W", exponent=-1))


def share(count: int, *, shared: bool) -> float:
    """Seconds of CPU for each second of readings."""
    names = [f"plug{number}" for number in range(count)]
    tables = [
        {"name": one, "while": f"{'plug0' if shared else one}.power_W > 1 kW for 5 min", "set": f"{one} on"}
        for one in names
    ]
    engine = RuleEngine([rule_of(table, rank) for rank, table in enumerate(tables)], HomeCalendar(), 0.0, 1.8e9)
    devices = [
        Device(id=one, identity=one, family="toy", link="", profile="", points=POINTS, main="on") for one in names
    ]
    engine.describe(devices, 0.0, 1.8e9)
    engine.facts([Status(one, "online", 1.8e9) for one in names], 0.0, 1.8e9)
    batches: list[tuple[float, list[list[Fact]]]] = []
    for second in range(1, SECONDS + 1):
        wall = 1.8e9 + second
        values = [(one, 900.0 + (second * 37 + at) % 200) for at, one in enumerate(names)]
        batches.append((wall, [[Reading(one, "power_W", value, wall)] for one, value in values]))
    begin = time.process_time()
    for wall, facts in batches:
        for batch in facts:
            engine.facts(batch, wall - 1.8e9, wall)
        engine.tick(wall - 1.8e9, wall)
    return (time.process_time() - begin) / SECONDS


def main() -> None:
    options = arguments("rules at 1 Hz of readings", rules=500)
    before = spin()
    count = options.rules
    figures = {
        f"{number}_rules_percent_of_a_core": round(100 * share(number, shared=False), 2)
        for number in (count // 2, count, 2 * count)
    }
    figures[f"{count}_rules_that_read_one_meter_percent"] = round(100 * share(count, shared=True), 2)
    report("rules", figures, before, options.json)


if __name__ == "__main__":
    main()
