"""One device without a hub's process: its readings and commands, for other programs."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.app.configuration.config import parse_config
from unclouded.app.configuration.tables.file import DeviceTable, HiddenText
from unclouded.app.device_factory import DeviceFactory
from unclouded.core.errors import LinkError
from unclouded.core.model import Command, Device, Fact, Outcome, Reading, Status, Value
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub
from unclouded.hub.services.services import Services

ID = "device"
READY_S = 15.0  # s until a device has answered
MOST_WAITING = 10_000  # readings that are kept for a program that does not take them


class OpenedDevice:
    """A device on its link. Readings have units and qualities as those of a hub; commands are confirmed by it.

    Made by ``open_device``.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: deque[Reading] = deque(maxlen=MOST_WAITING)
        self._changed = asyncio.Event()
        self._is_closed = False
        hub.subscribe(self._take)

    @property
    def description(self) -> Device:
        """What it is: product, profile, points."""
        return self._hub.devices()[0]

    @property
    def parts(self) -> Sequence[Device]:
        """The sub-devices behind it."""
        return self._hub.devices()[1:]

    @property
    def status(self) -> Status | None:
        """``online``, ``offline`` …, and why; of the device itself."""
        statuses = (fact for fact in self._hub.snapshot() if isinstance(fact, Status))
        return next((one for one in statuses if one.device == ID), None)

    def newest(self) -> Mapping[str, Value]:
        """The newest value of each point of the device itself."""
        return {one.point: one.value for one in self._hub.snapshot() if isinstance(one, Reading) and one.device == ID}

    async def readings(self) -> AsyncIterator[Reading]:
        """Every reading as it arrives, until the loop over it is left. Those since the last loop come first.

        Raises LinkError after the device was closed.
        """
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._check_open()
            self._changed.clear()
            await self._changed.wait()

    async def set(self, point: str, value: Value, part: str = "") -> Outcome:
        """Set a point, of a sub-device by its id.

        Raises CommandError for one that is not there or not allowed, and LinkError after the device was closed.
        """
        self._check_open()
        return await self._hub.command(Command(part or ID, point, value, "python"))

    async def ready(self, timeout_s: float = READY_S) -> None:
        """Wait until it has answered and has said a value. Raises LinkError with the reason where it does not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._is_ready():
                    self._changed.clear()
                    await self._changed.wait()
                return
        status = self.status
        reason = f": {status.reason.rstrip('.')}" if status is not None and status.reason else ""
        raise LinkError(f"The device did not answer within {timeout_s:g} s{reason}.")

    def closed(self) -> None:
        """Its link is closed: loops over its readings end with an error. ``open_device`` calls this."""
        self._is_closed = True
        self._changed.set()

    def _check_open(self) -> None:
        if self._is_closed:
            raise LinkError("The device was closed when the block of open_device ended. Open it again, or stay inside.")

    def _is_ready(self) -> bool:
        status = self.status
        return status is not None and status.state in ("online", "asleep") and bool(self.newest())

    def _take(self, facts: Sequence[Fact]) -> None:
        self._waiting.extend(fact for fact in facts if isinstance(fact, Reading))
        self._changed.set()


@contextlib.asynccontextmanager
async def open_device(
    link: str, family: str, *, profile: str = "", key: str = "", wait_s: float = READY_S, **settings: Any
) -> AsyncIterator[OpenedDevice]:
    """A device on ``link`` (``serial:///dev/ttyUSB0?baud=9600``, ``tcp://…``, ``http://…``) of ``family``.

    ``profile``: "" = that of its product. ``key``: of a plug. ``wait_s``: until it has answered; 0 = do not wait.
    ``settings``: those of the family (docs/devices.md). Raises ConfigError, LinkError.
    """
    table = DeviceTable(id=ID, family=family, link=link, profile=profile, session=settings)
    plain = parse_config("", "open_device")
    config = msgspec.structs.replace(plain, devices=(table,), meross_key=HiddenText(key))
    spec = DeviceFactory(config).node(table, "`open_device")
    clock = WallClock(asyncio.get_running_loop().time)
    hub = Hub([spec], Services(time.time, config.zone), clock, os.urandom)
    device = OpenedDevice(hub)
    task = asyncio.create_task(hub.run(), name="open_device")
    try:
        if wait_s:
            await device.ready(wait_s)
        yield device
    finally:
        device.closed()
        task.cancel()
        await asyncio.wait({task})
