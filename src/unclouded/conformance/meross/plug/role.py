"""Playing the controller against a plug. Source: docs/protocols/meross.md §1.4, §1.6."""

from collections.abc import Callable

from unclouded.conformance.check import PersonTask, PlayedRole, Preparation
from unclouded.conformance.line import CheckLine, Script
from unclouded.conformance.meross.plug.answer_checks import ANSWER_CHECKS, ANSWERS, ask_everything
from unclouded.conformance.meross.plug.broker_checks import BROKER_CHECKS
from unclouded.conformance.meross.plug.energy_readings import ENERGY_READINGS
from unclouded.conformance.meross.plug.http_checks import HTTP_CHECKS
from unclouded.conformance.meross.plug.http_checks import PREPARATIONS as HTTP_PREPARATIONS
from unclouded.conformance.meross.plug.login_checks import LOGIN_CHECKS
from unclouded.conformance.meross.plug.login_checks import PREPARATIONS as LOGIN_PREPARATIONS
from unclouded.conformance.meross.plug.played_controller import PlayedController, PlugLine
from unclouded.conformance.meross.plug.request_checks import REQUEST_CHECKS, SIGN_CHECKS
from unclouded.conformance.meross.plug.rule_checks import RULE_CHECKS
from unclouded.conformance.meross.plug.set_checks import PREPARATIONS as SET_PREPARATIONS
from unclouded.conformance.meross.plug.set_checks import SET_CHECKS
from unclouded.conformance.meross.plug.setting_readings import SETTING_READINGS
from unclouded.conformance.meross.plug.slow_checks import PREPARATIONS as SLOW_PREPARATIONS
from unclouded.conformance.meross.plug.slow_checks import SLOW_CHECKS
from unclouded.conformance.meross.plug.system_readings import SYSTEM_READINGS
from unclouded.conformance.meross.wire.frames import MerossReader
from unclouded.core.sessions.session import Ambient
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.messages import SIGN_ERROR

BEGINS_S = 6.0  # after it has connected: it asks for the time, and to be bound
SILENCE_S = 60.0  # until it answers, or connects: some try again after half a minute
ADVICE = (
    "Look for: its address and port; another client that it is connected to (it takes one at a time); its Wi-Fi; "
    "over the broker: whether it was bound to this address."
)
LINKS = {"http": "http://192.168.1.40", "mqtts-listen": "mqtts-listen://192.168.1.2:8883"}


def plug_line(
    ambient: Ambient, *, firmware: bytes = b"", advise: Callable[[PersonTask], None] = lambda task: None
) -> PlugLine:
    """The line of a plug that is checked, where we play the hub."""
    reader = MerossReader()
    return CheckLine(
        "device",
        reader,
        lambda line: PlayedController(line, reader),
        ambient,
        firmware=firmware,
        advise=advise,
        shows_connections=True,
    )


def reach(line: PlugLine, seconds: float) -> Script[str]:
    """Ask for its ability list until it is answered. "" or why it is not."""
    end, until = line.end, line.now + seconds
    while line.now < until:
        if not end.is_http and not end.is_up:
            yield from line.wait_for(lambda entry: end.is_up, until - line.now)
            yield from line.pause(BEGINS_S)
            continue
        if (yield from end.find()):
            return _wrong_key(line)
        yield from line.pause(1.0)
    for entry in reversed(line.received()):
        if entry.frame is None and entry.data:
            return f"What answers is not a plug: {entry.reason}."
        if entry.frame is not None and entry.frame.http is not None and entry.frame.envelope is None:
            return f"What answers is not a plug, or it cuts its answers off: {entry.frame.http.first[:60]}."
    return f"Nothing was received within {seconds:g} s: {end.why_not}."


def _wrong_key(line: PlugLine) -> str:
    """Why an answer shows that the key is another one."""
    answer = next((one.frame for one in reversed(line.received()) if one.frame is not None), None)
    if answer is not None and answer.header.method == "ERROR":
        is_key = str(SIGN_ERROR).encode() in answer.body
        return "The plug answers that the signature is wrong: name its key (--key-file)." if is_key else ""
    return "" if line.end.abilities else "The plug answers, but not with an ability list."


def is_alive(line: PlugLine) -> Script[bool]:
    """Does it still answer? One that closes for a while gets some time."""
    for _ in range(3):
        if (yield from line.end.ask(namespaces.ABILITY)) is not None:
            return True
        yield from line.pause(5.0)
    return False


PLUG_ROLE = PlayedRole(
    plays="controller",
    tests="plug",
    line=plug_line,
    reach=reach,
    alive=is_alive,
    silence_s=SILENCE_S,
    advice=ADVICE,
    checks=(
        *ANSWER_CHECKS,
        *SYSTEM_READINGS,
        *ENERGY_READINGS,
        *SETTING_READINGS,
        *SIGN_CHECKS,
        *REQUEST_CHECKS,
        *HTTP_CHECKS,
        *SET_CHECKS,
        *RULE_CHECKS,
        *LOGIN_CHECKS,
        *BROKER_CHECKS,
        *SLOW_CHECKS,
    ),
    preparations={
        **LOGIN_PREPARATIONS,
        **HTTP_PREPARATIONS,
        **SET_PREPARATIONS,
        **SLOW_PREPARATIONS,
        ANSWERS: Preparation(text="it was asked everything", script=ask_everything, once=True, timeout_s=600.0),
    },
    links=LINKS,
)
