"""Conformance tests: the checks of each protocol, for both of its ends, and the run that plays them.

    check        what a check, a suite and a result are          line    what a script sees and does
    run          plays the checks of one role, as a session      rows    how tables of checks are written
    tuya_wifi …  the checks of one protocol: data and small scripts, with the end that we play

Pure: time comes in as ``now``, so that the same checks run on a real link and on a fake wire with a virtual clock.
"""

from collections.abc import Mapping

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.emporia.suite import EMPORIA
from unclouded.conformance.hlw8032.suite import HLW8032
from unclouded.conformance.meross.suite import MEROSS
from unclouded.conformance.meross_console.suite import MEROSS_CONSOLE
from unclouded.conformance.tuya_gateway.suite import TUYA_GATEWAY
from unclouded.conformance.tuya_low_power.suite import TUYA_LOW_POWER
from unclouded.conformance.tuya_wifi.suite import TUYA_WIFI
from unclouded.core.errors import CommandError

SUITES: Mapping[str, CheckSuite] = {
    suite.name: suite for suite in (TUYA_WIFI, TUYA_LOW_POWER, TUYA_GATEWAY, EMPORIA, MEROSS, MEROSS_CONSOLE, HLW8032)
}


def suite(name: str) -> CheckSuite:
    """Raises CommandError where there is none of that name."""
    if name not in SUITES:
        raise CommandError(f"There are no checks of {name!r}. There are those of: {', '.join(SUITES)}.")
    return SUITES[name]
