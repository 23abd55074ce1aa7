"""The JSON form of a HomeKit bridge: what pairs it, and whether it is paired."""

import msgspec


class HomekitView(msgspec.Struct, frozen=True, kw_only=True):
    """The bridge. ``code``: what a person types; ``uri``: what the QR code contains; both pair it with a home.

    ``controllers``: that are paired. ``port``: where it listens.
    """

    name: str
    code: str
    uri: str
    paired: bool
    controllers: int
    accessories: int
    port: int
