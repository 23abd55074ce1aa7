"""Threads of Python code beside a loop that must not wait: the interpreter's lock changes hands sooner."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.0002  # s that a thread may run while another one waits for the lock; Python's default is 5 ms


@contextmanager
def quick_thread_switches() -> Iterator[None]:
    """For all threads of this process, until the end of the block."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
