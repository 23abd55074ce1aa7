"""Load duration of the home or of devices, read from the store."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Device
from unclouded.core.views.consumption import LoadCurve, LoadDuration
from unclouded.store.reading.reader import StoreReader, UnknownDevice
from unclouded.web.history.consumption.home import Column, HomePlan, home_plan, home_use
from unclouded.web.history.consumption.load import NIGHT_HOURS, base_load, curve
from unclouded.web.history.consumption.power import LONGEST_S, PowerSteps, power_column, power_steps
from unclouded.web.history.series import span
from unclouded.web.words import say

HOME = ""
MAX_VALUES = 300_000  # steps of all devices in one answer; about 2 s


def load(
    reader: StoreReader, zone: ZoneInfo, devices: Sequence[Device], chosen: Sequence[str], start: float, end: float
) -> LoadDuration:
    """A curve for each chosen device, or for the whole home. ``devices``: of the hub. Raises CommandError."""
    start, end = span(start, end)
    if end - start > LONGEST_S:
        raise CommandError(say("api.load.too_long"))
    end = max(min(end, reader.newest() + 1), start + 1)
    steps = power_steps(start, end, zone)
    plan = home_plan(devices)
    wanted = list(dict.fromkeys(chosen)) or list(dict.fromkeys((*plan.devices, *plan.parts)))
    if len(wanted) * len(steps.starts) > MAX_VALUES:
        raise CommandError(say("api.load.too_large", most=MAX_VALUES // len(steps.starts)))
    here = frozenset(one.id for one in devices)
    columns = {id: _column(reader, id, steps, zone, here) for id in wanted}
    is_night = [datetime.fromtimestamp(at, zone).hour in NIGHT_HOURS for at in steps.starts]
    if chosen:
        curves = [_device(id, steps, column, is_night) for id, column in columns.items()]
    else:
        curves = [_home(plan, steps, columns, is_night)]
    return LoadDuration(start=start, end=end, step=steps.step, timezone=zone.key, curves=curves)


def _column(reader: StoreReader, id: str, steps: PowerSteps, zone: ZoneInfo, here: frozenset[str]) -> Column:
    """Of a device that is ``here`` and of which nothing is stored yet, nothing is known."""
    try:
        return power_column(reader, id, steps, zone)
    except UnknownDevice:
        if id not in here:
            raise
        return [None] * len(steps.starts)


def _device(id: str, steps: PowerSteps, column: Column, is_night: Sequence[bool]) -> LoadCurve:
    return curve(id, steps.starts, column, base_load(column, is_night, {}))


def _home(plan: HomePlan, steps: PowerSteps, columns: dict[str, Column], is_night: Sequence[bool]) -> LoadCurve:
    use = home_use(plan, columns)
    parts = {id: columns[id] for id in plan.parts}
    return curve(HOME, steps.starts, use, base_load(use, is_night, parts))
