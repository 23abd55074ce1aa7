#!/usr/bin/env python3
"""Prints what is in a recording: any file that `unclouded decode` reads.

python examples/decode_a_capture.py line.log
"""

import sys
from pathlib import Path

import unclouded


def main(path: Path) -> None:
    for frame in unclouded.decode(path):
        when = "" if frame.time_s is None else f"{frame.time_s:9.3f} s  "
        what = frame.name if frame.is_frame else f"noise: {frame.reason}"
        print(f"{when}{frame.sender or '?':10}  {what}")
        for key, value in frame.values.items():
            print(f"    {key} = {value}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except unclouded.UncloudedError as error:
        sys.exit(str(error))
