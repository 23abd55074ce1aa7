"""Runs verbs of the command line as processes that need not import it first, which is most of a verb's work.

    test ── a request ──► this file, run as a program: imports the verb once ── fork ──► the verb
         ◄─ exit code ──                              waits for it

    request   {"words": [...], "env": {...}, "folder": "...", "out": "...", "err": "..."}, a line of JSON on stdin
    answer    the exit code, a line on stdout

A verb has its own environment, folder and outputs, and an empty input. What starts and is stopped (hubs, simulated
devices) is started as people do, by place.py.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

IDLE: list[subprocess.Popen[str]] = []  # programs that wait for a request


def run_verb(
    words: tuple[str, ...], env: Mapping[str, str], timeout_s: float, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What a verb printed and its exit code, as subprocess.run has them; ``folder`` is where it runs."""
    program = IDLE.pop() if IDLE else _new_program()
    assert program.stdin and program.stdout
    with TemporaryDirectory() as outputs:
        out, err = Path(outputs, "out"), Path(outputs, "err")
        request = {"words": words, "env": dict(env), "folder": str(folder or Path.cwd())}
        program.stdin.write(json.dumps({**request, "out": str(out), "err": str(err)}) + "\n")
        program.stdin.flush()
        ready, _, _ = select.select([program.stdout], [], [], timeout_s)
        if not ready:
            program.kill()
            raise subprocess.TimeoutExpired(list(words), timeout_s, out.read_bytes(), err.read_bytes())
        code = int(program.stdout.readline())
        IDLE.append(program)
        return subprocess.CompletedProcess(list(words), code, out.read_text("utf-8"), err.read_text("utf-8"))


def _new_program() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True)


@atexit.register
def _end() -> None:
    while IDLE:
        IDLE.pop().communicate()


# --- the program ---------------------------------------------------------------------------------------


def serve() -> None:
    from unclouded.cli import cli

    for line in sys.stdin:
        request = json.loads(line)
        cli.get_command(None, request["words"][0])  # type: ignore[arg-type]  # imports the verb; it needs no context
        verb = os.fork()
        if verb == 0:
            _run(request)
        _, status = os.waitpid(verb, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(request: dict[str, object]) -> None:
    """Be the verb, and end."""
    from unclouded.cli import main

    words, env = request["words"], request["env"]
    assert isinstance(words, list) and isinstance(env, dict)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    for path, target, how in (
        (os.devnull, 0, os.O_RDONLY),
        (str(request["out"]), 1, os.O_WRONLY | os.O_CREAT),
        (str(request["err"]), 2, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, target)
        os.close(opened)
    sys.argv = ["unclouded", *words]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve()
