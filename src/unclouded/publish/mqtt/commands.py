"""Commands from the broker to the hub: one after another for each device, each with one outcome for each point.

    <base>/heater/set {"on": true, "id": 7} ──► hub.command
    <base>/heater/set/outcome {"outcome": "confirmed", "id": 7} ◄──┘

A retained command is never carried out: the broker would repeat it at each connection, also years later. In MQTT 5 it
is recognised when it is published; in 3.1.1 only when it comes with a later connection.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Action, Command, Outcome, Progress, PublicHub
from unclouded.publish.mqtt import payloads
from unclouded.publish.mqtt.payloads import WrongPayload
from unclouded.publish.mqtt.session import BrokerMessage
from unclouded.publish.mqtt.topics import TopicRequest
from unclouded.publish.mqtt.updates import UPDATE, UpdateOffer

log = logging.getLogger("unclouded.publish.mqtt")

WAITING_LIMIT = 32  # commands of one device that wait
DEVICES_LIMIT = 256  # devices with commands at a time; of unknown devices too

# Takes the request, the message that it came in, and the outcome as JSON.
Answer = Callable[[TopicRequest, BrokerMessage, bytes], None]
Job = Callable[[], Awaitable[None]]


class BrokerCommands:
    """``origin``: who commands, for the log of the hub. ``answer`` publishes an outcome.

    ``offered``: the firmware that the hub can offer a device; ``installs`` takes the percent of its installation,
    None at its end.
    """

    def __init__(
        self,
        hub: PublicHub,
        origin: str,
        answer: Answer,
        offered: Callable[[str], UpdateOffer | None],
        installs: Callable[[str, int | None], None],
    ) -> None:
        self.commands = 0
        self.refused = 0
        self._hub = hub
        self._origin = origin
        self._answer = answer
        self._offered = offered
        self._installs = installs
        self._waiting: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, request: TopicRequest, message: BrokerMessage) -> None:
        """Carry out the command in a message, after those before it."""
        try:
            job = self._do(request, message) if request.kind == "do" else self._set(request, message)
        except WrongPayload as error:
            self._report(request, message, request.point, Outcome("refused", str(error)), {})
            return
        waiting = self._waiting.get(request.device)
        if waiting is None and len(self._waiting) < DEVICES_LIMIT:
            self._waiting[request.device] = deque([job])
            self._start(self._work(request.device))
        elif waiting is not None and len(waiting) < WAITING_LIMIT:
            waiting.append(job)
        else:
            text = f"Too many commands wait for {request.device}. Send the next one after the outcome of the last."
            self._report(request, message, request.point, Outcome("refused", text), {})

    async def close(self) -> None:
        """End what goes on; its outcome is not known."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()

    # --- inside --------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> None:  # Any: asyncio's
        task = asyncio.get_running_loop().create_task(work, name="publish.mqtt.commands")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A command from the broker crashed.", exc_info=error)

    async def _work(self, device: str) -> None:
        waiting = self._waiting[device]
        try:
            while waiting:
                await waiting[0]()
                waiting.popleft()
        finally:
            self._waiting.pop(device, None)

    def _set(self, request: TopicRequest, message: BrokerMessage) -> Job:
        wanted = payloads.set_request(message.payload, request.point)

        async def run() -> None:
            for point, value in wanted.values:
                point = point or self._main_point(request.device)
                command = Command(request.device, point, value, self._origin)
                outcome = await _outcome(self._hub.command(command))
                self._report(request, message, point, outcome, wanted.echo)

        return run

    def _do(self, request: TopicRequest, message: BrokerMessage) -> Job:
        wanted = payloads.do_request(message.payload)

        async def run() -> None:
            action = Action(request.device, wanted.action, wanted.args, self._origin, wanted.confirmed)
            outcome = await (self._update(action) if wanted.action == UPDATE else _outcome(self._hub.act(action)))
            self._report(request, message, "", outcome, {"action": wanted.action, **wanted.echo})

        return run

    async def _update(self, action: Action) -> Outcome:
        """Install firmware: the file that is named, or the one that the hub offers."""
        if "file" not in action.args:
            offer = self._offered(action.device)
            if offer is None:
                text = f"The hub has no newer firmware for {action.device}. Name a file: docs/updating.md."
                return Outcome("refused", text)
            action = msgspec.structs.replace(action, args={"version": offer.version, **action.args, "file": offer.file})
        try:
            return await _outcome(self._hub.act(action, partial(self._progressed, action.device)))
        finally:
            self._installs(action.device, None)

    def _progressed(self, device: str, progress: Progress) -> None:
        self._installs(device, min(100 * progress.done // progress.total, 100) if progress.total else 0)

    def _main_point(self, device: str) -> str:
        return next((one.main for one in self._hub.devices() if one.id == device), "")

    def _report(
        self, request: TopicRequest, message: BrokerMessage, point: str, outcome: Outcome, echo: Mapping[str, Any]
    ) -> None:
        self.commands += 1
        self.refused += outcome.result == "refused"
        self._answer(request, message, payloads.outcome(request.device, point, outcome, echo))


async def _outcome(command: Awaitable[Outcome]) -> Outcome:
    """An invalid command is refused, with its reason."""
    try:
        return await command
    except CommandError as error:
        return Outcome("refused", str(error))
