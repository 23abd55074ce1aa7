"""Playing a plug against a hub. Source: docs/protocols/meross.md §1.4, §1.6."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.meross.hub.answer_checks import HTTP_TAKEN_CHECKS, TAKEN_CHECKS, TROUBLE_CHECKS
from unclouded.conformance.meross.hub.broker_checks import HUB_BROKER_CHECKS
from unclouded.conformance.meross.hub.broker_checks import PREPARATIONS as BROKER_PREPARATIONS
from unclouded.conformance.meross.hub.played_plug import UUID, HubLine, PlayedPlug, asked
from unclouded.conformance.meross.hub.plug_checks import CLOCK_CHECKS, COMMAND_CHECKS, OTHER_CHECKS, PREPARATIONS
from unclouded.conformance.meross.hub.request_checks import HTTP_REQUEST_CHECKS, HUB_REQUEST_CHECKS
from unclouded.conformance.meross.wire.frames import MerossReader
from unclouded.core.sessions.session import Ambient
from unclouded.families.meross.wire.envelope import verify

SILENCE_S = 120.0  # for a person to start the hub
PERSON = PersonTask("start", f"Start the hub now, with a plug at this address. Its UUID is {UUID}.")
ADVICE = "Look for: the address and the port that the hub has for the plug; its key."
LINKS = {"http-listen": "http-listen://0.0.0.0:8080", "mqtts": "mqtts://192.168.1.2:8883"}


def hub_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> HubLine:
    """The line of a hub that is checked, where we play the plug."""
    reader = MerossReader()
    return CheckLine(
        "controller",
        reader,
        lambda line: PlayedPlug(line, reader),
        ambient,
        firmware=firmware,
        advise=advise,
        shows_connections=True,
    )


def reach(line: HubLine, seconds: float) -> Script[str]:
    """Wait for the first request."""
    line.advise(PERSON)
    entry = yield from line.wait_for(lambda one: one.frame is not None and bool(asked(one.frame)), seconds)
    if entry is None and not line.end.is_http:
        return _why_not_asked(line)
    if entry is None:
        received = [one for one in line.received() if one.data]
        what = "What was received is not a request to a plug." if received else "Nothing was received"
        return what if received else f"{what} within {seconds:g} s."
    if not verify(entry.frame.header, line.key):
        return "The hub signs with another key: name its key (--key-file)."
    return ""


def _why_not_asked(line: HubLine) -> str:
    match line.end.accepted:
        case None:
            return "Nothing was received: the server does not answer the login of the plug."
        case 0:
            return f"The server takes the login, and asks nothing. Admit the plug: its UUID is {UUID}."
    return f"The server refuses the login of the plug (code {line.end.accepted}): name its key (--key-file)."


def is_alive(line: HubLine) -> Script[bool]:
    """Does it still ask anything?"""
    line.end.reset()
    entry = yield from line.wait_for(lambda one: one.frame is not None, 200.0)
    return entry is not None


HUB_ROLE = PlayedRole(
    plays="plug",
    tests="hub",
    line=hub_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *HUB_REQUEST_CHECKS,
        *HTTP_REQUEST_CHECKS,
        *TAKEN_CHECKS,
        *HTTP_TAKEN_CHECKS,
        *COMMAND_CHECKS,
        *HUB_BROKER_CHECKS,
        *TROUBLE_CHECKS,
        *OTHER_CHECKS,
        *CLOCK_CHECKS,
    ),
    preparations={**PREPARATIONS, **BROKER_PREPARATIONS},
    links=LINKS,
)
