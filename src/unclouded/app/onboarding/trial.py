"""A device that runs for a test only, in a hub of its own: nothing of it is stored, and it has no place in the hub.

NodeSpec ──► Hub with one node ──► facts ──► state, readings, trace
"""

import asyncio
import os
from collections import deque
from collections.abc import Sequence

from unclouded.app.onboarding.kind_guess import while_on
from unclouded.core.errors import CommandError
from unclouded.core.model import Command, Device, Fact, Outcome, Reading, Status, Value
from unclouded.core.views.facts import DeviceView, ReadingView
from unclouded.core.views.json_lines import device_json, reading_json
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services

TRIAL_ID = "trial"
MOST_TRACE = 600  # values of the traced point
POWER = "power_W"
TRACED = (POWER, "temperature_C", "humidity_pct")  # the first of these that the device has is traced


class DeviceTrial:
    """Make it inside a running loop; ``start`` it, and ``stop`` it in any case."""

    def __init__(self, spec: NodeSpec, services: Services, clock: WallClock) -> None:
        self._hub = Hub([spec], services, clock, os.urandom)
        self._id = spec.id
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._trace: deque[tuple[float, float]] = deque(maxlen=MOST_TRACE)
        self._switched: deque[tuple[float, bool]] = deque(maxlen=MOST_TRACE)  # when, and whether it is on since
        self._hub.subscribe(self._take)

    def start(self) -> None:
        """Opens the link and talks to the device, in a task; may be called once."""
        self._task = asyncio.create_task(self._hub.run(), name="onboarding.trial")

    async def stop(self) -> None:
        """End it; its link is closed then."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def answers(self, seconds: float) -> bool:
        """Whether the other end answers as this family within that time; no where its link fails."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.is_answering and not self.link_problem and (left := until - loop.time()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                break
        return self.is_answering or self._has_described_itself

    @property
    def is_answering(self) -> bool:
        return self.status is not None and self.status.state == "online"

    @property
    def link_problem(self) -> str:
        """Why there is no link; "" = there is one, or it is being made."""
        status = self.status
        return status.reason if status is not None and status.state in ("offline", "faulted") else ""

    @property
    def status(self) -> Status | None:
        """The newest one of the device itself; None = it has none yet."""
        statuses = (fact for fact in self._hub.snapshot() if isinstance(fact, Status))
        return next((one for one in statuses if one.device == self._id), None)

    @property
    def device(self) -> Device:
        return self._hub.devices()[0]

    @property
    def readings(self) -> Sequence[Reading]:
        return [fact for fact in self._hub.snapshot() if isinstance(fact, Reading)]

    def device_views(self) -> list[DeviceView]:
        """The device and its sub-devices, as the API has them."""
        statuses = {fact.device: fact for fact in self._hub.snapshot() if isinstance(fact, Status)}
        return [device_json(one, statuses.get(one.id)) for one in self._hub.devices()]

    def reading_views(self) -> list[ReadingView]:
        """The newest reading of each point so far, as the API has them."""
        return [reading_json(one) for one in self.readings]

    def trace(self) -> tuple[str, list[tuple[float, float]]]:
        """The point that is traced, "" = none, and its values with their times."""
        return self._traced(), list(self._trace)

    def drawn(self) -> list[tuple[float, float]]:
        """The power and its times while it was switched on: to switch it is not a habit of what is plugged in."""
        return while_on(self._trace, list(self._switched)) if self._traced() == POWER else []

    async def command(self, point: str, value: Value, origin: str) -> Outcome:
        """Set a point; without one the main one. Raises CommandError."""
        point = point or self.device.main
        if not point:
            raise CommandError("This device has no point that could be switched.")
        return await self._hub.command(Command(self._id, point, value, origin))

    # --- inside --------------------------------------------------------------------------------

    @property
    def _has_described_itself(self) -> bool:
        """It has named its product, though it has no values: a reader without its meter, a device that sleeps."""
        return bool(self.device.info.get("product"))

    def _traced(self) -> str:
        keys = {one.key for one in self.device.points}
        return next((key for key in TRACED if key in keys), "")

    def _take(self, facts: Sequence[Fact]) -> None:
        self._changed.set()
        traced = self._traced()
        own = [fact for fact in facts if isinstance(fact, Reading) and fact.device == self._id]
        self._trace.extend(
            (one.at, float(one.value)) for one in own if one.point == traced and isinstance(one.value, int | float)
        )
        for one in own:
            if isinstance(one.value, bool) and one.point == self.device.main:
                self._note_switch(one.at, one.value)

    def _note_switch(self, at: float, is_on: bool) -> None:
        if not self._switched or self._switched[-1][1] != is_on:
            self._switched.append((at, is_on))
