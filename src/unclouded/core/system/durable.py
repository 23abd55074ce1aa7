"""What must be on the disk before the next step, so that a power cut leaves either the old or the new."""

import os
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Bring a file, or a folder with its names, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
