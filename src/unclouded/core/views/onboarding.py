"""The JSON form of onboarding: what was found, the test of one of it, and how it would be added to the configuration.

offers ──► test: listening ──► trying ──► answering, with live values ──► proposal ──► added
                                  └─────► silent | failed
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from unclouded.core.views.facts import DeviceView, ReadingView

OfferSource = Literal["serial", "broker", "network", "hand"]
OfferState = Literal["found", "listening", "recognised", "silent", "unknown", "blocked"]
SourceState = Literal["idle", "looking", "done", "open", "off", "failed"]
PowerPattern = Literal["bursts", "steady", "changing", "delivers"]
TestPhase = Literal["idle", "listening", "trying", "answering", "silent", "failed", "ended"]


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A port, a plug or an address that may become a device. ``id`` stays the same while it is there.

    ``state``: ``found`` (not listened to yet), ``listening``, ``recognised`` (its bytes or its own words say what it
    is), ``silent`` (no byte came; most devices answer only when they are asked), ``unknown`` (bytes that no family
    reads), ``blocked`` (it cannot be used; ``problem`` says why and what to do).
    ``link``, ``family``, ``uuid``: as the configuration would have them, "" = not known yet. ``since``: ISO 8601, "" =
    not known. ``info``: what else is known of it: port, usb, product, mac, firmware, address; of bytes that were
    received their count (received) and how the line was set (setting).
    """

    id: str
    source: OfferSource
    title: str
    text: str
    link: str
    state: OfferState = "found"
    problem: str = ""
    family: str = ""
    dialect: str = ""
    uuid: str = ""
    since: str = ""
    info: Mapping[str, str] = {}


class OfferSourceView(msgspec.Struct, frozen=True, kw_only=True):
    """One place where offers come from. ``open``: devices come by themselves; ``off``: ``text`` says how to use it.

    ``left_s``: how long it goes on looking. ``count``: what was found, or is here. ``place``: HOST:PORT of the broker.
    """

    source: OfferSource
    state: SourceState
    text: str
    left_s: float = 0.0
    count: int = 0
    place: str = ""


class ParentChoice(msgspec.Struct, frozen=True):
    """A device that may measure the new one too."""

    id: str
    name: str


class PowerGuess(msgspec.Struct, frozen=True, kw_only=True):
    """What the power of a test may be that of. ``power_W``: while it is on; what it feeds in, where it delivers.

    ``kinds``: the likely one first (app/onboarding/kind_guess.KINDS).
    """

    power_W: float
    pattern: PowerPattern
    kinds: tuple[str, ...]


class DeviceProposal(msgspec.Struct, frozen=True, kw_only=True):
    """How a device would be added: each of it may be changed. ``names``: more names that fit; ``rooms``: those in use.

    ``parent`` "": it counts by itself. ``guess``: what it may be by its power, None = that says nothing.
    """

    name: str
    id: str
    parent: str
    names: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    parents: tuple[ParentChoice, ...] = ()
    guess: PowerGuess | None = None


class LinkTestView(msgspec.Struct, frozen=True, kw_only=True):
    """The test of an offer that runs, or the last one. ``number``: counts the tests of this hub's run.

    ``attempt``: what is done now, as a sentence; it is number ``step`` of ``steps``. ``problem``: why it failed, and
    what to do. ``family``, ``link``: what is tried, then what answered; ``title``: of its product. ``devices``: it,
    then its sub-devices, with the ids that they have in the test only; ``readings``: their newest values.
    ``trace``: of the point ``traced`` of the device, pairs of Unix seconds and value, the newest last.
    """

    number: int = 0
    phase: TestPhase = "idle"
    offer: str = ""
    attempt: str = ""
    step: int = 0
    steps: int = 0
    problem: str = ""
    family: str = ""
    link: str = ""
    title: str = ""
    devices: list[DeviceView] = []
    readings: list[ReadingView] = []
    traced: str = ""
    trace: list[tuple[float, float]] = []
    proposal: DeviceProposal | None = None


class OnboardingView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found, and the test of one of it. ``is_empty``: the hub has no device yet."""

    is_empty: bool
    sources: list[OfferSourceView]
    offers: list[Offer]
    test: LinkTestView
