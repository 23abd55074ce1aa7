"""The questions of `init` in a terminal: what to add, whether it is the right one, its name and its place."""

from collections.abc import Sequence

import click

from unclouded.app.onboarding.access import NewDevice, Onboarding
from unclouded.cli.output.hub.onboarding_text import added_line, found_line, guess_line, offer_lines, source_lines
from unclouded.cli.output.lines import print_text
from unclouded.core.errors import CommandError
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer, OnboardingView

AGAIN, END = "r", "q"
CHOOSE = f"Which one? Its number, a port or an address; {AGAIN} looks again, {END} ends"


class OnboardingDialog:
    """One conversation with a person."""

    def __init__(self, onboarding: Onboarding) -> None:
        self._onboarding = onboarding

    def run(self, links: Sequence[str]) -> None:
        """Offers, tests and adds devices until the person chooses none. ``links``: typed, they are offered too."""
        view = self._look(links)
        while (offer := self._chosen(view)) is not None:
            test = self._tested(offer)
            if test is not None and test.proposal is not None:
                self._add(offer, test, test.proposal)
            view = self._onboarding.view()
            self._show(view)

    # --- inside --------------------------------------------------------------------------------

    def _look(self, links: Sequence[str]) -> OnboardingView:
        print_text("Listening to the serial ports and asking the network for plugs …")
        view = self._onboarding.found(links)
        self._show(view)
        return view

    def _show(self, view: OnboardingView) -> None:
        for number, offer in enumerate(view.offers, 1):
            for line in offer_lines(offer, number):
                print_text(line)
        for line in source_lines(view):
            print_text(line)
        if not view.offers:
            print_text("Nothing was found. You can type a port or an address: /dev/ttyUSB0, tcp://192.168.1.30:6638")

    def _chosen(self, view: OnboardingView) -> Offer | None:
        """None: the person has had enough."""
        while True:
            answer = click.prompt(CHOOSE, default="1" if view.offers else END).strip()
            if answer == END:
                return None
            if answer == AGAIN:
                view = self._look(())
            elif answer.isdecimal() and 0 < int(answer) <= len(view.offers):
                return view.offers[int(answer) - 1]
            elif answer.isdecimal():
                print_text(f"There is no number {answer}.")
            else:
                try:
                    return self._onboarding.by_hand(answer)
                except CommandError as error:
                    print_text(str(error))

    def _tested(self, offer: Offer) -> LinkTestView | None:
        try:
            test = self._onboarding.tested(offer, print_text)
        except CommandError as error:
            print_text(str(error))
            return None
        if test.proposal is None:
            print_text(test.problem)
            return None
        print_text(found_line(test))
        if guess := guess_line(test):
            print_text(guess)
        if not click.confirm("Is it this one?", default=True):
            self._onboarding.end_test(test.number)
            return None
        return test

    def _add(self, offer: Offer, test: LinkTestView, proposal: DeviceProposal) -> None:
        """Ask for its name and place until the configuration takes it."""
        revision = self._onboarding.revision()
        while True:
            new = self._asked(proposal)
            try:
                done = self._onboarding.add(offer, new, revision)
                print_text(added_line(done, test, self._onboarding.goes_on))
                return
            except CommandError as error:
                print_text(str(error))
                if not click.confirm("Try again?", default=True):
                    return
                revision = self._onboarding.revision()

    def _asked(self, proposal: DeviceProposal) -> NewDevice:
        others = f" ({', '.join(proposal.names[1:])}, or another)" if proposal.names[1:] else ""
        name = click.prompt(f"What is it called?{others}", default=proposal.name)
        rooms = f" ({', '.join(proposal.rooms)}, or another; Enter for none)" if proposal.rooms else " (Enter for none)"
        room = click.prompt(f"In which room?{rooms}", default="", show_default=False)
        return NewDevice(name=name, room=room, parent=self._parent(proposal))

    def _parent(self, proposal: DeviceProposal) -> str:
        if not proposal.parents:
            return ""
        known = {one.id for one in proposal.parents}
        ids = ", ".join(sorted(known))
        while True:
            text = f"Which device measures its use too? ({ids}; - for none)"
            answer = click.prompt(text, default=proposal.parent or "-").strip()
            if answer == "-" or answer in known:
                return "" if answer == "-" else answer
            print_text(f"There is no device {answer!r}.")
