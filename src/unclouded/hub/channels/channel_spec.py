"""How one channel of a device is made: its link, its session, its profiles, and how its family reads the wire.

``app/device_factory.py`` makes a ChannelSpec of the configuration, so that the hub knows no family and no link.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.family import Family
from unclouded.core.model import ActionSpec
from unclouded.core.profile import MatchedProduct, Profile, ScaleVariant
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Ambient, Session
from unclouded.hub.readings.interpret import RawDecoder

# What two specs must have in common so that a session of one can go on under the other
COMPARED = ("family", "link", "name", "identity_of", "profile", "generic", "generic_part", "scales", "made_of")


class ProductSource(Protocol):
    """Finds out what the data points of a product are that no profile lists."""

    def serves(self, profile: Profile) -> bool:
        """Whether a part with this profile is to be matched."""

    def match(self, question: MatchedProduct) -> MatchedProduct:
        """Name what was seen; rows that have a name keep it. It may take a while, and is called in a thread."""

    def profile(self, generic: Profile, matched: MatchedProduct) -> Profile:
        """The generic profile with the points that were found."""


class ChannelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to make one channel.

    ``profile``: the configured one of the device itself; None = the product that the device reports picks one.
    ``generic``, ``generic_part``: the profiles of a device and of a sub-device whose product is unknown; without the
    latter, the former serves both. ``actions``, ``part_actions``: what the family can do with each of them.
    ``reading``: how the family reads what went over the wire. ``guess``: bytes that it cannot read -> which other
    family they look like, as a sentence. ``plaintext``: of a datagram that may be encrypted. ``similar``: the scales of
    profiles that have some points of one in the same place, for where its own cannot be right. ``identity_of``: the
    family under whose name the identity that a device reports stands, "" = this one. ``made_of``: a digest of all that
    the functions were made with; ``library``: one of the user's own profiles.
    """

    family: str
    link: str
    generic: Profile
    open_link: Callable[[], Link]
    make_session: Callable[[Profile, Ambient], Session]
    reading: Family
    name: str = ""
    identity_of: str = ""
    profile: Profile | None = None
    generic_part: Profile | None = None
    for_product: Callable[[str], Profile | None] = lambda product: None
    decoders: Mapping[str, RawDecoder] = {}
    actions: Sequence[ActionSpec] = ()
    part_actions: Sequence[ActionSpec] = ()
    scales: Mapping[str, Decimal | int] = {}
    similar: Callable[[Profile], Sequence[ScaleVariant]] = lambda profile: ()
    guess: Callable[[bytes], str] = lambda data: ""
    plaintext: Callable[[bytes], bytes] = bytes
    products: ProductSource | None = None
    made_of: str = ""
    library: str = ""

    def runs_as(self, other: "ChannelSpec", products: Iterable[str] = ()) -> bool:
        """Whether a channel of the other spec does the same, with devices of these ``products`` too."""
        if any(getattr(self, key) != getattr(other, key) for key in COMPARED):
            return False
        return self.library == other.library or all(_resolved(self, one) == _resolved(other, one) for one in products)

    def actions_of(self, key: str, profile: Profile) -> tuple[ActionSpec, ...]:
        """What a part with this profile can be asked to do: all that the family can, unless the profile lists some."""
        offered = self.part_actions if key else self.actions
        return tuple(one for one in offered if profile.actions is None or one.name in profile.actions)


def _resolved(spec: ChannelSpec, product: str) -> Profile | None:
    """The profile of a product; None where there is none, or that has a mistake."""
    try:
        return spec.for_product(product)
    except ConfigError:
        return None
