"""What a device of this maker has of what is supported here: its relay, its meter, its signal.

    its ability list does not name the namespace ─────────────────────────────────► it lacks it, and is never asked
    a setting, or energy in another form, without an ability list ────────────────► the same
    ERROR ────────────────────────────────────────────────────────────────────────► it lacks it
    no usable answer STRIKES times, System.All answered after each, and none before ──► it lacks it

A device that closes, refuses or keeps silent on one namespace works: only the points of that namespace are dropped.
All of this is found out again with each connection and every hour.
Source: docs/protocols/meross.md §1.3, §1.8.1, §1.12.
"""

from collections import Counter
from collections.abc import Collection

import msgspec

from unclouded.families.meross.controller.commands.pending_commands import ONOFF
from unclouded.families.meross.controller.commands.setting_points import TOO_HOT, keys_of
from unclouded.families.meross.controller.energy.consumption import COUNTER, TODAY
from unclouded.families.meross.controller.energy.hours import HOUR
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import All

STRIKES = 3  # requests without an answer, each followed by an answered System.All


class Feature(msgspec.Struct, frozen=True):
    """``namespaces``: those that give it, one of them is enough. ``keys``: its wire keys.

    ``is_extra``: not every plug has it, so that nothing is said of one that lacks it.
    """

    title: str
    namespaces: tuple[str, ...]
    keys: tuple[str, ...]
    is_extra: bool = False


RELAY = Feature("its relay", (namespaces.TOGGLEX, namespaces.TOGGLE), (ONOFF,))
FEATURES = (
    RELAY,
    Feature(
        "power, voltage and current",
        (namespaces.ELECTRICITY,),
        ("electricity.power", "electricity.voltage", "electricity.current"),
    ),
    Feature("energy by day", (namespaces.CONSUMPTIONX, namespaces.CONSUMPTION), (COUNTER, TODAY)),
    Feature("Wi-Fi signal", (namespaces.RUNTIME,), ("runtime.signal",)),
    Feature("its LED", (namespaces.DND,), keys_of(namespaces.DND), is_extra=True),
    Feature("energy by hour", (namespaces.CONSUMPTION_H,), (HOUR,), is_extra=True),
    Feature(
        "over-temperature protection",
        (namespaces.OVER_TEMPERATURE_SETTING,),
        keys_of(namespaces.OVER_TEMPERATURE_SETTING),
        is_extra=True,
    ),
    Feature("over-temperature alarm", (namespaces.OVER_TEMPERATURE,), (TOO_HOT,), is_extra=True),
    Feature("standby killer", (namespaces.STANDBY_KILLER,), keys_of(namespaces.STANDBY_KILLER), is_extra=True),
)
EXTRA = frozenset(
    {namespaces.CONSUMPTION, namespaces.DEBUG, namespaces.POSITION}.union(
        *(feature.namespaces for feature in FEATURES if feature.is_extra)
    )
)  # asked only where the ability list has them
POLLED = EXTRA.union(*(feature.namespaces for feature in FEATURES)) - {namespaces.OVER_TEMPERATURE}


class Support:
    """What one device has, as far as it is known."""

    def __init__(self) -> None:
        self.is_polled = False  # whether it is polled in this connection
        self._listed: frozenset[str] | None = None
        self._listed_before: frozenset[str] = frozenset()  # in the connection before
        self._all: All | None = None
        self._answered: set[str] = set()
        self._refused: set[str] = set()
        self._suspects: set[str] = set()  # without an answer since System.All was answered last
        self._strikes: Counter[str] = Counter()

    @property
    def is_listed(self) -> bool:
        """Whether its ability list is known."""
        return self._listed is not None

    def restart(self) -> None:
        """A new connection, or new firmware."""
        self.is_polled = False
        self._listed_before, self._listed = self._listed or self._listed_before, None
        for one in (self._answered, self._refused, self._suspects, self._strikes):
            one.clear()

    # --- what is found out -----------------------------------------------------------------------

    def list(self, names: Collection[str]) -> None:
        """The namespaces that the plug says it has, in the place of those before."""
        self._listed = frozenset(names)

    def alive(self, all_: All) -> None:
        """It has answered System.All: what was not answered since the last time was its fault, not the network's."""
        self._all = all_
        self._strikes.update(self._suspects)
        self._suspects.clear()

    def answered(self, namespace: str) -> None:
        """The plug has answered in this namespace, so it has it."""
        self._answered.add(namespace)

    def refused(self, namespace: str) -> None:
        """It has answered ERROR."""
        self._refused.add(namespace)

    def unanswered(self, namespace: str) -> None:
        """A request was not answered, or with nothing usable."""
        if namespace in POLLED:
            self._suspects.add(namespace)

    # --- what follows ----------------------------------------------------------------------------

    def has(self, namespace: str) -> bool:
        """Whether it may be asked for this, as far as is known."""
        if not self.may_have(namespace):
            return False
        if namespace in self._answered:
            return True
        return namespace not in self._refused and self._strikes[namespace] < STRIKES

    def may_have(self, namespace: str) -> bool:
        """Whether its ability list has this; without a list, whether it may be asked for it. It may have refused it."""
        if self._listed is None:
            return namespace not in EXTRA or namespace in self._listed_before
        return namespace in self._listed

    @property
    def lacks(self) -> frozenset[str]:
        """The wire keys that it does not have."""
        return frozenset(key for feature in FEATURES if not self._has(feature) for key in feature.keys)

    @property
    def is_whole(self) -> bool:
        """Whether it has all that a metering plug should have."""
        return all(feature.is_extra or self._has(feature) for feature in FEATURES)

    @property
    def titles(self) -> tuple[str, ...]:
        """The supported features that it has."""
        return tuple(feature.title for feature in FEATURES if self._has(feature))

    def _has(self, feature: Feature) -> bool:
        if feature is RELAY and self._all is not None and self._all.has_no_relay:
            return False
        return any(map(self.has, feature.namespaces))
