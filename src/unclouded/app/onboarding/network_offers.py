"""Plugs as offers: those that connect to the broker, those that answer a broadcast in the network; and bridges."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from unclouded.app.configuration.tables.file import BROKER
from unclouded.app.discovery import SECONDS
from unclouded.app.onboarding.service_offers import SERVICES, service_offers
from unclouded.core.errors import LinkError
from unclouded.core.model import Device, Fact, Status
from unclouded.core.times import iso
from unclouded.core.views.facts import FoundPlug
from unclouded.core.views.onboarding import Offer, OfferSourceView
from unclouded.links.mdns import FoundService, browse
from unclouded.web.access.hosts import own_addresses

FAMILY = "meross"
NO_BROKER = (
    "This hub has no broker that plugs could connect to. For plugs that are to use this hub as their server, turn it "
    "on on the page, or write [broker] with the address of this computer as `host` into the configuration."
)

T = TypeVar("T")
Discover = Callable[[], Awaitable[Sequence[FoundPlug]]]
Browse = Callable[[], Awaitable[Sequence[FoundService]]]


async def browse_network() -> Sequence[FoundService]:
    """The bridges that announce themselves; none where this computer is in no network. Raises LinkError."""
    addresses = own_addresses()
    return await browse(SERVICES, SECONDS, addresses) if addresses else ()


class NetworkOffers:
    """``discover``: sends the broadcast, and takes ``seconds``; ``browse``: asks for services meanwhile.

    ``known``: UUIDs of the plugs that have a device. ``used``: the links that a device has.
    """

    def __init__(
        self,
        discover: Discover,
        browse: Browse,
        known: Callable[[], Collection[str]],
        used: Callable[[], Collection[str]],
        seconds: float = SECONDS,
    ) -> None:
        self._discover = discover
        self._browse = browse
        self._known = known
        self._used = used
        self._seconds = seconds
        self._plugs: dict[str, FoundPlug] = {}
        self._services: list[Offer] = []
        self._task: asyncio.Task[None] | None = None
        self._until = 0.0
        self._problem = ""
        self._has_looked = False

    def look(self) -> None:
        """Begin to look, unless it is done already."""
        if self._task is None:
            self._until = asyncio.get_running_loop().time() + self._seconds
            self._task = asyncio.create_task(self._look(), name="onboarding.network")

    async def close(self) -> None:
        """Ends a search that is under way, and waits for that; what was found before is kept."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def source(self) -> OfferSourceView:
        """How far the search is; ``left_s``: seconds that it goes on."""
        if self._task is not None:
            left = max(self._until - asyncio.get_running_loop().time(), 0.0)
            text = "Plugs and bridges in this network are asked to answer."
            return OfferSourceView(source="network", state="looking", text=text, left_s=round(left, 1))
        if self._problem:
            return OfferSourceView(source="network", state="failed", text=self._problem)
        if not self._has_looked:
            return OfferSourceView(source="network", state="idle", text="Nothing was looked for yet.")
        count = len(self._plugs) + len(self._services)
        return OfferSourceView(
            source="network", state="done", text=_count_text(count, "device", "answered"), count=count
        )

    def offers(self, without: Collection[str]) -> list[Offer]:
        """``without``: the UUIDs of plugs that are offered otherwise."""
        hidden = {*self._known(), *without}
        plugs = [_found(plug) for uuid, plug in self._plugs.items() if uuid not in hidden]
        used = {place_of(link) for link in self._used()}
        return [*plugs, *(one for one in self._services if place_of(one.link) not in used)]

    async def _look(self) -> None:
        try:
            plugs, services = await asyncio.gather(self._discover(), self._browse(), return_exceptions=True)
            self._problem = ""
            self._plugs = {plug.uuid: plug for plug in self._answer(plugs)}
            self._services = service_offers(self._answer(services))
        finally:
            self._task, self._has_looked = None, True

    def _answer(self, found: Sequence[T] | BaseException) -> Sequence[T]:
        """What answered; nothing where the question could not be asked, which the view then says."""
        if isinstance(found, LinkError):
            self._problem = f"{self._problem} {found}".strip()
            return ()
        if isinstance(found, BaseException):
            raise found
        return found


def place_of(link: str) -> str:
    """Host and port, whatever is spoken there; the path of a serial port."""
    return link.partition("://")[2].partition("?")[0]


def broker_offers(facts: Sequence[Fact]) -> list[Offer]:
    """The plugs that are connected and have no device, from the hub's snapshot; the newest first."""
    devices = {fact.id: fact for fact in facts if isinstance(fact, Device)}
    seen = [fact for fact in facts if isinstance(fact, Status) and fact.state == "seen" and fact.device in devices]
    return [_seen(devices[one.device], one) for one in sorted(seen, key=lambda one: -one.since)]


def broker_source(place: str, count: int) -> OfferSourceView:
    """``place``: HOST:PORT of the broker, "" = there is none."""
    if not place:
        return OfferSourceView(source="broker", state="off", text=NO_BROKER)
    text = f"Plugs connect to {place}; {_count_text(count, 'plug', 'waits', 'wait')} to be added."
    return OfferSourceView(source="broker", state="open", text=text, count=count, place=place)


def _seen(device: Device, status: Status) -> Offer:
    address = device.info.get("address", "")
    return Offer(
        id=f"broker:{device.id}",
        source="broker",
        title=f"Meross plug {_tail(device.id)}",
        text=f"It connects to this hub{f' from {address}' if address else ''}.",
        link=BROKER,
        state="recognised",
        family=FAMILY,
        uuid=device.id,
        since=iso(status.since),
        info={"address": address} if address else {},
    )


def _found(plug: FoundPlug) -> Offer:
    place = plug.ip if plug.port == 80 else f"{plug.ip}:{plug.port}"
    return Offer(
        id=f"network:{plug.uuid}",
        source="network",
        title=f"Meross {plug.product.upper()} {_tail(plug.uuid)}",
        text=f"It is at {place}, and may belong to another hub or account.",
        link=f"http://{place}",
        state="recognised",
        family=FAMILY,
        uuid=plug.uuid,
        info={"address": place, "product": plug.product, "mac": plug.mac, "firmware": plug.version},
    )


def _tail(uuid: str) -> str:
    """The end of its MAC address, which is on its label."""
    return f"{uuid[-4:-2]}:{uuid[-2:]}"


def _count_text(count: int, noun: str, verb: str, plural_verb: str = "") -> str:
    return f"1 {noun} {verb}" if count == 1 else f"{count} {noun}s {plural_verb or verb}"
