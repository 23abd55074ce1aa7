"""The suite of the console."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.meross_console.client_role import CLIENT_ROLE
from unclouded.conformance.meross_console.console_role import CONSOLE_ROLE

MEROSS_CONSOLE = CheckSuite(
    name="meross_console",
    title="Meross MSS310 of hardware version 2: the serial console of its board",
    page="meross_console",
    family="meross_console",
    roles={"controller": CONSOLE_ROLE, "device": CLIENT_ROLE},
)
