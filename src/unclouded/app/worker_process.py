"""Work that would hold up the hub, in a process of its own: exports, backups.

    hub ── options as a line of JSON ──► python -m MODULE ── bytes ──► hub, piece by piece, to a client
                                              └── why it cannot be done, as a sentence on stderr

The process goes behind the hub (nice), needs no thread of it, and gives its memory back. It ends with the client.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

from unclouded.core.errors import CommandError, LinkError, StoreError, UncloudedError

log = logging.getLogger("unclouded.worker")

PIECE = 256 * 1024  # bytes passed on at once
LONGEST_OPTIONS = 1024 * 1024  # bytes
LONGEST_REASON = 4000  # bytes
INVALID, FAILED = 3, 4  # exit codes: the command is invalid; it could not be done
NICE = 10  # the hub itself goes first
BROKEN = "This failed: a fault of this program, which the log of the hub names."


async def worker_pieces(module: str, options: bytes) -> AsyncIterator[bytes]:
    """What ``python -m MODULE`` writes. Raises CommandError and StoreError, before the first piece or later.

    The process is ended where the iterator is closed early.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    reason = asyncio.create_task(_reason_of(process.stderr), name=f"{module}.stderr")
    try:
        with contextlib.suppress(ConnectionError):  # it has ended already, and says why
            process.stdin.write(options + b"\n")
            await process.stdin.drain()
        while piece := await process.stdout.read(PIECE):
            yield piece
        code, text = await process.wait(), await reason
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        process.stdin.close()
        await process.wait()
        reason.cancel()
    if code:
        raise _error(module, code, text)


async def worker_answer(module: str, options: bytes) -> bytes:
    """All that ``python -m MODULE`` writes. Raises CommandError and StoreError."""
    return b"".join([piece async for piece in worker_pieces(module, options)])


def worker_main(work: Callable[[bytes, BinaryIO], None]) -> int:
    """In the process: do the work with the options, and return the exit code."""
    os.nice(NICE)
    options = sys.stdin.buffer.readline(LONGEST_OPTIONS)
    try:
        work(options, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the client is gone: flush nothing at the end
        return FAILED
    except UncloudedError as error:
        sys.stderr.write(str(error))
        return FAILED if isinstance(error, (StoreError, LinkError)) else INVALID
    return 0


async def _reason_of(stderr: asyncio.StreamReader) -> str:
    """The last bytes of the stream, which is read to its end."""
    kept = b""
    while piece := await stderr.read(PIECE):
        kept = (kept + piece)[-LONGEST_REASON:]
    return kept.decode("utf-8", "replace").strip()


def _error(module: str, code: int, text: str) -> UncloudedError:
    match code:
        case _ if code == INVALID:
            return CommandError(text)
        case _ if code == FAILED:
            return StoreError(text or BROKEN)
    log.error("%s failed (exit code %s): %s", module, code, text)
    return StoreError(BROKEN)
