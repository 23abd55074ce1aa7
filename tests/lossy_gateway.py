"""Ten minutes of a gateway with 128 sub-devices on a line that loses frames, and whether all is right in the end.

Sub-devices join, measure, are commanded, make records, fall silent and leave. While the line is bad a share of all
frames is lost, some of them only in part. Then the line is good for a while, and both ends must agree.
"""

import random
from collections import Counter
from typing import Any

from pair import Damage, Pair, ambient
from unclouded.core.sessions.session import (
    Joined,
    Left,
    Offline,
    Online,
    Reported,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings

SUB_DEVICES = 128
MINUTES = 10
SETTINGS = GatewaySettings(heartbeat_s=60.0, resync_s=60.0)
CALM_S = 300.0  # of a good line at the end
NUMBER = "20"  # a point whose value is another one in each record


def losing_frames(share: float, cuts: float = 1 / 3) -> Damage:
    """With that probability a frame is lost, some of them only in part: that share of them."""

    def damage(data: bytes, rng: random.Random) -> bytes:
        if rng.random() >= share:
            return data
        return data[: rng.randrange(len(data))] if rng.random() < cuts else b""

    return damage


class LossyGateway:
    """One run. ``problems``: what was not right in the end."""

    def __init__(
        self,
        seed: int,
        share: float = 0.3,
        devices: int = SUB_DEVICES,
        settings: GatewaySettings = SETTINGS,
        cuts: float = 1 / 3,
    ) -> None:
        self._rng = random.Random(seed)
        self._share, self._cuts = share, cuts
        self._ids = [f"00124b00{seed:04x}{number:04x}" for number in range(devices)]
        specs = tuple(
            SimulatedSubDevice(id=id, product=f"product{number % 5:09}") for number, id in enumerate(self._ids)
        )
        self._mcu = gateway_mcu(GatewayOptions(sub_devices=specs), ambient())
        self._module = gateway_module(settings, ambient())
        self.pair = Pair(self._module, self._mcu, damage=self._damage, seed=seed)
        self._tickets: list[int] = []
        self._records: Counter[tuple[str, int]] = Counter()
        self._count = 0
        self._silent: set[str] = set()

    def run(self, minutes: float = MINUTES) -> list[str]:
        for id in self._ids:
            self._measure(id, {"1": False, "19": 0, NUMBER: 0})
        end = minutes * 60.0
        while self.pair.now < end:
            self.pair.run(until=min(self.pair.now + self._rng.expovariate(4.0), end))
            self._something()
        self._share = 0.0
        self.pair.run(until=end + CALM_S)
        return self.problems()

    # --- what happens ----------------------------------------------------------------------------

    def _damage(self, data: bytes, rng: random.Random) -> bytes:
        return losing_frames(self._share, self._cuts)(data, rng)

    def _something(self) -> None:
        if self._rng.random() < 0.02:
            self._act(WireAction("permit", {"seconds": "60"}))
            return
        id = self._rng.choice(self._ids)
        match self._rng.randrange(20):
            case 0:
                self._record(id)
            case 1:
                self._silence(id, self._rng.random() < 0.3)
            case 2 if self._rng.random() < 0.2:
                self._act(WireAction("remove", part=id))
            case 3 | 4 | 5 | 6 | 7 | 8:
                self._command(id)
            case _:
                self._measure(id, {"19": self._rng.randrange(3000)})

    def _joined(self) -> list[str]:
        return [one.spec.id for one in self._mcu.role.devices.joined()]

    def _measure(self, id: str, values: dict[str, Any]) -> None:  # Any: wire values
        self.pair.submit(WireCommand(values, id), side="device")

    def _record(self, id: str) -> None:
        if id in self._joined():
            self._count += 1
            self._measure(id, {NUMBER: self._count})
            self.pair.submit(WireAction("record", part=id), side="device")
            self._records[id, self._count] += 1

    def _silence(self, id: str, is_silent: bool) -> None:
        (self._silent.add if is_silent else self._silent.discard)(id)
        self.pair.submit(WireAction("silent", {"state": "on" if is_silent else "off"}, id), side="device")

    def _command(self, id: str) -> None:
        if id in self._known():
            self._tickets.append(self.pair.submit(WireCommand({"1": self._rng.random() < 0.5}, id)))

    def _act(self, action: WireAction) -> None:
        if not action.part or action.part in self._known():
            self._tickets.append(self.pair.submit(action))

    # --- what the hub knows ------------------------------------------------------------------------

    def _known(self) -> set[str]:
        known: set[str] = set()
        for event in self.pair.of("controller"):
            if isinstance(event, Joined):
                known.add(event.part)
            elif isinstance(event, Left):
                known.discard(event.part)
        return known

    def _states(self) -> dict[str, bool]:
        states: dict[str, bool] = {}
        for event in self.pair.of("controller"):
            if isinstance(event, Online | Offline):
                states[event.part] = isinstance(event, Online)
        return states

    def _newest(self) -> dict[str, dict[str, Any]]:
        newest: dict[str, dict[str, Any]] = {}
        for event in self.pair.of("controller"):
            if isinstance(event, Left):
                newest.pop(event.part, None)
            elif isinstance(event, Reported) and event.at is None:
                newest.setdefault(event.part, {}).update(event.values)
        return newest

    def problems(self) -> list[str]:
        found: list[str] = []
        settled = Counter(event.ticket for event in self.pair.of("controller", Settled))
        if settled != Counter(self._tickets):
            found.append(f"commands settled not exactly once: {settled - Counter(self._tickets)}")
        known, joined = self._known(), set(self._joined())
        if known != joined:
            found.append(f"the hub knows {sorted(known - joined)} too, and not {sorted(joined - known)}")
        states, newest = self._states(), self._newest()
        for id in sorted(known & joined):
            one = self._mcu.role.devices.get(id)
            assert one is not None
            if states.get(id) is not one.is_there:
                found.append(f"{id} counts as {'online' if states.get(id) else 'offline'}")
            actual = {key: point.value for key, point in one.points.items()}
            if one.is_there and newest.get(id) != actual:
                found.append(f"{id} is {actual}, and the hub knows {newest.get(id)}")
        stored = Counter(
            (event.part, event.values[NUMBER]) for event in self.pair.of("controller", Reported) if event.at is not None
        )
        # Records of a sub-device that was removed before they were sent are gone with it.
        for record, times in (stored - self._records).items():
            found.append(f"the record {record} was stored {times} times too often")
        for record in self._records - stored:
            if record[0] in joined and not self._was_removed(record[0]):
                found.append(f"the record {record} was never stored")
        return found

    def _was_removed(self, id: str) -> bool:
        return any(event.part == id for event in self.pair.of("controller", Left))
