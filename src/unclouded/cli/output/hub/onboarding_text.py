"""Offers, tests and added devices as lines of text."""

from collections.abc import Iterator

from unclouded.app.onboarding.kind_guess import guess_text
from unclouded.core.views.configuration import ReloadView
from unclouded.core.views.onboarding import LinkTestView, Offer, OnboardingView

MOST_VALUES = 6  # of a device that answers


def offer_lines(offer: Offer, number: int = 0) -> Iterator[str]:
    """What it is, then what to know about it. ``number``: by which it is chosen, 0 = none."""
    head = f"{number:>3}  " if number else ""
    yield f"{head}{offer.title}" + (f"  {offer.link}" if offer.link != offer.title else "")
    details = [offer.text, offer.problem, ", ".join(f"{key} {value}" for key, value in offer.info.items())]
    for text in details:
        if text:
            yield f"     {text}"


def source_lines(view: OnboardingView) -> Iterator[str]:
    """Where was looked, and what came of it."""
    for source in view.sources:
        if source.state in ("failed", "off"):
            yield source.text


def value_line(test: LinkTestView) -> str:
    """``power_W 2010.0, voltage_V 230.6``: the newest values of what answers."""
    device = test.devices[0].id if test.devices else ""
    values = [f"{one.point} {_text(one.value)}" for one in test.readings if one.device == device]
    return ", ".join(values[:MOST_VALUES])


def found_line(test: LinkTestView) -> str:
    """``Metering plug (tuya_wifi) answers: power_W 2010.0``"""
    name = test.title or "A device"
    values = value_line(test)
    return f"{name} ({test.family}) answers{f': {values}' if values else ', and has no values yet'}."


def guess_line(test: LinkTestView) -> str:
    """What it may be by its power; "" where that says nothing."""
    guess = test.proposal.guess if test.proposal is not None else None
    return guess_text(guess) if guess is not None else ""


def added_line(done: ReloadView, test: LinkTestView, goes_on: bool) -> str:
    """``goes_on``: whether the hub that it was added to runs on."""
    live = "It runs now" if goes_on else "It runs when the hub is started: unclouded run"
    return f"Added {done.device} ({test.family}, {test.link}). {live}."


def _text(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
