"""Setting up plugs for the API: one set-up at a time, which goes on while its client is away.

begin ──► finding ──► choosing ── join ──► joining ──► done | failed
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.core.errors import CommandError, LinkError, UncloudedError
from unclouded.core.views.facts import FoundPlug, SetupStep
from unclouded.web.schemas import SetupBody, SetupJoinBody, SetupPhase, SetupView

if TYPE_CHECKING:
    from unclouded.app.setup.plug_setup import SetupRun
    from unclouded.app.setup.steps import SetupTimes, WifiChoice

log = logging.getLogger("unclouded.setup")

CRASHED = "An error in this program ended the set-up; the log of the hub describes it. Try again."
MOST_STEPS = 100  # that are kept for the page


class SetupService:
    """The set-ups of one hub (web/routes.SetupSource)."""

    def __init__(self, config: Config, times: "SetupTimes | None" = None) -> None:
        self._config = config
        self._times = times
        self._view = SetupView()
        self._run: SetupRun | None = None
        self._task: asyncio.Task[None] | None = None

    def use(self, config: Config) -> None:
        """The configuration that counts from now on, for the set-ups that begin then."""
        self._config = config

    def view(self) -> SetupView:
        return self._view

    async def begin(self, body: SetupBody) -> SetupView:
        from unclouded.app.setup.conversation import link_to
        from unclouded.app.setup.hub_for_setup import SetupHub
        from unclouded.app.setup.plug_setup import SetupRun
        from unclouded.app.setup.steps import SetupPlan

        await self._end()
        link_to(body.address, 1.0)  # an address that is none is refused at once
        key = HiddenText(body.plug_key) if body.plug_key else self._config.meross_key
        plan = SetupPlan(address=body.address, plug_key=key if body.keeps_wifi else None)
        self._view = SetupView(phase="finding", address=body.address, keeps_wifi=body.keeps_wifi)
        hub = SetupHub(self._config, HubClient(self._config.control))
        self._run = run = SetupRun(plan, hub, self._report, self._times)
        self._start(self._find(run), run)
        return self._view

    async def join(self, body: SetupJoinBody) -> SetupView:
        from unclouded.app.setup.steps import WifiChoice

        run = self._run
        if run is None or self._view.phase != "choosing":
            raise CommandError("Find the plug first: no plug waits for its settings.")
        wifi = WifiChoice(body.ssid, HiddenText(body.password), body.hidden)
        if not self._view.keeps_wifi:
            run.check(wifi)
        run.plan = msgspec.structs.replace(run.plan, name=body.name, parent=body.parent, produces=body.produces)
        await run.check_plan()
        self._change(phase="joining", problem="")
        self._start(self._join(run, wifi), run)
        return self._view

    async def cancel(self) -> SetupView:
        await self._end()
        self._view = SetupView()
        return self._view

    async def discover(self) -> Sequence[FoundPlug]:
        from unclouded.app.discovery import find_in_network

        try:
            return await find_in_network()
        except LinkError as error:
            raise CommandError(str(error)) from None

    async def close(self) -> None:
        """The hub ends."""
        await self._end()

    # --- inside --------------------------------------------------------------------------------

    async def _find(self, run: "SetupRun") -> None:
        await run.find()
        if not self._view.keeps_wifi:
            await self._scan(run)
        self._change(phase="choosing")

    async def _scan(self, run: "SetupRun") -> None:
        """Without a network in sight a person can still name one that hides its name."""
        try:
            await run.scan()
        except LinkError as error:
            run.failed(error)
            self._change(problem=str(error))

    async def _join(self, run: "SetupRun", wifi: "WifiChoice") -> None:
        await (run.rehost() if self._view.keeps_wifi else run.join(wifi))
        await run.confirm()
        self._change(phase="done")

    def _start(self, work: Coroutine[Any, Any, None], run: "SetupRun") -> None:  # Any: as coroutines have them
        async def guarded() -> None:
            try:
                await work
            except UncloudedError as error:
                run.failed(error)
                self._change(phase="failed", problem=str(error))

        self._task = asyncio.create_task(guarded(), name="setup")
        self._task.add_done_callback(self._crashed)

    def _crashed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The set-up crashed.", exc_info=error)
            self._change(phase="failed", problem=CRASHED)

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        run, self._run = self._run, None
        if run is not None:
            await run.close()

    def _report(self, step: SetupStep) -> None:
        steps = [*self._view.steps, step][-MOST_STEPS:]
        self._change(
            steps=steps,
            plug=step.plug or self._view.plug,
            networks=step.networks or self._view.networks,
            device=step.device or self._view.device,
        )

    def _change(self, phase: SetupPhase | None = None, **changes: Any) -> None:  # Any: fields of the view
        self._view = msgspec.structs.replace(self._view, phase=phase or self._view.phase, **changes)
