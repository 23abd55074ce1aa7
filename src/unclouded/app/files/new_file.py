"""Files that appear when they are complete: written beside their place, and renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unclouded.core.errors import CommandError, StoreError

PARTIAL = ".partial"


@contextmanager
def new_file(target: Path, force: bool, mode: int = 0o666) -> Iterator[Path]:
    """A file beside ``target`` that takes its place at the end of the block, and is removed where that fails.

    Raises CommandError where there is a file already and not ``force``, or it is not a place for one; StoreError where
    it cannot be written.
    """
    _check_target(target, force)
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        partial.touch(mode, exist_ok=False)
        yield partial
        with partial.open("rb") as made:
            os.fsync(made.fileno())
        if force:
            partial.replace(target.resolve())
        else:
            _place(partial, target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}.") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _check_target(target: Path, force: bool) -> None:
    if not target.parent.is_dir():
        raise CommandError(f"There is no folder {target.parent}.")
    if target.is_dir():
        raise CommandError(f"{target} is a folder; name a file in it.")
    if target.exists() and not target.is_file():
        raise CommandError(f"{target} is not a file. Write to stdout and through a pipe: … - > {target}")
    if os.path.lexists(target) and not force:
        raise _is_there(target)


def _place(partial: Path, target: Path) -> None:
    """Give the file its name, unless another has got it meanwhile."""
    try:
        target.hardlink_to(partial)
    except FileExistsError:
        raise _is_there(target) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _is_there(target) from None
        partial.rename(target)


def _is_there(target: Path) -> CommandError:
    return CommandError(f"{target} is there already, and is kept. Name another file, or replace it with --force.")
