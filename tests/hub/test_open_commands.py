"""Each command that a session has taken has one outcome, also where the session ends before it is settled."""

import asyncio

from unclouded.core.model import Outcome, Progress
from unclouded.hub.channels.open_commands import OpenCommands
from virtual_loop import story


@story
async def test_each_command_gets_its_own_outcome_and_its_own_progress() -> None:
    commands, steps = OpenCommands(), list[Progress]()
    first = asyncio.create_task(commands.outcome(1, steps.append))
    second = asyncio.create_task(commands.outcome(2, None))
    await asyncio.sleep(0)
    for ticket in (1, 2, 3):
        commands.advanced(ticket, Progress(ticket, 10, "sent"))
    commands.settled(2, Outcome("refused", "it is locked"))
    commands.settled(2, Outcome("confirmed"))
    commands.settled(3, Outcome("confirmed"))
    assert (await second, first.done()) == (Outcome("refused", "it is locked"), False)
    commands.settled(1, Outcome("confirmed"))
    commands.advanced(1, Progress(9, 10, "sent"))
    assert await first == Outcome("confirmed") and steps == [Progress(1, 10, "sent")]


@story
async def test_what_is_open_when_the_session_ends_is_settled_then() -> None:
    commands, lost = OpenCommands(), Outcome("unreachable", "the conversation ended")
    waiting = [asyncio.create_task(commands.outcome(ticket, None)) for ticket in (1, 2)]
    await asyncio.sleep(0)
    commands.settle_all(lost)
    assert [await one for one in waiting] == [lost, lost]
