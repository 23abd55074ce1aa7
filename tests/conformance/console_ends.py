"""Our ends of a plug's console in conformance tests."""

from conformance.conforming import conform
from pair import ambient
from unclouded.conformance.check import RunReport
from unclouded.core.sessions.session import Session
from unclouded.families.meross import PlugOptions, simulated_uuid
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.plug.console_device import ConsoleDevice


def check_console(console: Session) -> RunReport:
    return conform("meross_console", "controller", console)


def console(*faults: str, **options: object) -> Session:
    given = {"uuid": simulated_uuid(1), "key": "", "dialect": "hw2.1.7", "unconfigured": True, **options}
    return ConsoleDevice(PlugOptions(faults=frozenset(faults), **given), ambient())  # type: ignore[arg-type]


def check_client(client: Session) -> RunReport:
    return conform("meross_console", "device", client)


def client(**settings: object) -> Session:
    return ConsoleSession(ConsoleSettings(**settings), ambient())  # type: ignore[arg-type]  # ConsoleSettings' own
