"""The steps of a set-up as the command line, the API and the page show them."""

import time
from collections.abc import Callable

import msgspec

from unclouded.app.configuration.tables.file import HiddenText
from unclouded.core.views.facts import NetworkView, SetupStep
from unclouded.families.meross.setup.networks import by_name, encryption_of, is_open, name_of
from unclouded.families.meross.setup.scripts import SetupPlug
from unclouded.families.meross.wire.messages import Trace, WifiNetwork

ACCESS_POINT = "10.10.10.1"  # of a plug in set-up mode; docs/protocols/meross.md §1.7.1

Report = Callable[[SetupStep], None]


class WifiChoice(msgspec.Struct, frozen=True):
    """The Wi-Fi that a plug is to join. ``hidden``: it hides its name, so that no scan shows it."""

    ssid: str
    password: HiddenText = HiddenText()
    hidden: bool = False


class SetupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set up. ``address``: of the plug; ``uuid``: which one must answer, "" = any.

    ``plug_key``: what the plug is bound with now, None = it is in set-up mode. ``exchanges_key``: encrypt the session.
    ``name``, ``id``, ``parent``, ``produces``: how it is admitted; without a name it is called after its UUID.
    """

    address: str = ACCESS_POINT
    uuid: str = ""
    plug_key: HiddenText | None = None
    exchanges_key: bool = False
    name: str = ""
    id: str = ""
    parent: str = ""
    produces: bool = False


class SentSettings(msgspec.Struct, frozen=True):
    """What a plug was like when it got its settings, at ``sent_at`` (monotonic). ``trace``: its record until then.

    ``is_access_point``: it was in set-up mode.
    """

    plug: SetupPlug
    sent_at: float
    is_access_point: bool
    trace: Trace | None = None

    @property
    def sent_unix(self) -> float:
        """Unix seconds by the clock as it is set now: a computer that is back in its network may have set it since."""
        return time.time() - (time.monotonic() - self.sent_at)


class SetupTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. ``find_s``: to find the plug; ``confirm_s``: for it to be confirmed; the others: between two looks."""

    find_s: float = 300.0
    confirm_s: float = 180.0
    find_again_s: float = 2.0
    ask_hub_s: float = 0.25
    restart_s: float = 8.0  # in which a plug that has its settings restarts; until then it is not looked for
    look_again_s: float = 3.0
    hint_s: float = 30.0  # until a plug that keeps its Wi-Fi is to be restarted by hand


def views_of(networks: tuple[WifiNetwork, ...]) -> list[NetworkView]:
    """The networks by name, the strongest first."""
    return [
        NetworkView(
            ssid=name_of(one),
            signal=min(max(one.signal, 0), 100),
            channel=one.channel,
            encryption=encryption_of(one),
            open=is_open(one),
        )
        for one in by_name(networks)
    ]
