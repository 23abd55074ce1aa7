"""A plug's ring of days and the hub that reads it, through contact, outages and restarts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from importlib import resources

from unclouded.core.model import Ledger, Reading
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.session import Noticed, Remember, Reported
from unclouded.families.meross import MerossSettings
from unclouded.families.meross.controller.energy.consumption import DayCounter, PlugClock, day_of
from unclouded.families.meross.plug.state.energy_records import EnergyRecords
from unclouded.families.meross.wire.messages import Day, Time
from unclouded.families.meross.wire.time_rules import local_offset
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter

HOUR, DAY = 3600.0, 86_400.0
IMPORT, TODAY = "energy_import_Wh", "energy_today_Wh"


def profile() -> Profile:
    text = (resources.files("unclouded.profiles") / "meross/mss310.toml").read_text("utf-8")
    return load_profile(text, "mss310", lambda name: MerossSettings)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


class HubOfDays:
    """A hub that reads the days of a plug. ``carries`` is its firmware's; ``zone``: None = midnight is UTC."""

    def __init__(self, firmware: str = "2.1.17", zone: Time | None = None) -> None:
        self.firmware = firmware
        self.zone = zone
        self.readings: list[Reading] = []
        self.notices: list[str] = []
        self._memory = b""
        self._ledgers: dict[str, Ledger] = {}
        self.restart()

    def restart(self) -> None:
        """The hub starts again, from what it has stored."""
        self.energy = DeviceEnergy("plug", dict(self._ledgers))
        self.reader = Interpreter("plug", profile(), self.energy)
        self.counter = DayCounter(self._memory)
        self.counter.firmware = self.firmware

    def measures(self, power_W: float, at: float, plug_clock: float | None = None) -> None:
        self.counter.measured(power_W, self._clock(at, plug_clock))

    def reads(self, days: tuple[Day, ...] | list[Day], at: float, plug_clock: float | None = None) -> list[Reading]:
        """The hub reads the ring at ``at`` by its own clock; the new readings."""
        before = len(self.readings)
        for event in self.counter.read(sorted(days, key=lambda day: day.time), self._clock(at, plug_clock)):
            match event:
                case Reported():
                    self.takes(event, at)
                case Remember(value=value):
                    self._memory = value
                case Noticed(reason=reason):
                    self.notices.append(reason)
        return self.readings[before:]

    def takes(self, event: Reported, at: float) -> None:
        """A report of the plug, read and stored."""
        self.readings += self.reader.readings(event, at)
        self._ledgers |= {ledger.point: ledger for ledger in self.energy.changed()}

    @property
    def totals(self) -> list[Reading]:
        """The readings of the lifetime total."""
        return [one for one in self.readings if one.point == IMPORT]

    @property
    def Wh(self) -> float:
        total = self.energy.total(IMPORT)
        return 0.0 if total is None else total / 1000

    def by_day(self) -> Mapping[str, float]:
        """What was counted for each date, in Wh."""
        return {date: float(day.counted) / 1000 for date, day in self._ledgers[IMPORT].days.items()}

    def _clock(self, at: float, plug_clock: float | None) -> PlugClock:
        return PlugClock(unix=at if plug_clock is None else plug_clock, wall=at, zone=self.zone)


class PlugAndHub:
    """A plug in use, by the hour or the minute, and its hub."""

    def __init__(self, start: float, *, carries: bool = False, firmware: str = "", zone: Time | None = None) -> None:
        self.now = start
        self.zone = zone
        self.ring = EnergyRecords(30, carries)
        self.hub = HubOfDays(firmware or ("2.1.4" if carries else "2.1.17"), zone)
        self.used: dict[str, Fraction] = {}  # by the plug's date

    def runs(self, power_W: int, seconds: float, contact: bool = True) -> None:
        """The load draws a power for so long; around midnight it is read each minute, else each half hour."""
        until = self.now + seconds
        while self.now < until:
            step = min(self._step(), until - self.now)
            self.now += step
            energy = Fraction(power_W) * Fraction(step) / 3600
            day = self._date()
            self.used[day] = self.used.get(day, Fraction(0)) + energy
            self.ring.add(energy, self.now, self._offset())
            if contact:
                self.hub.measures(power_W, self.now)
                self.hub.reads(self.ring.days, self.now)

    def loses_contact(self) -> None:
        self.hub.counter.new_connection()

    def _step(self) -> float:
        to_midnight = DAY - (self.now + self._offset()) % DAY
        return 60.0 if to_midnight <= 1800 or to_midnight > DAY - 1800 else 1800.0

    def _offset(self) -> int:
        return 0 if self.zone is None else local_offset(self.zone.time_rule, self.now)

    def _date(self) -> str:
        return day_of(self.now, self._offset())
