"""The test of one offer: what is likely at its link is tried, one after the other, until something answers.

    listening ──► trying (each candidate for ATTEMPT_S) ──► answering, until it is ended, or watched no more ──► ended
        └── the link fails, the port is gone ──► failed      └── nothing answers ──► silent

Nothing is switched: a session only asks its device. What is found stays when the test has ended. A line whose settings
are not ours is listened to as well, once: what sends by itself is recognised before anything is asked.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from unclouded.app.onboarding.candidates import STREAMS, LinkCandidate, candidates, line_settings, with_setting
from unclouded.app.onboarding.listening import LISTEN_S, LineFindings, listen
from unclouded.app.onboarding.ports import is_there
from unclouded.app.onboarding.trial import DeviceTrial
from unclouded.core.errors import CommandError, UncloudedError
from unclouded.core.model import Device, Outcome, Value
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer, TestPhase
from unclouded.hub.node import NodeSpec
from unclouded.links import UARTS, open_link
from unclouded.links.url import parse

log = logging.getLogger("unclouded.onboarding")

ATTEMPT_S = 3.0  # s in which a device answers; an MCU that starts takes up to 2
LONGEST_S = 600.0  # s after which a test that is not ended frees its link
UNWATCHED_S = 30.0  # s after which one that no client asks for does: its page was closed
CHECK_S = 0.5  # s between two looks whether the port is still there
CRASHED = "An error in this program ended the test; the log of the hub describes it. Try again."
NOT_RUNNING = "No test runs in which a device answers. Begin one first."

MakeSpec = Callable[[LinkCandidate, str], NodeSpec]  # with the UUID of a plug


class LinkTestTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: for each setting that is listened to, for each candidate, for the whole test; and without a client."""

    listen_s: float = LISTEN_S
    attempt_s: float = ATTEMPT_S
    longest_s: float = LONGEST_S
    unwatched_s: float = UNWATCHED_S


class AnsweringDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What answered at the link of an offer. ``title``: of its product, "" = not known.

    ``drawn``: its power while it is switched on, pairs of Unix seconds and W.
    """

    candidate: LinkCandidate
    device: Device
    title: str
    drawn: Sequence[tuple[float, float]] = ()


class OfferTest:
    """``port``: the file of a serial port, None for other links. ``known``: what was found by listening before.

    ``make_spec``: how a candidate is run; it may block, and raises ConfigError. ``make_trial``: a trial of that, not
    started. ``title_of``: the title of a device's product.
    """

    def __init__(
        self,
        offer: Offer,
        number: int,
        make_spec: MakeSpec,
        make_trial: Callable[[NodeSpec], DeviceTrial],
        title_of: Callable[[Device], str],
        port: Path | None = None,
        known: LineFindings | None = None,
        times: LinkTestTimes = LinkTestTimes(),  # noqa: B008  (frozen)
    ) -> None:
        self.offer = offer
        self.found: AnsweringDevice | None = None
        self._view = LinkTestView(number=number, offer=offer.id, link=offer.link)
        self._make_spec = make_spec
        self._make_trial = make_trial
        self._title_of = title_of
        self._port = port
        self._known = known
        self._times = times
        self._trial: DeviceTrial | None = None
        self._link_problem = ""
        self._task: asyncio.Task[None] | None = None
        self._limit: asyncio.Timeout | None = None
        self._until = 0.0  # on the clock of the loop: the longest time ends

    def start(self) -> None:
        """Begins to try the link, in a task; may be called once, and needs a running loop."""
        text = "The line is listened to." if parse(self.offer.link).scheme in STREAMS else ""
        self._change("listening", attempt=text)
        self._task = asyncio.create_task(self._guarded(), name="onboarding.test")
        self._task.add_done_callback(self._crashed)

    async def end(self) -> None:
        """Free the link; what was found stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        if self._view.phase in ("listening", "trying", "answering"):
            self._change("ended", attempt="")

    def watch(self) -> None:
        """A client looks at it: it goes on for some time."""
        if self._limit is not None:
            until = asyncio.get_running_loop().time() + self._times.unwatched_s
            self._limit.reschedule(min(until, self._until))

    def view(self, propose: Callable[[AnsweringDevice], DeviceProposal]) -> LinkTestView:
        """The test as it is now. ``propose``: how what answered would be added."""
        if self._trial is not None:
            traced, trace = self._trial.trace()
            devices, readings = self._trial.device_views(), self._trial.reading_views()
            self._change(devices=devices, readings=readings, traced=traced, trace=trace)
            if self.found is not None:
                self._note_answer(self.found.candidate, self._trial)
        proposal = propose(self.found) if self.found is not None else None
        return msgspec.structs.replace(self._view, proposal=proposal)

    async def command(self, point: str, value: Value, origin: str) -> Outcome:
        """Switch what answers. Raises CommandError."""
        if self._trial is None or self._view.phase != "answering":
            raise CommandError(NOT_RUNNING)
        return await self._trial.command(point, value, origin)

    # --- inside --------------------------------------------------------------------------------

    async def _guarded(self) -> None:
        try:
            self._until = asyncio.get_running_loop().time() + self._times.longest_s
            async with asyncio.timeout_at(self._until) as self._limit:
                self.watch()
                try:
                    await self._run()
                finally:
                    self._limit = None
        except TimeoutError:
            self._change("ended", attempt="")
        except UncloudedError as error:
            self._fail(str(error))

    def _crashed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The test of %s crashed.", self.offer.link, exc_info=error)
            self._fail(CRASHED)

    async def _run(self) -> None:
        is_known = bool(self.offer.family) and self.offer.source != "serial"
        findings = LineFindings() if is_known else self._known or await self._listen()
        if findings.problem:
            self._fail(findings.problem)
            return
        first = self.offer.family or (findings.recognised.speaker if findings.recognised else "")
        tried = self._ordered(first, findings)
        for step, candidate in enumerate(tried, 1):
            tries = {"family": candidate.family, "link": candidate.link, "step": step, "steps": len(tried)}
            self._change("trying", attempt=f"{candidate.text}: it is asked.", **tries)
            if await self._answers(candidate):
                return
            if self._is_gone() or self._link_fails():
                return
        self._change("silent", attempt="", problem=self._why_silent(findings, tried))

    def _ordered(self, first: str, findings: LineFindings) -> Sequence[LinkCandidate]:
        """The candidates; where a family is sure, only that."""
        link = self.offer.link
        if findings.recognised is not None and findings.setting is not None:
            link = with_setting(link, findings.setting)
        found = candidates(link, first)
        return [one for one in found if one.family == first] if self.offer.source != "serial" and first else found

    async def _listen(self) -> LineFindings:
        scheme = parse(self.offer.link).scheme
        if scheme not in STREAMS:
            return LineFindings()
        settings, link = line_settings(), self.offer.link
        if scheme not in UARTS:
            settings = settings[:1]  # the other end has set its line
        return await listen(lambda one: open_link(with_setting(link, one)), settings, self._times.listen_s)

    async def _answers(self, candidate: LinkCandidate) -> bool:
        """Try a candidate; where it answers, show it until this task is cancelled or the port is gone."""
        trial = self._make_trial(await asyncio.to_thread(self._make_spec, candidate, self.offer.uuid))
        trial.start()
        self._trial = trial
        try:
            if not await trial.answers(self._times.attempt_s):
                self._note_problem(trial)
                return False
            self._change("answering", attempt="", problem="", family=candidate.family, link=candidate.link)
            self._note_answer(candidate, trial)
            while True:
                await asyncio.sleep(CHECK_S)
                if self._is_gone():
                    return True
        finally:
            self._trial = None
            await trial.stop()

    def _note_answer(self, candidate: LinkCandidate, trial: DeviceTrial) -> None:
        """What answers may say more of itself as time goes on."""
        device, known = trial.device, self.found
        title = known.title if known is not None and known.device == device else self._title_of(device)
        self.found = AnsweringDevice(candidate=candidate, device=device, title=title, drawn=trial.drawn())
        self._change(title=title)

    def _note_problem(self, trial: DeviceTrial) -> None:
        """The reason of the last attempt that had one; that of the link itself says most."""
        self._link_problem = trial.link_problem or self._link_problem
        status = trial.status
        if status is not None and status.reason and not trial.link_problem:
            self._change(problem=status.reason)

    def _is_gone(self) -> bool:
        """Whether the port has vanished, which the view then says."""
        if self._port is None or is_there(self._port):
            return False
        self._fail(f"{self._port} is gone. Was the adapter unplugged? Plug it in, and begin again.")
        return True

    def _link_fails(self) -> bool:
        """Whether no other attempt can help; a port may refuse one setting and take another."""
        if not self._link_problem or parse(self.offer.link).scheme in UARTS:
            return False
        self._fail(self._link_problem)
        return True

    def _why_silent(self, findings: LineFindings, tried: Sequence[LinkCandidate]) -> str:
        """Where several families were tried, the last one's reason says nothing of the others."""
        if self._link_problem:
            return self._link_problem
        if self._view.problem and len({one.family for one in tried}) == 1:
            return self._view.problem
        if parse(self.offer.link).scheme not in STREAMS:
            return "Nothing answered."
        came = f" {findings.received} bytes came that no family reads." if findings.received else ""
        return (
            f"Nothing answered at any usual setting.{came} Is the device powered, are RX and TX crossed and the "
            "grounds connected? The module that it came with must not run beside the hub."
        )

    def _fail(self, problem: str) -> None:
        self._change("failed", attempt="", problem=problem)

    def _change(self, phase: TestPhase | None = None, **changes: Any) -> None:  # Any: fields of the view
        self._view = msgspec.structs.replace(self._view, phase=phase or self._view.phase, **changes)
