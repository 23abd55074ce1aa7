"""The HomeKit bridge of a running hub, for the command line: its code, its QR code, the end of its pairings."""

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.core.errors import CommandError
from unclouded.core.views.homekit import HomekitView
from unclouded.web import qr_code


class HomekitAccess:
    """Raises CommandError where no hub runs, or it is not a bridge."""

    def __init__(self, config: Config) -> None:
        if config.tables.homekit is None:
            raise CommandError("This hub is not a HomeKit bridge. Add the table [homekit] to its configuration.")
        if not is_running(config):
            raise CommandError("The hub does not run, so Apple Home cannot find it. Start it: unclouded run")
        self._client = HubClient(config.control)
        self._check()

    def view(self) -> HomekitView:
        """Pairing code, whether it is paired, and with how many controllers, as the hub's API has them."""
        return msgspec.convert(self._client.get("/api/homekit"), HomekitView)

    def unpair(self) -> HomekitView:
        """Ends all pairings, so each home must add the bridge again. The bridge as it is then."""
        return msgspec.convert(self._client.delete("/api/homekit/pairings"), HomekitView)

    def _check(self) -> None:
        """Raises CommandError, with the reason, where the bridge does not run."""
        found = [one for one in self._client.get("/api/hub").get("publish", []) if one["name"] == "homekit"]
        if not found:
            raise CommandError(
                "The hub that runs does not know the table [homekit] yet. Apply it: unclouded config reload"
            )
        if found[0]["state"] in ("waiting", "failed"):
            raise CommandError(f"The HomeKit bridge does not run: {found[0]['text']}")


def code_text(view: HomekitView) -> str:
    """The QR code as text for a terminal."""
    return qr_code.text(view.uri)
