"""A program in a third-party end's environment that does, line by line, what a test asks of it.

{"call": "turn_on", …} ─► its stdin        its stdout ─► {"answer": …} or {"error": "…"}
"""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import pytest

from strangers.environments import HERE, strangers

TIMEOUT_S = 60  # s; never reached in a test that passes


def needs(name: str) -> pytest.MarkDecorator:
    """Skips, with the reason, where this third-party end is not installed or not asked for."""
    reason = strangers()[name].missing
    return pytest.mark.skipif(bool(reason), reason=reason)


class Driven:
    """A running driver."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str]) -> None:
        self._process = process
        self._log = log

    def ask(self, call: str, **arguments: object) -> Any:
        """Its answer. Fails with what it says where the third-party end raises."""
        reply = json.loads(self._line({"call": call, **arguments}))
        assert "error" not in reply, f"{reply['error']}\n{self._end_of_log()}"
        return reply["answer"]

    def _line(self, question: Mapping[str, object]) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        late = threading.Timer(TIMEOUT_S, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        assert line, f"no answer to {question['call']}\n{self._end_of_log()}"
        return line

    def _end_of_log(self) -> str:
        self._log.seek(0)
        return self._log.read()[-3000:]


@contextmanager
def driven(name: str, driver: str, **settings: object) -> Iterator[Driven]:
    """Run drivers/``driver`` in the environment of that end; ``settings`` are its only argument, as JSON."""
    one = strangers()[name]
    env = {**os.environ, "NODE_PATH": str(one.place / "node_modules"), "PYTHONDONTWRITEBYTECODE": ""}
    command = [one.record["program"], str(HERE / "drivers" / driver), json.dumps(settings)]
    pipe = subprocess.PIPE
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=env)
        try:
            yield Driven(process, log)
        finally:
            process.kill()
            process.communicate()
