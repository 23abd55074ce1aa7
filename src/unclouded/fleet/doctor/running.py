"""Runs the checks of a fleet, one after the other."""

import datetime
import time
from collections.abc import Callable, Iterator

import msgspec

from unclouded.core.finding import Finding
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.doctor import base_checks, file_checks, nats_checks
from unclouded.fleet.doctor.context import FleetDoctorContext
from unclouded.fleet.folder.key_files import KeyFiles

FleetCheck = Callable[[FleetDoctorContext], Iterator[Finding]]

CHECKS: dict[str, FleetCheck] = {
    "keys": file_checks.key_files,
    "offline-keys": file_checks.offline_keys,
    "certificates": file_checks.certificates,
    "nats": nats_checks.servers,
    "nats-login": nats_checks.login,
    "databases": base_checks.databases,
    "revocations": nats_checks.revocations,
}


def examine_fleet(fleet: FleetConfiguration) -> Iterator[Finding]:
    """Findings in the order of CHECKS, each when it is there."""
    context = FleetDoctorContext(fleet, KeyFiles(fleet.keys), datetime.datetime.now(datetime.UTC))
    for name, check in CHECKS.items():
        begin = time.monotonic()
        found = list(check(context))
        ms = (time.monotonic() - begin) * 1000
        for one in found:
            yield msgspec.structs.replace(one, check=name, ms=round(ms, 1))
