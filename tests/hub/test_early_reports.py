"""Reports wait for the identity of what sent them: for a short time, and not too many."""

import asyncio

from unclouded.core.sessions.session import Reported
from unclouded.hub.channels.early_reports import EARLY_REPORTS, IDENTITY_TIMEOUT_S, EarlyReports
from virtual_loop import story


@story
async def test_the_device_itself_is_waited_for_once_and_not_for_long() -> None:
    overdue: list[float] = []
    loop = asyncio.get_running_loop()
    began = loop.time()

    def is_overdue() -> None:
        overdue.append(loop.time() - began)
        early.device_known()

    early = EarlyReports(is_overdue)
    early.add(Reported({"1": True}, part="door"), 0.0, is_device_known=True)
    assert not early.awaits_identity
    for _ in range(2):
        early.add(Reported({"1": True}), 0.0, is_device_known=False)
        await asyncio.sleep(IDENTITY_TIMEOUT_S / 4)
        assert early.awaits_identity
    await asyncio.sleep(IDENTITY_TIMEOUT_S * 3)
    assert overdue == [IDENTITY_TIMEOUT_S] and not early.awaits_identity


@story
async def test_each_part_gets_its_own_reports_up_to_a_number() -> None:
    early = EarlyReports(lambda: None)
    for number in range(EARLY_REPORTS + 3):
        early.add(Reported({"1": number}, part="door" if number % 2 else "window"), float(number), is_device_known=True)
    doors = early.take("door")
    assert [now for _, now in doors] == [float(number) for number in range(1, EARLY_REPORTS, 2)]
    assert all(report.part == "door" for report, _ in doors) and early.take("door") == []
    assert len(early.take("window")) == EARLY_REPORTS // 2
