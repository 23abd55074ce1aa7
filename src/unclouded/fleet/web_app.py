"""The web application of a running server: the API, joining, metrics and the page, made of its parts."""

import asyncio
import contextlib
import time
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from unclouded.core.errors import ConfigError, LinkError
from unclouded.fleet.api.application import fleet_app
from unclouded.fleet.api.context import FleetContext
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.enrolment.codes import invitation_of
from unclouded.fleet.enrolment.routes import enrol_routes
from unclouded.fleet.enrolment.service import push_revocations
from unclouded.fleet.serve import RunningFleet
from unclouded.web.access.hosts import Hosts, own_names
from unclouded.web.access.password_checks import PasswordChecks


class RevocationPush:
    """Brings the list of revoked keys to NATS, for a person who waits for it."""

    def __init__(self, configuration: FleetConfiguration, base: FleetBases) -> None:
        self._configuration = configuration
        self._base = base

    async def push(self, now: float) -> int:
        """Raises LinkError."""
        try:
            return (await push_revocations(self._configuration, self._base, now)).count
        except ConfigError as error:
            raise LinkError(str(error)) from None


def fleet_web_app(fleet: RunningFleet) -> ASGIApp:
    """To be called in the loop. Raises ConfigError."""
    configuration, engine = fleet.configuration, fleet.engine
    web = configuration.tables.web
    context = FleetContext(
        base=fleet.base,
        url=web.url,
        passwords=PasswordChecks(asyncio.get_running_loop().time),
        questions=engine.questions,
        looks=engine.looks,
        revocations=RevocationPush(configuration, fleet.base),
        fingerprint=invitation_of(web.url, "", configuration.web_authority).fingerprint,
        wake=engine.wake,
        wall=time.time,
    )
    return fleet_app(
        context,
        Hosts(_names(web.url)),
        enrol_routes(fleet.enroller),
        fleet.metrics,
        configuration.metrics_token,
        proxied=bool(web.proxies) and not web.certificate_file,
    )


def _names(url: str) -> tuple[str, ...]:
    """Under which the page may be asked for."""
    with contextlib.suppress(ValueError):
        return (urlsplit(url).hostname or "", *own_names([]))
    return own_names([])
