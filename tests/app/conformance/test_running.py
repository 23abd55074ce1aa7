"""A run on a link, with the driver, under a virtual clock."""

import asyncio

import pytest

from conformance.conforming import Collector
from unclouded.app.conformance import running
from unclouded.conformance.check import RunOptions, RunReport
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import AskCommand, Asked, Event, WireCommand
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.links import memory
from virtual_loop import story

OPTIONS = RunOptions(yes=True, only=("mcu.heartbeat.*", "mcu.product.*", "mcu.set.*", "mcu.line.*"))


async def run(monkeypatch: pytest.MonkeyPatch, stop_after_s: float | None = None) -> tuple[RunReport, Collector]:
    """Against a simulated MCU on the other end of a link in memory."""
    one, two = memory.pair()
    monkeypatch.setattr(running, "open_wire", lambda *args, **more: one)
    mcu = wifi_mcu(McuOptions())

    def on_events(events: list[Event], now: float) -> None:
        for event in events:
            if isinstance(event, Asked) and isinstance(event.question, AskCommand):
                asyncio.get_running_loop().call_soon(driver.answer, event.id, True)

    driver = Driver(mcu, two, on_events)  # type: ignore[arg-type]  # a list is a sequence
    device = asyncio.create_task(driver.run(), name="device")
    driver.submit(WireCommand({"1": True, "9": 5}))
    collector = Collector()

    async def stopped(ended: asyncio.Event) -> None:
        if stop_after_s is None:
            await ended.wait()
        else:
            await asyncio.sleep(stop_after_s)

    report = await running.conform("tuya_wifi", "controller", "memory:", OPTIONS, collector, stopped)
    device.cancel()
    return report, collector


@story
async def test_a_simulated_mcu_passes_on_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    report, collector = await run(monkeypatch)
    assert report.passed and not report.stopped
    assert report == collector.report and list(report.results) == collector.results
    assert {result.kind for result in report.results} <= {"passed", "not applicable"}


@story
async def test_a_run_that_is_stopped_reports_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    report, collector = await run(monkeypatch, stop_after_s=20.0)
    assert report.stopped and 0 < len(report.results) < 40
    assert collector.report is None
