"""The broker as a plug sees it: its address, TLS of every generation, its certificate, and logins.

host of [broker] ──► TCP ──► TLS ──► certificate ──► a wrong password: refused ──► the derived one: accepted
"""

import datetime
import os
import ssl
from collections.abc import Iterator, Sequence

import msgspec

from unclouded.app.configuration.tables.file import BrokerTable
from unclouded.app.doctor.addresses import addresses_of, holders_text, why_taken
from unclouded.app.doctor.context import DoctorContext
from unclouded.app.simulation.simulated_plug import BoundPlug, login_of
from unclouded.core.errors import LinkError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.security.certificate_facts import CertificateFacts, certificate_facts, is_same
from unclouded.core.security.tls import client_context, old_plug_client_context, plug_client_context
from unclouded.families.meross import simulated_uuid
from unclouded.links.broker.login_attempt import LoginAttempt, attempt_login
from unclouded.web.access.hosts import own_addresses

TIMEOUT_S = 4.0  # of one connection
PROBE = 0xD0C0  # of the plug that logs in; its address is no real plug's
WRONG = "wrong"
SOON = datetime.timedelta(days=30)
LEAST_KEY_BITS = 2048
LOWEST_FREE = 1024  # lower ports are root's
RESTART = "Restart the hub: it makes a certificate that fits."
ADDRESS = "Correct `host` in [broker]: the name or address of this computer, as plugs reach it."
OLD_TLS = "plugs with firmware of before 2020 (TLS 1.0 and 1.1 only)"
OLD_CIPHERS = "plugs that offer plain RSA only"


def broker_address(context: DoctorContext) -> Iterator[Finding]:
    """Is its port there, or free where no hub runs? Do the names lead to this computer?"""
    table = _table(context)
    if table is None:
        return
    own = {*own_addresses(), "127.0.0.1", "::1"}
    for host in table.host.split():
        found = addresses_of(host)
        if not found:
            yield problem(host, "this name of [broker] host is unknown here, and so it may be to plugs", ADDRESS)
        elif not own & set(found):
            text = f"[broker] host leads to {', '.join(found)}, which is not an address of this computer"
            yield warning(host, text, f"{ADDRESS} Leave it where a router or container forwards the port.")
    listen = _listening(context)
    if listen is None:
        host, port = _configured(table)
        why = why_taken(host, port)
        taken = f"{why}{holders_text(context.computer, port)}"
        text = f"{table.listen} cannot be used: {taken}" if why else f"{table.listen} is free for the hub"
        yield judged(not why, "broker port", text, _port_advice(port), problem)


def broker_certificate(context: DoctorContext) -> Iterator[Finding]:
    """The files of the certificate, which a plug is shown."""
    table = _table(context)
    if table is None:
        return
    folder = context.data / "ca"
    try:
        served = certificate_facts((folder / "server.pem").read_bytes(), (folder / "ca.pem").read_bytes())
        authority = certificate_facts((folder / "ca.pem").read_bytes())
    except FileNotFoundError:
        yield ok("certificate", "there is none yet; the hub makes it when it starts")
        return
    except OSError as error:
        yield not_checked("certificate", f"{folder}: {error.strerror}", "Run it as the user of the hub.")
        return
    except ValueError:
        yield problem("certificate", f"{folder} holds damaged files", f"Move {folder} away and restart the hub.")
        return
    yield from _judged_certificate(served, authority, table.host.split())


def broker_login(context: DoctorContext) -> Iterator[Finding]:
    """TLS and logins at the address that plugs are given, while a hub runs."""
    table, listen = _table(context), _listening(context)
    if table is None:
        return
    if listen is None:
        yield not_checked("broker", "no hub runs, so that nothing answers plugs", "Start it: unclouded run")
        return
    for host in table.host.split():
        try:
            attempt = attempt_login((host, listen[1]), plug_client_context(rsa_only=True), None, TIMEOUT_S)
        except LinkError as error:
            yield problem(f"{host}:{listen[1]}", str(error).rstrip("."), f"Let the firewall pass the port. {ADDRESS}")
            continue
        if attempt.tls_error:
            yield problem(f"{host}:{listen[1]}", f"no TLS with RSA: {attempt.tls_error}", RESTART)
            continue
        yield ok(f"{host}:{listen[1]}", f"it answers by {attempt.version} with {attempt.cipher}")
        yield from _served(context, (host, listen[1]), attempt)
        yield from _old_plugs(table, (host, listen[1]))
        yield from _logins(context, (host, listen[1]))


# --- inside -----------------------------------------------------------------------------------------


def _table(context: DoctorContext) -> BrokerTable | None:
    return None if context.config is None else context.config.broker


def _configured(table: BrokerTable) -> tuple[str, int]:
    host, _, port = table.listen.rpartition(":")
    return host.strip("[]"), int(port)


def _listening(context: DoctorContext) -> tuple[str, int] | None:
    """Where the broker of the running hub listens; None where there is none."""
    broker = (context.about_hub() or {}).get("broker")
    if not broker:
        return None
    host, _, port = str(broker["listen"]).rpartition(":")
    return host, int(port)


def _port_advice(port: int) -> str:
    if port < LOWEST_FREE and os.geteuid() != 0:
        return f"Ports below {LOWEST_FREE} need root: choose another [broker] listen."
    return "Stop that program, or choose another [broker] listen."


