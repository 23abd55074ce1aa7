"""The page: its address, who holds its port, and its certificate."""

import datetime
from collections.abc import Iterator
from urllib.parse import urlsplit

from unclouded.app.configuration.checks.values import place_of_web
from unclouded.app.configuration.tables.file import NOWHERE, WEB_PLACE
from unclouded.app.doctor.addresses import holders_text, why_taken, why_unreachable
from unclouded.app.doctor.context import DoctorContext
from unclouded.core.errors import ConfigError
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.security.certificate_facts import certificate_facts
from unclouded.web.access.hosts import is_loopback
from unclouded.web.access.password import CredentialStore

SOON = datetime.timedelta(days=30)


def page(context: DoctorContext) -> Iterator[Finding]:
    about = context.about_hub()
    if about is not None:
        yield from _served(about["web"])
    else:
        yield from _free(context)
    yield from _passwords(context)


def page_certificate(context: DoctorContext) -> Iterator[Finding]:
    config = context.config
    if config is None or not config.web.tls:
        return
    file = context.data / "ca" / "web.pem"
    try:
        facts = certificate_facts(file.read_bytes())
    except FileNotFoundError:
        yield ok("page certificate", "there is none yet; the hub makes it when it starts")
        return
    except (OSError, ValueError) as error:
        yield not_checked("page certificate", f"{file}: {error}", "Run it as the user of the hub.")
        return
    left = facts.ends - datetime.datetime.now(datetime.UTC)
    text = f"until {facts.ends:%Y-%m-%d}, for {', '.join(facts.names)}"
    advice = "Check the clock, and restart the hub: it makes a new one."
    yield judged(left > SOON, "page certificate", text, advice, problem if left.total_seconds() < 0 else warning)


# --- inside -----------------------------------------------------------------------------------------


def _served(urls: list[str]) -> Iterator[Finding]:
    if not urls:
        yield ok("page", "it is off: [web] listen")
    for url in urls:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        why = why_unreachable(host, port)
        if why:
            yield warning("page", f"{url}: {why.rstrip('.')}", "Check the name in [web] host, and the firewall.")
        else:
            yield ok("page", f"{url} answers")


def _free(context: DoctorContext) -> Iterator[Finding]:
    config = context.config
    if config is not None and config.web.listen == NOWHERE:
        yield ok("page", "it is off: [web] listen")
        return
    wanted = place_of_web(config.web) if config is not None else None
    host, port = wanted or WEB_PLACE
    why = why_taken(host, port)
    if not why:
        yield ok("page", f"{host}:{port} is free for the hub")
        return
    text = f"{host}:{port} cannot be used: {why}{holders_text(context.computer, port)}"
    if wanted is None:
        yield ok("page", f"{text}; the page takes the next free port")
    else:
        yield problem("page", text, "Stop that program, or choose another [web] listen.")


def _passwords(context: DoctorContext) -> Iterator[Finding]:
    """On the network without TLS, the password crosses it in the clear."""
    config = context.config
    place = place_of_web(config.web) if config is not None else None
    if config is None or place is None or is_loopback(place[0]):
        return
    if not config.web.tls:
        text = "it is served to the network without TLS, so that passwords can be read on the way"
        yield warning("page", text, "Set tls = true in [web].")
    try:
        if not CredentialStore(context.data / "state").now().passwords:
            yield ok("page", "it has no password yet; the hub makes one when it starts")
    except ConfigError:
        return  # a check of its own names the damaged file
