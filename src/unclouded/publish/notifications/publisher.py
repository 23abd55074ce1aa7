"""The publisher of messages: alerts of the hub and appliances that have finished, to one or several services."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from unclouded.core.model import Alert, Device, Fact, Notice, PublicHub, Reading, Status
from unclouded.core.publisher import PublisherStatus
from unclouded.core.sessions.session_parts import earliest
from unclouded.publish.notifications.finished import FinishedDetector, FinishedRule
from unclouded.publish.notifications.plan import NotificationPlan, NotificationRules
from unclouded.publish.notifications.sending import service
from unclouded.publish.notifications.texts import NotificationTexts, alert_text, finished_text

log = logging.getLogger("unclouded.publish.notifications")

GATHER_S = 2.0  # s in which several alerts are one message
CHECK_S = 30.0  # s between two looks at the clock, for the end of quiet hours
AGAIN_S = 60.0  # s until a message that could not be sent is tried again
MOST_TRIES = 5
LONGEST_BODY = 4_000  # characters of several messages that could not be sent
GONE = ("offline", "faulted")
Send = Callable[[str, str, str], Awaitable[str]]  # address, title, body -> "" or why not


class NotificationTarget(msgspec.Struct, frozen=True):
    """A service that gets messages. ``url``: its address, a secret."""

    url: str
    rules: NotificationRules
    texts: NotificationTexts


class UnsentMessage(msgspec.Struct):
    """A message that could not be sent. ``again``: when it is tried again."""

    body: str
    tries: int
    again: float


class NotificationPublisher:
    """``title``: of each message. ``finished``: the rules of appliances, by device. ``minute``: of the local day."""

    def __init__(
        self,
        hub: PublicHub,
        targets: Sequence[NotificationTarget],
        title: str,
        finished: Mapping[str, FinishedRule],
        minute: Callable[[], int],
        wall: Callable[[], float],
        send: Send,
    ) -> None:
        self._hub = hub
        self._targets = targets
        self._title = title
        self._rules = finished
        self._minute = minute
        self._wall = wall
        self._send = send
        self._counts: Counter[str] = Counter(sent=0, failures=0, lost=0)
        self._problems: dict[int, str] = {}
        self._unsent: dict[int, UnsentMessage] = {}
        self._plans: list[NotificationPlan] = []
        self._detectors: dict[str, FinishedDetector] = {}
        self._busy: set[int] = set()  # targets to which a message is being sent
        self._changed = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._plans = [self._plan(one) for one in self._targets]
        self._detectors = {id: FinishedDetector(rule) for id, rule in self._rules.items()}
        self._unsent.clear()
        self._busy.clear()
        self._take(self._hub.alerts())
        unsubscribe = self._hub.subscribe(self._take)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._wait(loop)
                    for id, detector in self._detectors.items():
                        self._say_finished(id, detector.tick(self._wall()))
                    self._start_sending(group, loop)
        finally:
            unsubscribe()

    def status(self) -> PublisherStatus:
        counts = {**self._counts, "left_out": sum(one.left_out for one in self._plans)}
        text = " ".join(self._problems.values())
        return PublisherStatus(state="waiting" if text else "running", text=text, counts=counts)

    # --- inside --------------------------------------------------------------------------------

    def _plan(self, target: NotificationTarget) -> NotificationPlan:
        texts = target.texts

        def text(alert: Alert) -> str:
            return alert_text(texts, alert, self._device(alert.device))

        return NotificationPlan(
            target.rules, text, lambda one: texts.again.format(text=one), lambda count: texts.more.format(count=count)
        )

    def _take(self, facts: Sequence[Fact]) -> None:
        now = asyncio.get_running_loop().time()
        for fact in facts:
            match fact:
                case Alert():
                    for plan in self._plans:
                        plan.take(fact, now, self._minute())
                    self._changed.set()
                case Reading(point="power_W", device=id) if id in self._detectors and fact.quality != "suspect":
                    if isinstance(fact.value, int | float):
                        self._say_finished(id, self._detectors[id].take(float(fact.value), fact.at))
                        self._changed.set()
                case Status(device=id) if id in self._detectors and fact.state in GONE:
                    self._detectors[id].lost()
                case Notice(kind="notify", words=text, device=id):  # of a rule
                    for plan in self._plans:
                        plan.say("rule", id, text, self._minute())
                    self._changed.set()
                case Notice(kind="clock"):
                    for detector in self._detectors.values():
                        detector.lost()

    def _say_finished(self, id: str, worked_s: float | None) -> None:
        if worked_s is None:
            return
        device = self._device(id)
        for target, plan in zip(self._targets, self._plans, strict=True):
            plan.say("finished", id, finished_text(target.texts, device, id, worked_s), self._minute())
        self._changed.set()

    def _device(self, id: str) -> Device | None:
        return next((one for one in self._hub.devices() if one.id == id), None)

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until something happened, or is due."""
        now = loop.time()
        idle = [number for number in range(len(self._plans)) if number not in self._busy]
        due = earliest(
            *(self._plans[one].deadline(now) for one in idle),
            *(self._unsent[one].again for one in idle if one in self._unsent),
        )
        finished = earliest(*(one.deadline() for one in self._detectors.values()))
        waits = [CHECK_S]
        waits += [] if due is None else [max(due - now, 0.0)]
        waits += [] if finished is None else [max(finished - self._wall(), 0.0)]
        try:
            async with asyncio.timeout(max(min(waits), 0.1)):
                await self._changed.wait()
                await asyncio.sleep(GATHER_S)
        except TimeoutError:
            pass
        self._changed.clear()

    def _start_sending(self, group: asyncio.TaskGroup, loop: asyncio.AbstractEventLoop) -> None:
        """Send what is due to each target; one that does not answer keeps no other waiting."""
        for number, plan in enumerate(self._plans):
            if number in self._busy:
                continue
            body, unsent = plan.message(loop.time(), self._minute()), self._unsent.get(number)
            if body or (unsent is not None and loop.time() >= unsent.again):
                self._busy.add(number)
                group.create_task(self._deliver(number, body, loop), name=f"publish.notifications.{number}")

    async def _deliver(self, number: int, body: str, loop: asyncio.AbstractEventLoop) -> None:
        """Send what is new, with what could not be sent before."""
        try:
            await self._send_to(number, body, loop)
        finally:
            self._busy.discard(number)
            self._changed.set()

    async def _send_to(self, number: int, body: str, loop: asyncio.AbstractEventLoop) -> None:
        unsent = self._unsent.get(number)
        whole = "\n".join(one for one in (unsent.body if unsent else "", body) if one)[-LONGEST_BODY:]
        target = self._targets[number]
        reason = await self._send(target.url, self._title, whole)
        self._unsent.pop(number, None)
        if not reason:
            self._counts["sent"] += 1
            self._problems.pop(number, None)
            return
        self._failed(number, reason)
        tries = unsent.tries + 1 if unsent else 1
        if tries < MOST_TRIES:
            self._unsent[number] = UnsentMessage(whole, tries, loop.time() + AGAIN_S * tries)
        else:
            self._counts["lost"] += 1

    def _failed(self, number: int, reason: str) -> None:
        self._counts["failures"] += 1
        text = f"{service(self._targets[number].url)}: the message was not sent: {reason}"
        if self._problems.get(number) != text:
            self._problems[number] = text
            log.warning("%s", text)
