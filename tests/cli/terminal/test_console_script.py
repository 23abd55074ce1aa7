"""Lines from a pipe: each is a command; the first that fails ends the run with its exit code."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.terminal.screen_story import opened_line
from unclouded.cli.terminal.script import lines_of, run_lines
from unclouded.core.errors import CommandError
from virtual_loop import story


async def each(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


@story
async def test_each_line_is_run_and_its_answer_printed(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with opened_line(monkeypatch) as console:
        lines = each("# a comment", "", "meross fac\n", "/raw", "/quit", "meross mem")
        assert await run_lines(console, lines, confirmed=False, secrets=False, as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == ["factory_mode  no", "In fac mode:NO"]


@story
async def test_the_first_line_that_fails_ends_it(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with opened_line(monkeypatch) as console:
        lines = each("meross fw", "meross ping 0", "meross mem")
        assert await run_lines(console, lines, confirmed=False, secrets=False, as_json=True) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["command"], one["outcome"]) for one in found] == [
        ("meross fw", "confirmed"),
        ("meross ping 0", "refused"),
    ]
    assert found[0]["answer"]["version"] == "2.1.7" and "lines" not in found[0]["answer"]


@story
async def test_a_dangerous_line_wants_yes(monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async with opened_line(monkeypatch) as console:
        with pytest.raises(CommandError, match="Confirm it with --yes"):
            await run_lines(console, each("meross fac 1"), confirmed=False, secrets=False, as_json=False)
        assert await run_lines(console, each("meross fac 1"), confirmed=True, secrets=False, as_json=False) == 0


@story
async def test_the_lines_of_a_file_come_in_order() -> None:
    assert [line async for line in lines_of(["a\n", "b\n"])] == ["a\n", "b\n"]
