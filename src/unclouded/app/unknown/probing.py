"""Acting as the Wi-Fi module of an unknown Tuya MCU for a while, to propose a profile for it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded import families
from unclouded.app.protocols import profile_library, profiles_of, settings_of
from unclouded.core.errors import LinkError
from unclouded.core.profile import ProductReports, Profile, load_profile
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import (
    Ambient,
    Asked,
    AskNetwork,
    Event,
    Identified,
    Network,
    NumberType,
    Offline,
    Online,
    Refusal,
    Waiting,
)
from unclouded.families.tuya.probe.observed import Observations
from unclouded.families.tuya.probe.propose import Proposed, as_toml, learn, propose
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.links import open_link
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue.matching import ProductMatcher

FAMILY = "tuya_wifi"
LEAST_LIKENESS = 0.5  # of a table of the catalogue that a proposal may begin with
ASK_S = 3.0  # s between two queries for everything
KEPT_BYTES, KEPT_CHUNKS = 4_000_000, 100_000

Report = Callable[[str], None]


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """``product``: the product that the MCU named, "" = none. ``toml``: the profile as a file that the hub loads."""

    product: str
    proposed: Proposed
    toml: str


class ObservedMcu(msgspec.Struct, frozen=True):
    """What an MCU reported; ``info``: of itself, as ``Identified`` has it."""

    observed: Observations
    info: Mapping[str, str]


async def observe(link: str, span: float, report: Report) -> ObservedMcu:
    """Query the MCU for ``span`` seconds. ``report``: takes the state of the conversation.

    Raises ConfigError, and LinkError where the MCU reported no data point.
    """
    family = families.family(FAMILY)
    conversation, recent = ProbeConversation(report), RecentChunks(KEPT_BYTES, KEPT_CHUNKS)
    loop = asyncio.get_running_loop()
    began = time.time() - loop.time()
    session = wifi_module(WifiSettings(poll_s=ASK_S), Ambient(lambda now: began + now, bytes))
    driver = Driver(session, open_link(link, baud=family.baud, parity=family.parity), conversation.on_events, recent)
    conversation.driver = driver
    running = asyncio.create_task(driver.run(), name="probe")
    await asyncio.wait({running}, timeout=span)
    conversation.is_over = True
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled():
        running.result()
    observed = learn(recent.chunks())
    if not observed.points:
        raise LinkError(f"There is nothing to propose. {conversation.why_nothing()}")
    return ObservedMcu(observed, conversation.info)


async def probe(link: str, span: float, name: str, report: Report) -> ProbeResult:
    """Query the MCU for ``span`` seconds, and propose a profile. ``name``: of the profile.

    Raises what ``observe`` raises.
    """
    mcu = await observe(link, span, report)
    observed, product = mcu.observed, mcu.info.get("product", "")
    decoders = families.family(FAMILY).decoders
    library = profile_library()
    known = [profile for profile in profiles_of(FAMILY) if not profile.unknown]
    proposed = propose(observed, [*known, *_nearest(library, observed)], decoders)
    base = library.get(proposed.like) if proposed.like else None
    toml = as_toml(proposed, name, product, base)
    # It raises where the proposal could not be loaded.
    load_profile(toml, "the proposed profile", settings_of, base_of=library.base)
    return ProbeResult(product=product, proposed=proposed, toml=toml)


def _nearest(library: ProfileLibrary, observed: Observations) -> list[Profile]:
    """The profile of the table of the catalogue that is most like what was reported, if any is."""
    reports = ProductReports()
    for point in observed.points.values():
        for _, value in point.values:
            number: NumberType = "enum" if point.type == "enum" else "bitmap" if point.type == "bitmap" else "value"
            reports.add({str(point.id): value}, {str(point.id): number})
    match = ProductMatcher(library.catalogue.tables(FAMILY)).match(reports.points())
    return [library.get(match.nearest)] if match.nearest and match.likeness >= LEAST_LIKENESS else []


class ProbeConversation:
    """Reports the state of the conversation, and answers the questions of the MCU."""

    def __init__(self, report: Report) -> None:
        self.info: dict[str, str] = {}
        self.is_online = self.is_over = False
        self.driver: Driver | None = None
        self._problem = "Nothing was received on the line"
        self._report = report

    def why_nothing(self) -> str:
        """Why there was no data point, and what may help."""
        if self.is_online:
            return "The MCU answers, but reported no data point. Some report only changes: operate it during the probe."
        return self._problem if self._problem.endswith(("?", ".")) else f"{self._problem}."

    def on_events(self, events: Sequence[Event], now: float) -> None:
        """Takes the session's events. Network state is answered as connected; every other question is refused."""
        for event in events:
            match event:
                case Identified(info=info):
                    before = self.info.get("product", "")
                    self.info.update(info)
                    if (product := self.info.get("product", "")) != before:
                        self._report(f"product {product}")
                case Online():
                    self.is_online = True
                    self._report("online: listening")
                case Waiting(reason=reason) | Offline(reason=reason) if not self.is_over:
                    self._problem = reason
                    self._report(reason)
                case Asked(id=id, question=AskNetwork()) if self.driver is not None:
                    self.driver.answer(id, Network.CLOUD.value)
                case Asked(id=id) if self.driver is not None:
                    self.driver.answer(id, Refusal("The probe has no answer."))
