"""Runs the checks of one role on a link."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from unclouded import families
from unclouded.app.conformance.wires import open_wire
from unclouded.conformance import suite
from unclouded.conformance.check import Check, CheckResult, PersonTask, RunOptions, RunReport
from unclouded.conformance.run import ConformanceRun, RunObserver
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import Ambient
from unclouded.families.meross import SIM_KEY

__all__ = ("Check", "CheckResult", "PersonTask", "RunOptions", "RunReport", "conform", "plug_key", "suite")


class _Ended:
    """Passes everything on, and marks the end of the run."""

    def __init__(self, observer: RunObserver, ended: asyncio.Event) -> None:
        self._observer = observer
        self._ended = ended

    def begun(self, check: Check) -> None:
        self._observer.begun(check)

    def finished(self, result: CheckResult) -> None:
        self._observer.finished(result)

    def advised(self, task: PersonTask) -> None:
        self._observer.advised(task)

    def ended(self, report: RunReport) -> None:
        self._observer.ended(report)
        self._ended.set()


async def conform(
    name: str,
    role: Sender,
    link: str,
    options: RunOptions,
    observer: RunObserver,
    stopped: Callable[[asyncio.Event], Awaitable[None]],
) -> RunReport:
    """The report of the run; where it was stopped, of what came of it until then.

    ``stopped(ended)`` returns when it is to stop, or ``ended`` is set. Raises CommandError, ConfigError, LinkError.
    """
    family = families.family(suite(name).family)
    loop = asyncio.get_running_loop()
    began, ended = time.time() - loop.time(), asyncio.Event()
    ambient = Ambient(lambda now: began + now, os.urandom)
    run = ConformanceRun(suite(name), role, options, ambient, _Ended(observer, ended))
    driver = Driver(run, open_wire(suite(name).roles[role], link, family), lambda events, now: None)
    driving = asyncio.create_task(driver.run(), name="conformance")
    waiting = asyncio.create_task(_wait(stopped, ended), name="conformance end")
    try:
        await asyncio.wait({driving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if driving.done():
            driving.result()  # raises why
    finally:
        for task in (driving, waiting):
            task.cancel()
        await asyncio.wait({driving, waiting})
    return run.report()


def plug_key(file: Path | None) -> str:
    """The key in the first line of a file; without one, that of simulated plugs. Raises CommandError."""
    if file is None:
        return SIM_KEY
    try:
        return file.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{file.name} cannot be read as text.") from None


async def _wait(stopped: Callable[[asyncio.Event], Awaitable[None]], ended: asyncio.Event) -> None:
    await stopped(ended)
