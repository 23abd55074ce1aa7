"""The process that decodes one input: ``python -m unclouded.app.decode_service.worker [PROFILES]``.

stdin   {"work": "frames", …}\\n and the bytes of the input
stdout  the answer as JSON (exit code 0), or why there is none as a sentence (exit code REFUSED)

Nothing of the input is written anywhere else: it may hold secrets.
"""

import contextlib
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from unclouded.app.decode_service.work import answer
from unclouded.app.protocols import actions_of, settings_of
from unclouded.core.errors import UncloudedError
from unclouded.core.views.decoded import LARGEST_INPUT, DecodeOptions
from unclouded.profiles import ProfileLibrary

REFUSED = 3  # exit code
TOO_MUCH = 4  # exit code: it needs more memory than is permitted
MOST_MEMORY = 1024 * 1024 * 1024  # bytes of addresses
MOST_CPU_S = 30  # s; the hub ends the process earlier
NICE = 10  # the hub itself goes first
LONGEST_OPTIONS = 10_000  # bytes


def main(folder: str, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Read, answer, and return the exit code. ``folder``: of the hub's own profiles, "" = none."""
    options = msgspec.json.decode(stdin.readline(LONGEST_OPTIONS), type=DecodeOptions)
    data = stdin.read(LARGEST_INPUT + 1)
    try:
        library = ProfileLibrary(settings_of, Path(folder) if folder else None, actions_of)
        stdout.write(answer(options, data, library, time.monotonic))
    except UncloudedError as error:
        stdout.write(str(error).encode())
        return REFUSED
    except (MemoryError, RecursionError):
        return TOO_MUCH
    return 0


def limit() -> None:
    """Keep this process from harming the hub's computer."""
    os.nice(NICE)
    with contextlib.suppress(OSError, ValueError):  # what a system does not support
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write ``ValueError in work.py:57``, without the error's text, which may hold parts of the input."""
    frames = traceback.extract_tb(trace)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    sys.stderr.write(f"{kind.__name__}{where}\n")


if __name__ == "__main__":
    sys.excepthook = fail
    limit()
    code = main(sys.argv[1] if len(sys.argv) > 1 else "", sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.flush()
    sys.exit(code)
