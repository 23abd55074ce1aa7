"""Onboarding for the API and the command line: what is here, the test of one of it, and its entry in the configuration.

look ──► offers ── test ──► an answering device, its values, a proposal ── add ──► LiveConfiguration: the file,
                                                                                   checked, and the running hub
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from unclouded.app.configuration.checks.values import port_of
from unclouded.app.configuration.tables.file import DeviceTable, links_of
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.discovery import find_in_network
from unclouded.app.doctor.computer import Computer
from unclouded.app.onboarding.broker_place import BROKER_PLACES, NO_ADDRESS, free_place
from unclouded.app.onboarding.candidates import LinkCandidate, candidates
from unclouded.app.onboarding.link_test import AnsweringDevice, LinkTestTimes, OfferTest
from unclouded.app.onboarding.network_offers import (
    Browse,
    Discover,
    NetworkOffers,
    broker_offers,
    broker_source,
    browse_network,
    place_of,
)
from unclouded.app.onboarding.proposal import propose
from unclouded.app.onboarding.serial_offers import SerialOffers
from unclouded.app.onboarding.trial import TRIAL_ID, DeviceTrial
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Device, Outcome, Value
from unclouded.core.times import iso
from unclouded.core.views.configuration import EditOrigin, HubEdit, ReloadView
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer, OfferSourceView, OnboardingView
from unclouded.families import family as family_of
from unclouded.hub.node import NodeSpec
from unclouded.links import check_url
from unclouded.links.url import parse
from unclouded.web.access.hosts import own_addresses
from unclouded.web.schemas import OnboardingAddBody, OnboardingBrokerBody, OnboardingOfferBody

if TYPE_CHECKING:
    from unclouded.app.composition import Composition
    from unclouded.app.configuration.live import LiveConfiguration
    from unclouded.hub.clock import WallClock
    from unclouded.hub.hub import Hub
    from unclouded.hub.services.services import Services

BY_HAND = ("serial", "tcp", "rfc2217", "http")  # schemes that may be typed
MOST_BY_HAND = 20


class OnboardingService:
    """The onboarding of one hub (web/routes.OnboardingSource)."""

    def __init__(
        self,
        composition: "Composition",
        hub: "Hub",
        services: "Services",
        clock: "WallClock",
        live: "LiveConfiguration",
        computer: Computer = Computer(),  # noqa: B008  (frozen)
        times: LinkTestTimes = LinkTestTimes(),  # noqa: B008  (frozen)
        discover: Discover = find_in_network,
        browse: Browse = browse_network,
        broker_places: Sequence[str] = BROKER_PLACES,
    ) -> None:
        self._composition = composition
        self._hub = hub
        self._services = services
        self._clock = clock
        self._live = live
        self._times = times
        self._broker_places = broker_places
        self._serial = SerialOffers(computer, self._used_ports, self._time, times.listen_s)
        self._network = NetworkOffers(discover, browse, self._known_uuids, self._used_links)
        self._by_hand: dict[str, Offer] = {}
        self._found: dict[str, AnsweringDevice] = {}  # by offer
        self._in_vain: set[str] = set()  # of the offers by hand those whose test has ended without an answer
        self._test: OfferTest | None = None
        self._count = 0
        self._lock = asyncio.Lock()  # held while a test begins or ends, or a device is added

    # --- OnboardingSource ----------------------------------------------------------------------

    async def view(self, offer: str | None = None) -> OnboardingView:
        if self._test is not None and offer in (None, self._test.offer.id):
            self._test.watch()
        await self._serial.refresh()
        test, offers = self._test_view(), self._offers()
        sources = self._sources(offers)
        listed = [one for one in offers if one.id == offer or not self._led_nowhere(one)]
        return OnboardingView(is_empty=not self._tables(), sources=sources, offers=listed, test=test)

    async def look(self) -> OnboardingView:
        await self._serial.look()
        if self._test is not None:
            await self._serial.leave(self._test.offer.id)
        self._network.look()
        return await self.view()

    async def offer(self, body: OnboardingOfferBody) -> Offer:
        link = body.link.strip()
        if parse(link).scheme not in BY_HAND:
            raise CommandError(f"Write an address such as {', '.join(_EXAMPLES)}.")
        check_url(link)
        if body.family:
            _check_family(link, body.family)
        known = next((one for one in self._offers() if one.link == link), None)
        if known is not None and known.family == body.family:
            self._in_vain.discard(known.id)
            return known
        while len(self._by_hand) >= MOST_BY_HAND:
            self._in_vain.discard(first := next(iter(self._by_hand)))
            del self._by_hand[first]
        offer = Offer(id=f"hand:{link}", source="hand", title=link, text="You typed it.", link=link, family=body.family)
        self._by_hand[offer.id] = offer
        self._in_vain.discard(offer.id)
        return offer

    async def test(self, offer: str) -> OnboardingView:
        async with self._lock:
            await self._serial.refresh(at_once=True)
            chosen = self._offer(offer)
            if chosen.state == "blocked":
                raise CommandError(chosen.problem)
            await self._end_test()
            await self._serial.leave(offer)
            self._count += 1
            self._test = OfferTest(
                chosen,
                self._count,
                self._spec,
                lambda spec: DeviceTrial(spec, self._services, self._clock),
                self._title,
                _file_of(chosen.link),
                self._serial.findings(offer) if chosen.state == "recognised" else None,
                self._times,
            )
            self._test.start()
        return await self.view()

    async def command(self, point: str, value: Value, origin: str) -> Outcome:
        if self._test is None:
            raise CommandError("No test runs. Begin one first.")
        return await self._test.command(point, value, origin)

    async def end_test(self, number: int | None = None) -> OnboardingView:
        async with self._lock:
            if number in (None, self._count):
                await self._end_test()
        return await self.view()

    async def open_broker(self, body: OnboardingBrokerBody, origin: EditOrigin) -> ReloadView:
        if self._composition.broker is not None:
            raise CommandError("Plugs can connect to this hub already.")
        host = body.host.strip() or " ".join(own_addresses())
        if not host:
            raise CommandError(NO_ADDRESS)
        listen = await asyncio.to_thread(free_place, self._broker_places)
        return await self._live.change_hub(
            body.revision, HubEdit(table="broker", keys={"listen": listen, "host": host}), origin
        )

    async def add(self, body: OnboardingAddBody, origin: EditOrigin) -> ReloadView:
        async with self._lock:
            offer = self._offer(body.offer)
            keys = self._keys(offer, body)
            if is_its_test := self._test is not None and _share_link(self._test.offer, offer):
                await self._end_test()
            done = await self._live.add(body.revision, keys, origin)
            self._by_hand.pop(body.offer, None)
            self._in_vain.discard(body.offer)
            if is_its_test:
                self._test = None
            await self._serial.refresh(at_once=True)
            return done

    async def close(self) -> None:
        """The hub ends."""
        await self._end_test()
        await self._serial.close()
        await self._network.close()

    # --- inside: offers ------------------------------------------------------------------------

    def _offers(self) -> list[Offer]:
        connected = broker_offers(self._hub.snapshot())
        network = self._network.offers([one.uuid for one in connected])
        return [*connected, *self._serial.offers(), *network, *self._by_hand.values()]

    def _led_nowhere(self, offer: Offer) -> bool:
        """Whether it was typed, and nothing answered there: it is nothing that was found."""
        return offer.id in self._in_vain and offer.id not in self._found

    def _offer(self, id: str) -> Offer:
        found = next((one for one in self._offers() if one.id == id), None)
        if found is None:
            raise CommandError(f"{id[:200]} is no longer here, or was added meanwhile. Look again.")
        return found

    def _sources(self, offers: Sequence[Offer]) -> list[OfferSourceView]:
        serial = self._serial.source()
        waiting = sum(one.source == "broker" for one in offers)
        broker = self._composition.broker
        place = f"{broker.address[0]}:{broker.address[1]}" if broker is not None else ""
        return [broker_source(place, waiting), serial, self._network.source()]

    def _tables(self) -> Sequence[DeviceTable]:
        return self._composition.all_devices()

    def _used_links(self) -> list[str]:
        wires = [wire for one in self._tables() for wire in (one.link, *(channel.link for channel in one.channel))]
        return [link for wire in wires for link in links_of(wire)]

    def _used_ports(self) -> list[Path]:
        return [path for link in self._used_links() if (path := _file_of(link)) is not None]

    def _time(self) -> str:
        """The present; "" while the computer's clock is not right."""
        clock = self._clock
        return iso(clock.at(asyncio.get_running_loop().time())) if clock.trusted() else ""

    def _known_uuids(self) -> list[str]:
        return [one.uuid.lower() for one in self._tables() if one.uuid]

    # --- inside: the test ----------------------------------------------------------------------

    def _test_view(self) -> LinkTestView:
        if self._test is None:
            return LinkTestView(number=self._count)
        view = self._test.view(self._proposal)
        if self._test.found is not None:
            self._found[self._test.offer.id] = self._test.found
        elif view.phase in ("silent", "failed") and self._test.offer.source == "hand":
            self._in_vain.add(self._test.offer.id)
        return view

    async def _end_test(self) -> None:
        if self._test is not None:
            self._test_view()  # what it has found is kept
            await self._test.end()

    def _spec(self, candidate: LinkCandidate, uuid: str) -> NodeSpec:
        table = DeviceTable(id=TRIAL_ID, family=candidate.family, link=candidate.link, uuid=uuid)
        config = replace(self._composition.config, devices=(table,))
        factory = DeviceFactory(config, self._composition.broker)
        return factory.node(table, "the device")

    def _title(self, device: Device) -> str:
        """The title of its product's profile, "" where that serves products that are not known."""
        try:
            profile = self._composition.new_library().get(device.profile)
        except ConfigError:
            return ""
        return "" if profile.unknown else profile.title

    def _proposal(self, found: AnsweringDevice) -> DeviceProposal:
        return propose(found.device, found.title, self._hub.devices(), found.drawn)

    def _keys(self, offer: Offer, body: OnboardingAddBody) -> dict[str, Any]:  # Any: TOML values as JSON
        """The [[device]] table. Raises CommandError where it is not known what answers at the link."""
        found = self._found.get(offer.id)
        if found is None and not offer.family:
            raise CommandError(f"It is not known what is at {offer.link}. Test it first.")
        family = found.candidate.family if found is not None else offer.family
        link = found.candidate.link if found is not None else offer.link
        keys = {
            **{"name": body.name, "id": body.id, "room": body.room, "family": family, "link": link},
            **{"uuid": offer.uuid, "parent": body.parent, "produces": body.produces or None},
        }
        return {key: value for key, value in keys.items() if value}


_EXAMPLES = ("serial:///dev/ttyUSB0", "tcp://192.168.1.30:6638", "http://192.168.1.40")


def _check_family(link: str, name: str) -> None:
    """Raises ConfigError for an unknown family, CommandError for one that no such link reaches."""
    family_of(name)
    if all(one.family != name for one in candidates(link)):
        raise CommandError(f"A device of {name} is not reached by {parse(link).scheme}:, so {link} cannot be one.")


def _share_link(one: Offer, other: Offer) -> bool:
    """Whether one of them cannot be used while the other is; plugs at the broker have connections of their own."""
    return one.id == other.id or (one.source != "broker" and place_of(one.link) == place_of(other.link))


def _file_of(link: str) -> Path | None:
    """The file of a serial port; None for other links."""
    return Path(port_of(link)) if link.startswith("serial:") else None
