"""How the API reaches the HomeKit bridge, which comes and goes with the configuration (web's HomekitSource)."""

from typing import TYPE_CHECKING

from unclouded.app.publishing.service import Publishing
from unclouded.core.errors import CommandError
from unclouded.core.views.homekit import HomekitView

if TYPE_CHECKING:
    from unclouded.publish.homekit.publisher import HomekitPublisher


class LiveHomekit:
    """The bridge of a hub, on or off."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing

    def view(self) -> HomekitView | None:
        publisher = self._publisher()
        return None if publisher is None else publisher.view()

    def why_none(self) -> str:
        found = next((one for one in self._publishing.views() if one["name"] == "homekit"), None)
        return "" if found is None else str(found["text"]) or "It starts."

    async def unpair(self) -> None:
        publisher = self._publisher()
        if publisher is None:
            reason = self.why_none() or "Add the table [homekit] to its configuration."
            raise CommandError(f"This hub is not a HomeKit bridge now. {reason}")
        await publisher.unpair()

    def _publisher(self) -> "HomekitPublisher | None":
        found = self._publishing.publisher("homekit")
        if found is None:
            return None
        from unclouded.publish.homekit.publisher import HomekitPublisher

        assert isinstance(found, HomekitPublisher)
        return found
