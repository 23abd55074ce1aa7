"""The links of devices over the network, the ports by which plugs are found, and their firmware server."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from unclouded.app.doctor.addresses import holders_text, why_taken, why_unreachable
from unclouded.app.doctor.computer import UDP
from unclouded.app.doctor.context import DoctorContext, Wire
from unclouded.core.errors import ConfigError, LinkError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.security.tls import client_context
from unclouded.families.meross.wire.discovery import ANSWER_PORT
from unclouded.links.broker.login_attempt import attempt_login
from unclouded.links.http.link import PORT, with_port
from unclouded.links.mqtt.link import PORTS
from unclouded.links.url import Url, parse
from unclouded.web.access.hosts import own_addresses

DIALLED = {"tcp": 0, "rfc2217": 0, "http": PORT, **PORTS}  # schemes, and their usual ports
LISTENING = ("listen", "http-listen")
TIMEOUT_S = 4.0
MOST_AT_ONCE = 16  # addresses that are tried side by side
MEROSS = ("meross", "meross_console")
EXAMPLE = "tcp://192.168.1.30:6638"


def device_addresses(context: DoctorContext) -> Iterator[Finding]:
    """Can the devices be reached? While a hub runs it says so itself, and some devices accept one connection only."""
    is_running = context.hub is not None or context.is_locked  # one that cannot be seen may run
    by_link: dict[str, list[Wire]] = {}
    for wire in context.wires():
        by_link.setdefault(wire.link, []).append(wire)
    yield from _side_by_side([partial(_of_link, context, wires, is_running) for wires in by_link.values()])


def discovery(context: DoctorContext) -> Iterator[Finding]:
    """Setting up and discovering plugs needs a network and a port for their answers."""
    if context.chosen and not any(wire.family in MEROSS for wire in context.wires()):
        return
    if not own_addresses():
        yield warning("network", "this computer has no address in any network", "Connect it to that of the plugs.")
        return
    yield ok("network", f"this computer is {', '.join(own_addresses())}")
    why = why_taken("", ANSWER_PORT, socket.SOCK_DGRAM)
    text = f"UDP port {ANSWER_PORT}, where plugs answer `discover`, " + (f"cannot be used: {why}" if why else "is free")
    who = holders_text(context.computer, ANSWER_PORT, UDP) if why else ""
    yield judged(not why, "discovery", text + who, "Stop that program while you look for plugs.", warning)


def download_port(context: DoctorContext) -> Iterator[Finding]:
    config = context.config
    if config is None or not config.download_port or context.hub is not None:
        return
    why = why_taken("0.0.0.0", config.download_port)
    text = f"port {config.download_port} for firmware " + (f"cannot be used: {why}" if why else "is free")
    who = holders_text(context.computer, config.download_port) if why else ""
    yield judged(not why, "downloads", text + who, "Choose another [meross] download_port.", problem)


# --- inside -----------------------------------------------------------------------------------------


def _side_by_side(jobs: Sequence[Callable[[], list[Finding]]]) -> Iterator[Finding]:
    """What each finds, in their order: devices that are off do not use up the time of all others."""
    todo: SimpleQueue[int] = SimpleQueue()
    done: list[SimpleQueue[list[Finding]]] = [SimpleQueue() for _ in jobs]

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                number = todo.get_nowait()
                done[number].put(jobs[number]())

    for number in range(len(jobs)):
        todo.put(number)
    for _ in range(min(MOST_AT_ONCE, len(jobs))):
        threading.Thread(target=work, name="addresses", daemon=True).start()
    for one in done:
        yield from one.get()


def _of_link(context: DoctorContext, wires: Sequence[Wire], is_running: bool) -> list[Finding]:
    """One link, of one device or of several: one connection after the other."""
    found: list[Finding] = []
    for wire in wires:
        try:
            found += _of_wire(context, wire, is_running)
        except ConfigError as error:
            found.append(problem(wire.device, str(error).rstrip("."), "Correct the `link` of the device."))
        except (OSError, UnicodeError) as error:
            found.append(not_checked(wire.device, str(error)))
    return found


def _of_wire(context: DoctorContext, wire: Wire, is_running: bool) -> Iterator[Finding]:
    url = parse(wire.link)
    if url.scheme in DIALLED and not is_running:
        yield from _dialled(context, wire, url)
    elif url.scheme in LISTENING and not is_running:
        host, port = url.host_port(EXAMPLE, lowest=0)
        why = why_taken(host, port)
        text = f"{url.shown} {'cannot be used: ' + why if why else 'is free'}"
        yield judged(not why, wire.device, text, "Stop the program that holds it, or change the link.", problem)


def _dialled(context: DoctorContext, wire: Wire, url: Url) -> Iterator[Finding]:
    usual = DIALLED[url.scheme]
    host, port = (with_port(url, usual) if usual else url).host_port(EXAMPLE)
    why = why_unreachable(host, port)
    if why:
        yield problem(wire.device, f"{url.shown}: {why.rstrip('.')}", "Is the device on, and its address right?")
    elif url.scheme == "mqtts":
        yield from _verified(context, wire, url, (host, port))
    else:
        yield ok(wire.device, f"{url.shown} accepts a connection")


def _verified(context: DoctorContext, wire: Wire, url: Url, address: tuple[str, int]) -> Iterator[Finding]:
    """The certificate of another broker, as the hub verifies it."""
    cafile = url.query.get("cafile", "")
    base = context.config.base if context.config is not None else Path()
    try:
        attempt = attempt_login(address, client_context(base / cafile if cafile else None), None, TIMEOUT_S)
    except (OSError, ssl.SSLError):
        yield problem(wire.device, f"the cafile of {url.shown} cannot be read", "Correct the `link` of the device.")
        return
    except LinkError as error:
        yield not_checked(wire.device, str(error))
        return
    text = f"{url.shown}: {attempt.tls_error or f'{attempt.version}, its certificate is valid'}"
    advice = "Name the authority of that broker in the link: ?cafile=broker-ca.pem"
    yield judged(not attempt.tls_error, wire.device, text, advice, problem)
