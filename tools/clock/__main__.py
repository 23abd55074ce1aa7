"""`dev.py at TIME [PYTEST ARGUMENTS]`: the tests as if it was TIME, but those of ends that keep their own clock."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.clock import NoShiftedClock, places, shifted


def main(words: list[str]) -> int:
    """``words``: the time, then arguments for pytest; with a path among them only those tests."""
    if not words:
        print("Give a time, as in: python3 dev.py at 2028-02-29T23:55", file=sys.stderr)
        return 2
    time, *arguments = words
    paths = [] if any(word.startswith("tests") for word in arguments) else [*places()]
    with tempfile.TemporaryDirectory() as folder:
        try:
            variables = shifted(time, datetime.now(UTC), Path(folder))
        except NoShiftedClock as problem:
            print(problem, file=sys.stderr)
            return 2
        command = [sys.executable, "-m", "pytest", *paths, *arguments]
        return subprocess.call(command, env={**os.environ, **variables})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