def _judged_certificate(
    served: CertificateFacts, authority: CertificateFacts, hosts: Sequence[str]
) -> Iterator[Finding]:
    now = datetime.datetime.now(datetime.UTC)
    until = f"until {served.ends:%Y-%m-%d}"
    wrong = list(_certificate_problems(served, authority, hosts, now))
    yield from wrong
    if not wrong:
        kind = f"RSA of {served.key_bits} bits, {until}"
        yield ok("certificate", f"for {', '.join(served.names)}, {kind}; its common name is {served.common_name}")


def _certificate_problems(
    served: CertificateFacts, authority: CertificateFacts, hosts: Sequence[str], now: datetime.datetime
) -> Iterator[Finding]:
    missing = [host for host in hosts if host not in served.names]
    if served.ends <= now:
        yield problem("certificate", f"it ended on {served.ends:%Y-%m-%d}", f"Check the clock. {RESTART}")
    elif served.begins > now:
        yield problem("certificate", f"it begins on {served.begins:%Y-%m-%d} only", "Set the clock of this computer.")
    elif served.ends - now < SOON:
        yield warning("certificate", f"it ends on {served.ends:%Y-%m-%d}", RESTART)
    if authority.ends <= now:
        yield problem("certificate", f"its authority ended on {authority.ends:%Y-%m-%d}", RESTART)
    if not served.is_signed_by:
        yield problem("certificate", "it is not signed by the authority in ca.pem", RESTART)
    if missing:
        yield problem("certificate", f"it is not for {', '.join(missing)}", RESTART)
    elif hosts and served.common_name != hosts[0]:
        yield warning("certificate", f"its common name is {served.common_name}, and old plugs need {hosts[0]}", RESTART)
    if served.key_bits < LEAST_KEY_BITS:
        text = (
            f"its key has {served.key_bits} bits of RSA" if served.key_bits else "its key is not RSA, which plugs need"
        )
        yield problem("certificate", text, "Move DATA/ca away and restart the hub.")


def _served(context: DoctorContext, address: tuple[str, int], attempt: LoginAttempt) -> Iterator[Finding]:
    """Is it the certificate of the files, and does a client that verifies accept it?"""
    folder = context.data / "ca"
    subject = f"{address[0]}:{address[1]}"
    try:
        if not is_same(attempt.certificate, (folder / "server.pem").read_bytes()):
            yield warning(subject, "it shows another certificate than that in DATA/ca", "Restart the hub.")
        verified = attempt_login(address, client_context(folder / "ca.pem"), None, TIMEOUT_S)
    except (OSError, ValueError, LinkError):
        yield not_checked(subject, "its certificate cannot be compared with the files in DATA/ca")
        return
    text = "its certificate is valid for this address, by the hub's own authority"
    wrong = f"a client that verifies does not accept its certificate: {verified.tls_error}"
    yield judged(not verified.tls_error, subject, wrong if verified.tls_error else text, RESTART, problem)


def _old_plugs(table: BrokerTable, address: tuple[str, int]) -> Iterator[Finding]:
    subject = f"{address[0]}:{address[1]}"
    for is_allowed, old_tls, who, key in (
        (table.old_tls, True, OLD_TLS, "old_tls"),
        (table.old_ciphers, False, OLD_CIPHERS, "old_ciphers"),
    ):
        try:
            attempt = attempt_login(address, old_plug_client_context(old_tls=old_tls), None, TIMEOUT_S)
        except (LinkError, ssl.SSLError) as error:
            yield not_checked(subject, f"{who}: {error}")
            continue
        if attempt.tls_error and is_allowed:
            yield problem(subject, f"{who} are refused though {key} is true: {attempt.tls_error}", "Restart the hub.")
        elif attempt.tls_error:
            yield ok(subject, f"{who} are not accepted; {key} = true in [broker] allows them")
        else:
            yield ok(subject, f"{who} are accepted ({attempt.version}, {attempt.cipher})")


def _logins(context: DoctorContext, address: tuple[str, int]) -> Iterator[Finding]:
    """With a wrong password, and with the one that a plug derives from the key."""
    assert context.config is not None
    subject = f"{address[0]}:{address[1]}"
    plug = BoundPlug(uuid=simulated_uuid(PROBE), key=context.config.meross_key.text)
    wrong = msgspec.structs.replace(login_of(plug), password=WRONG)
    for login, is_right in ((wrong, False), (login_of(plug), True)):
        try:
            attempt = attempt_login(address, plug_client_context(), login, TIMEOUT_S)
        except LinkError as error:
            yield problem(subject, str(error), "Look at the hub's log.")
            continue
        if attempt.refusal is None:
            yield not_checked(subject, f"logins: {attempt.tls_error}")
        elif not is_right:
            text = (
                f"a wrong password is refused ({attempt.refusal})"
                if attempt.refusal
                else "a wrong password is accepted"
            )
            yield judged(bool(attempt.refusal), subject, text, "Report this: it must not be.", problem)
        elif not attempt.refusal:
            yield ok(subject, "the password that a plug derives from the key is accepted")
        else:
            yield problem(subject, f"the password of a plug is refused: {attempt.refusal}", _key_advice(context))


def _key_advice(context: DoctorContext) -> str:
    assert context.config is not None
    if not context.config.meross_key.text:
        file = context.config.own_key
        readable = "" if not file.exists() or os.access(file, os.R_OK) else f" {file} cannot be read by your user."
        return f"The key is not known here.{readable} Run it as the user of the hub."
    return "The hub was started with another key: restart it after the key of [meross] was changed."
