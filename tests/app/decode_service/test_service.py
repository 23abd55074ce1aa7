"""The process that decodes: one at a time, ended in time, and silent about what it reads."""

import asyncio
import contextlib
import logging
from typing import Any

import msgspec
import pytest

from unclouded.app.decode_service import service as module
from unclouded.app.decode_service.service import MOST_OF_ONE, MOST_WAITING, DecodeService
from unclouded.app.decode_service.worker import fail
from unclouded.core.errors import CommandError
from unclouded.core.views.decoded import DecodeChoices, DecodeOptions, DecodeView

FRAME = b"55 aa 00 00 00 00 ff"


Started = list[asyncio.subprocess.Process]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The processes that were started; never one beside another."""
    processes: Started = []
    begun: list[str] = []
    start = asyncio.create_subprocess_exec

    async def starting(*words: str, **more: Any) -> asyncio.subprocess.Process:
        assert len(begun) == len(processes) and all(one.returncode is not None for one in processes)
        begun.append(words[-1])
        processes.append(await start(*words, **more))
        return processes[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
    return processes


async def test_inputs_are_decoded_one_after_the_other_in_another_process(started: Started) -> None:
    service = DecodeService(timeout_s=60.0)
    both = await asyncio.gather(*(service.decode(DecodeOptions(), data) for data in (FRAME, b"nothing")))
    first, second = (msgspec.json.decode(one, type=DecodeView) for one in both)
    assert (first.counts.frames, second.counts.frames) == (1, 0)
    with pytest.raises(CommandError, match="There is no family 'zigbee'"):
        await service.decode(DecodeOptions(family="zigbee"), FRAME)
    found = msgspec.json.decode(await service.choices(), type=DecodeChoices)
    assert found.families and await service.choices() is await service.choices()
    assert len(started) == 4


async def test_a_process_that_takes_too_long_is_ended() -> None:
    service = DecodeService(timeout_s=0.0)
    with pytest.raises(CommandError, match="takes longer than 0 s, so it was ended"):
        await service.decode(DecodeOptions(), FRAME)


async def test_a_process_whose_client_has_gone_is_ended_and_the_next_has_its_turn(started: Started) -> None:
    service = DecodeService(timeout_s=60.0)
    task = asyncio.create_task(service.decode(DecodeOptions(), FRAME))
    while not started:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert started[0].returncode == -9
    assert b'"frames":1' in await service.decode(DecodeOptions(), FRAME)


async def test_a_fault_is_logged_without_the_input(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "WORKER", "unclouded.no_such_module")
    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match="a fault of this program"):
        await DecodeService(timeout_s=60.0).decode(DecodeOptions(), FRAME)
    assert "exit code 1" in caplog.text
    try:
        int("hunter2secret")
    except ValueError as error:
        fail(type(error), error, error.__traceback__)
    assert capsys.readouterr().err.startswith("ValueError in test_service.py:")


@pytest.mark.parametrize("code", [4, -9, -24])
def test_a_process_that_the_system_ends_needed_too_much(code: int) -> None:
    with pytest.raises(CommandError, match="too much memory"):
        module._answer(code, b"", b"")


def test_places_are_limited_for_all_and_for_each_client() -> None:
    service = DecodeService(timeout_s=60.0)
    with service.place("a") as first, service.place("a") as second, service.place("a") as third:
        assert (first, second, third) == (True, True, False)
    with contextlib.ExitStack() as taken:
        clients = [str(number // MOST_OF_ONE) for number in range(MOST_WAITING)]
        assert all(taken.enter_context(service.place(client)) for client in clients)
        with service.place("last") as has_place:
            assert not has_place
    with service.place("last") as has_place:
        assert has_place
