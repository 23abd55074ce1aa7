"""Onboarding for the command line, through the API of a hub: it waits for what the page would ask for again."""

import time
from collections.abc import Callable, Sequence

import msgspec

from unclouded.app.access.hub_client import HubClient
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import ReloadView
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer, OnboardingView

PATH = "/api/onboarding"
ORIGIN = "cli"
POLL_S = 0.2
GOING_ON = ("listening", "trying")
SETTLE_S = 3.0  # s that a device which answers gets to say more of itself
LONGEST_S = 120.0  # s; a test tries all of its candidates in less
TAKEN = "Another window or program began to test something else, and the hub tests one at a time. Try again."


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """How a device is to be added. ``parent`` None: as it is proposed; "" = inside no other."""

    name: str = ""
    room: str = ""
    parent: str | None = None
    id: str = ""
    produces: bool = False

    def completed(self, proposal: DeviceProposal) -> "NewDevice":
        """With what is proposed where nothing is said."""
        parent = proposal.parent if self.parent is None else self.parent
        return msgspec.structs.replace(self, name=self.name or proposal.name, parent=parent)


class Onboarding:
    """What may become a device of a hub. Its methods raise CommandError and LinkError."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    @property
    def goes_on(self) -> bool:
        """Whether the hub runs on when this command has ended."""
        return not self._hub.own

    def view(self) -> OnboardingView:
        """Offers, their sources and the test that runs, as they are now; it starts nothing."""
        return _view(self._hub.get(PATH))

    def _test_of(self, offer: Offer, number: int) -> LinkTestView:
        """The test of this number. Raises CommandError where another one runs in its place."""
        test = _view(self._hub.get(PATH, offer=offer.id)).test
        if test.number != number:
            raise CommandError(TAKEN)
        return test

    def by_hand(self, link: str, family: str = "") -> Offer:
        """The offer of a link that is typed; a path is that of a serial port. ``family``: where it is known."""
        link = f"serial://{link}" if link.startswith("/") else link
        return msgspec.convert(self._hub.post(f"{PATH}/offers", {"link": link, "family": family}), Offer)

    def found(self, links: Sequence[str]) -> OnboardingView:
        """Everything that is here, when nothing more is looked for."""
        for link in links:
            self.by_hand(link)
        view = _view(self._hub.post(f"{PATH}/look", {}))
        until = time.monotonic() + LONGEST_S
        while any(one.state == "looking" for one in view.sources) and time.monotonic() < until:
            time.sleep(POLL_S)
            view = self.view()
        return view

    def tested(self, offer: Offer, report: Callable[[str], None]) -> LinkTestView:
        """The test of an offer when something answers, or nothing does. ``report``: takes what is tried."""
        test = _view(self._hub.post(f"{PATH}/test", {"offer": offer.id})).test
        number, until, reported = test.number, time.monotonic() + LONGEST_S, ""
        while test.phase in GOING_ON and time.monotonic() < until:
            if test.attempt != reported:
                reported = test.attempt
                report(reported)
            time.sleep(POLL_S)
            test = self._test_of(offer, number)
        return self._settled(offer, test)

    def end_test(self, number: int) -> None:
        """Ends this test, which frees its link; one that has ended already is left as it is."""
        self._hub.delete(f"{PATH}/test", number=str(number))

    def add(self, offer: Offer, new: NewDevice, revision: str = "") -> ReloadView:
        """Add it. ``revision``: of the configuration that the change is based on, "" = whatever it is now."""
        body = {
            **{"offer": offer.id, "revision": revision or self.revision(), "origin": ORIGIN},
            **{"name": new.name, "id": new.id, "room": new.room, "parent": new.parent or "", "produces": new.produces},
        }
        return msgspec.convert(self._hub.post(f"{PATH}/add", body), ReloadView)

    def revision(self) -> str:
        """Of the configuration as it is now; ``add`` refuses a change that is based on another one."""
        return str(self._hub.get("/api/configuration")["revision"])

    def _settled(self, offer: Offer, test: LinkTestView) -> LinkTestView:
        """With the first values, and the product where it is named."""
        until = time.monotonic() + SETTLE_S
        while test.phase == "answering" and not (test.readings and test.title) and time.monotonic() < until:
            time.sleep(POLL_S)
            test = self._test_of(offer, test.number)
        return test


def _view(answer: object) -> OnboardingView:
    return msgspec.convert(answer, OnboardingView)
