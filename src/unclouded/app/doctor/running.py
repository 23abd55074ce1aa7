"""Runs the checks of the doctor one after the other, each in a thread that is given up when its time is over."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from unclouded.app.configuration.config import Config, data_folder
from unclouded.app.doctor.context import DoctorContext, chosen_devices
from unclouded.app.doctor.table import CHECKS, DoctorCheck
from unclouded.core.errors import UncloudedError
from unclouded.core.finding import Finding, not_checked

__all__ = ("CHECKS", "DoctorCheck", "DoctorContext", "Finding", "chosen_devices", "examine", "unconfigured")

log = logging.getLogger("unclouded.doctor")


def unconfigured(data: str | None, why: str, is_named: bool) -> DoctorContext:
    """Without a valid configuration. ``why``: there is none; ``is_named``: the command named one."""
    return DoctorContext(data=data_folder(data or ""), why_none=why, is_named=is_named)


def configured(config: Config, ids: Sequence[str]) -> DoctorContext:
    """For a configuration, and some of its devices; all where none is named. Raises CommandError."""
    return DoctorContext(
        data=config.data, config=config, is_named=True, devices=chosen_devices(config, ids), chosen=bool(ids)
    )


def examine(context: DoctorContext, checks: Sequence[DoctorCheck] = CHECKS) -> Iterator[Finding]:
    """What each check finds, as soon as it is over."""
    for check in checks:
        began = time.monotonic()
        found = _within_limit(check, context)
        ms = round((time.monotonic() - began) * 1000, 1)
        for one in found:
            yield replace(one, check=check.name, ms=ms)


def _within_limit(check: DoctorCheck, context: DoctorContext) -> list[Finding]:
    """What it has found until its time was over."""
    found: list[Finding] = []
    done = threading.Event()
    worker = threading.Thread(target=_run, args=(check, context, found, done), name=check.name, daemon=True)
    worker.start()
    if done.wait(check.limit_s):
        return found
    return [*found, not_checked(check.name, f"it was given up after {check.limit_s:g} s")]


def _run(check: DoctorCheck, context: DoctorContext, found: list[Finding], done: threading.Event) -> None:
    why = "an internal error; please report it with the traceback"
    try:
        for one in check.run(context):
            found.append(one)
        why = ""
    except UncloudedError as error:
        why = str(error)
    except OSError as error:
        why = error.strerror or str(error)
    finally:
        if why:
            found.append(not_checked(check.name, why))
        done.set()
