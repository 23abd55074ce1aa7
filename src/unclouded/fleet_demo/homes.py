"""All homes of the demo in one process: python -m unclouded.fleet_demo.homes PLANS.json

Prints a JSON line for each home that runs, and for each that has ended on purpose; ends with SIGTERM or its parent.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from unclouded.core.errors import UncloudedError
from unclouded.fleet_demo.home import DemoHomePlan, demo_home, is_sent

LOOK_S = 2.0
PARALLEL = 2  # homes that start at once


class HomeNews(msgspec.Struct, frozen=True, omit_defaults=True):
    """``state`` gone: it has sent its past, and ended."""

    name: str
    state: Literal["running", "gone", "failed"]
    text: str = ""


async def run_homes(plans: Sequence[DemoHomePlan]) -> None:
    """Until cancelled."""
    turns = asyncio.Semaphore(PARALLEL)
    async with asyncio.TaskGroup() as group:
        for plan in plans:
            group.create_task(_run(plan, turns), name=plan.name)


async def _run(plan: DemoHomePlan, turns: asyncio.Semaphore) -> None:
    """One home, which ends by itself only where its plan says so. One that fails does not stop the others."""
    try:
        async with contextlib.AsyncExitStack() as stack:
            async with turns:
                await stack.enter_async_context(demo_home(plan))
            _say(HomeNews(plan.name, "running"))
            await _until_gone(plan)
        _say(HomeNews(plan.name, "gone"))
    except* UncloudedError as errors:
        _say(HomeNews(plan.name, "failed", str(errors.exceptions[0])))


async def _until_gone(plan: DemoHomePlan) -> None:
    """Until all of its past is sent; for ever, where the home stays."""
    store = Path(plan.folder) / "store.sqlite"
    is_over = False
    while not is_over:
        await asyncio.sleep(LOOK_S)
        is_over = plan.gone and await asyncio.to_thread(is_sent, store)


def _say(news: HomeNews) -> None:
    sys.stdout.write(msgspec.json.encode(news).decode() + "\n")
    sys.stdout.flush()


async def main(plans: Sequence[DemoHomePlan]) -> None:
    """Until SIGTERM."""
    task = asyncio.ensure_future(run_homes(plans))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[DemoHomePlan])))
