"""A fake hub with a kettle and a lamp: a test publishes its facts and sets the outcomes of commands."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from unclouded.core.errors import CommandError, EditConflict
from unclouded.core.frame_part import FramePart
from unclouded.core.model import (
    Action,
    ActionSpec,
    Admission,
    Alert,
    Command,
    Deliver,
    Device,
    Fact,
    LogEntry,
    OnProgress,
    Outcome,
    Point,
    Progress,
    Reading,
    Status,
    Value,
    WireEntry,
)
from unclouded.core.times import iso
from unclouded.core.views.backup import BackupsView, BackupView, StagedView, VerifiedView
from unclouded.core.views.configuration import (
    ConfigBackupView,
    ConfigDifference,
    ConfigurationView,
    ConfiguredDevice,
    EditOrigin,
    HubEdit,
    ReloadView,
)
from unclouded.core.views.decoded import (
    LARGEST_INPUT,
    DecodeChoices,
    DecodeCounts,
    DecodeFiles,
    DecodeOptions,
    DecodeView,
    FoundFormat,
)
from unclouded.core.views.export import ExportRequest
from unclouded.core.views.facts import FoundPlug, ProductFacts, ProductKind, ProductsView, ProductView, SetupStep
from unclouded.core.views.feeds import FeedsView, FeedValuesView, FeedView
from unclouded.core.views.homekit import HomekitView
from unclouded.core.views.onboarding import DeviceProposal, LinkTestView, Offer, OfferSourceView, OnboardingView
from unclouded.core.views.rules import RulesView, RuleTestLine, RuleTestView, RuleView, TimerView
from unclouded.core.views.uplink import UplinkView
from unclouded.web.schemas import (
    OnboardingAddBody,
    OnboardingBrokerBody,
    OnboardingOfferBody,
    SetupBody,
    SetupJoinBody,
    SetupView,
)

NOON = 1_795_262_400.0  # Unix seconds

POINTS = (
    Point(key="on", kind="switch", access="rw"),
    Point(key="power_W", exponent=-1, minimum=0.0),
    Point(key="energy_import_Wh", kind="counter", exponent=-3),
    Point(key="mode", kind="enum", options=("eco", "boost")),
)
RESET = ActionSpec(name="reset", words="forgets everything", danger="Its settings are lost.")
BLINK = ActionSpec(name="blink", words="blinks", args={"times": "how often"})


def device(id: str, **more: object) -> Device:
    known = {"family": "toy", "link": "memory:", "profile": "toy/plug", "main": "on"}
    more = {"name": id.title(), "points": POINTS, "actions": (BLINK, RESET), **known, **more}
    return Device(id=id, identity=f"toy:{id}", **more)  # type: ignore[arg-type]  # tests pass valid fields


class FakeHub:
    """Satisfies model.PublicHub. ``listeners``: the subscribers; ``commands``: the commands with their origin."""

    def __init__(self, *ids: str) -> None:
        self._devices = {id: device(id) for id in ids or ("kettle", "lamp")}
        self._statuses = {id: Status(id, "online", NOON) for id in self._devices}
        self._readings: dict[tuple[str, str], Reading] = {}
        self.listeners: list[Deliver] = []
        self.log_followers: list[Callable[[LogEntry], None]] = []
        self.commands: list[Command | Action] = []
        self.lookups = 0
        self.active_alerts: list[Alert] = []

    def devices(self) -> Sequence[Device]:
        self.lookups += 1
        return list(self._devices.values())

    def snapshot(self) -> Sequence[Fact]:
        return [*self._devices.values(), *self._statuses.values(), *self._readings.values()]

    def alerts(self) -> Sequence[Alert]:
        return self.active_alerts

    def subscribe(self, deliver: Deliver, *, stamped: bool = False) -> Callable[[], None]:
        self.listeners.append(deliver)
        return lambda: self.listeners.remove(deliver)

    def follow_log(self, deliver: Callable[[LogEntry], None]) -> Callable[[], None]:
        self.log_followers.append(deliver)
        return lambda: self.log_followers.remove(deliver)

    async def command(self, command: Command) -> Outcome:
        self.commands.append(command)
        point = next((one for one in POINTS if one.key == command.point), None)
        if point is None or "w" not in point.access or not isinstance(command.value, bool):
            raise CommandError(f"{command.device} has no point {command.point!r} that accepts this value.")
        return Outcome("confirmed", ms=12.5)

    async def act(self, command: Action, progress: OnProgress | None = None) -> Outcome:
        self.commands.append(command)
        if command.name not in ("blink", "reset"):
            raise CommandError(f"{command.device} has no action {command.name!r}.")
        if command.name == "reset" and not command.confirmed:
            raise CommandError("reset: its settings are lost. Confirm it.")
        if progress is not None:
            progress(Progress(1, 2, "blinked once"))
        return Outcome("confirmed", ms=100.0)

    async def reconnect(self, device: str) -> Outcome:
        return Outcome("unreachable", "It sleeps.")

    async def admit(self, admission: Admission) -> Device:
        raise CommandError(f"No plug {admission.uuid} has connected.")

    async def forget(self, device: str) -> Device:
        return self._devices[device]

    def wire(self, device: str) -> Mapping[str, Mapping[str, float]]:
        return {"": {"frames_in": 12.0, "noise_bytes": 0.0}}

    def frames(self, device: str, limit: int) -> Sequence[WireEntry]:
        line = WireEntry(
            at=NOON,
            sender="device",
            kind="frame",
            name="report",
            words="on=true",
            reason="",
            length=3,
            hex="6f6e31",
            parts=lambda: (FramePart(start=0, end=3, label="text"),),
        )
        return [line][:limit]

    # --- for tests -----------------------------------------------------------------------------

    def publish(self, *facts: Fact) -> None:
        """Store the facts and deliver them, as the hub does."""
        for fact in facts:
            match fact:
                case Reading():
                    self._readings[fact.device, fact.point] = fact
                case Status():
                    self._statuses[fact.device] = fact
                case Device():
                    self._devices[fact.id] = fact
        for deliver in list(self.listeners):
            deliver(facts)

    def drop(self, id: str) -> None:
        """Remove a device without notice, as happens with sub-devices."""
        del self._devices[id], self._statuses[id]
        self._readings = {key: one for key, one in self._readings.items() if key[0] != id}


class FakePlugs:
    """Sets up a plug that is always there, and accepts one password."""

    def view(self) -> SetupView:
        step = SetupStep(step="find", state="done", text="Found mss310.", plug={"product": "mss310"})
        return SetupView(phase="choosing", address="10.10.10.1", steps=[step], plug=step.plug)

    async def begin(self, body: SetupBody) -> SetupView:
        return self.view()

    async def join(self, body: SetupJoinBody) -> SetupView:
        if len(body.password) < 8:
            raise CommandError("A Wi-Fi password has 8 to 63 characters.")
        return self.view()

    async def cancel(self) -> SetupView:
        return SetupView()

    async def discover(self) -> Sequence[FoundPlug]:
        usual = {"port": 80, "product": "mss310", "mac": "", "hardware": "2.0.0", "version": "2.1.17"}
        return [FoundPlug(uuid="1901", ip="192.168.1.57", **usual)]  # type: ignore[arg-type]  # texts and a number


class FakeUplink:
    """Joins with codes of an even length."""

    async def view(self) -> UplinkView:
        return UplinkView(joined=False)

    async def join(self, code: str, url: str, name: str) -> UplinkView:
        if len(code) % 2:
            raise CommandError("This code is not known.")
        return UplinkView(joined=True, url="https://fleet.example.org:8443", hub="a" * 20, since="2026-11-30T12:00:00Z")

    async def leave(self) -> UplinkView:
        return UplinkView(joined=False, problem="The fleet could not be reached.")


class FakeFeeds:
    """One feed with a price until one o'clock."""

    one = FeedView(name="spot", unit="EUR/kWh", source="push", state="running", value="0.21", until=iso(NOON + 3600))

    async def view(self) -> FeedsView:
        return FeedsView(feeds=(self.one,))

    async def values(self, feed: str, start: float, end: float) -> FeedValuesView:
        if len(feed) % 2 or end <= start:
            raise CommandError("There is no such feed, or no such range.")
        return FeedValuesView(
            feed=feed, unit="", start=(int(NOON),), end=(int(NOON) + 3600,), value=("0.21",), gaps=([0, 60],)
        )

    async def put(self, feed: str, rows: Sequence[tuple[object, object, object]]) -> FeedView:
        if len(feed) % 5 == 4:
            raise CommandError("There is no such feed.")
        return self.one

    async def put_present(self, feed: str, value: object, valid_s: int) -> FeedView:
        return await self.put(feed, [])

    async def fetch(self, feed: str, start: date, end: date) -> FeedView:
        return await self.put(feed, [])


class FakeOnboarding:
    """One port with a meter, and one change that another editor has made meanwhile."""

    offers = (Offer(id="serial:/dev/ttyUSB0", source="serial", title="FT232R", text="", link="serial:///dev/ttyUSB0"),)

    async def view(self, offer: str | None = None) -> OnboardingView:
        source = OfferSourceView(source="serial", state="done", text="1 port")
        test = LinkTestView(trace=[(NOON, 1.5)], proposal=DeviceProposal(name="Meter", id="meter", parent=""))
        return OnboardingView(is_empty=True, sources=[source], offers=list(self.offers), test=test)

    async def look(self) -> OnboardingView:
        return await self.view()

    async def offer(self, body: OnboardingOfferBody) -> Offer:
        if not body.link.isprintable() or len(body.link) % 2:
            raise CommandError("Write an address such as serial:///dev/ttyUSB0.")
        return self.offers[0]

    async def test(self, offer: str) -> OnboardingView:
        if len(offer) % 2:
            raise CommandError("It is no longer here.")
        return await self.view()

    async def command(self, point: str, value: Value, origin: str) -> Outcome:
        if not isinstance(value, bool):
            raise CommandError("It can be on or off.")
        return Outcome("confirmed", ms=12.5)

    async def end_test(self, number: int | None = None) -> OnboardingView:
        return await self.view()

    async def open_broker(self, body: OnboardingBrokerBody, origin: EditOrigin) -> ReloadView:
        if len(body.revision) % 2:
            raise EditConflict("It was changed.", "now", [{"device": "", "key": "broker"}])
        return ReloadView(revision="new", running=True, changed=[], applied=("broker",))

    async def add(self, body: OnboardingAddBody, origin: EditOrigin) -> ReloadView:
        if len(body.revision) % 2:
            raise EditConflict("It was changed.", "now", [{"device": "pump", "key": "name"}])
        return ReloadView(revision="new", running=True, changed=[], added=("meter",), device="meter")


class FakeDecoder:
    """Satisfies DecodeSource. ``asked``: the options and inputs; ``until``: what an answer waits for."""

    def __init__(self, places: int = 1_000) -> None:
        self.asked: list[tuple[DecodeOptions, bytes]] = []
        self.clients: list[str] = []
        self.until: asyncio.Event | None = None
        self.ended = 0
        self._places = places

    @contextlib.contextmanager
    def place(self, client: str) -> Iterator[bool]:
        self.clients.append(client)
        yield len(self.clients) <= self._places

    async def choices(self) -> bytes:
        return msgspec.json.encode(DecodeChoices(formats=[], families=[], most_bytes=LARGEST_INPUT))

    async def decode(self, options: DecodeOptions, data: bytes) -> bytes:
        self.asked.append((options, data))
        if options.family and options.family != "toy":
            raise CommandError(f"There is no family {options.family!r}.")
        try:
            if self.until is not None:
                await self.until.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        if options.work != "frames":
            return msgspec.json.encode(DecodeFiles(capture="{}\n"))
        return msgspec.json.encode(NOTHING_FOUND)


NOTHING_FOUND = DecodeView(
    format=FoundFormat(
        name="empty", title="empty", sure="nothing", lines=0, explained=0, unread=[], more_unread=0, notes=[],
        refused="", hint="The input is empty."
    ),
    family="", dialect="", detected="", others=[], ordered=True, profile="",
    counts=DecodeCounts(
        pieces=0, frames=0, noise_bytes=0, cut_bytes=0, rebuilt=0, remarks={}, senders=[], is_complete=True
    ),
    start=0, frames=[], remarks=[], contents=[], more_contents=0, report={},
)  # fmt: skip


class FakeProducts:
    """Knows one product. ``problems``: what the last request for facts named."""

    def __init__(self) -> None:
        self.problems: Sequence[str] = ()

    async def find(self, text: str, kind: str, limit: int) -> ProductsView:
        known = "toy kettle power_w"
        is_found = all(word in known for word in text.casefold().split()) and kind in ("", "plug")
        plug = ProductView(
            kind="plug",
            title="Toy kettle",
            also=(),
            product="toykettle",
            zigbee="",
            family="toy",
            profile="toy/plug",
            points=("power_W",),
            confidence="confirmed",
            sources="scales confirmed by two sources",
        )
        kinds = [ProductKind(name="plug", title="Plug", count=int(is_found))]
        return ProductsView(total=int(is_found), products=[plug] if is_found else [], kinds=kinds)

    async def facts(self, device: Device, problems: Sequence[str]) -> ProductFacts:
        self.problems = problems
        return ProductFacts(
            product=device.info.get("product", ""),
            family=device.family,
            profile=device.profile,
            sources="",
            info={},
            points=(),
            nearest="",
            likeness=0.0,
            remarks=tuple(problems),
            program="1.2",
            markdown=("### Product",),
        )


def watts(value: float, after: float = 0.0, id: str = "kettle") -> Reading:
    return Reading(id, "power_W", value, NOON + after)


def about() -> dict[str, object]:
    """The answer to GET /api/hub."""
    counted = ("stored", "batches", "failures", "dropped", "unstorable", "waiting", "write_ms")
    store = {"bytes": 4096, **dict.fromkeys(counted, 0.0)}
    return {"version": "1.2", "pid": 7, "data": "/data", "uptime_s": 60, "timezone": "Europe/Madrid", "store": store}


class FakeHomekit:
    """A bridge that is paired until it is unpaired. ``reason``: why it does not run."""

    def __init__(self, reason: str = "") -> None:
        self._controllers = 1
        self._reason = reason

    def why_none(self) -> str:
        return self._reason

    def view(self) -> HomekitView | None:
        if self._reason:
            return None
        return HomekitView(
            name="Home",
            code="031-45-154",
            uri="X-HM://0023ISYWYUNCL",
            paired=self._controllers > 0,
            controllers=self._controllers,
            accessories=3,
            port=21063,
        )

    async def unpair(self) -> None:
        self._controllers = 0


class FakeRules:
    """One rule, whatever it is called; a name or a device of odd length is not known."""

    def view(self) -> RulesView:
        return RulesView(rules=(self._rule("boiler"),), timers=(self._timer("kettle", True),))

    def run_rule(self, name: str) -> RuleView:
        return self._rule(name)

    def pause(self, name: str, for_s: float | None) -> RuleView:
        return self._rule(name)

    def resume(self, name: str) -> RuleView:
        return self._rule(name)

    def start_timer(
        self, device: str, point: str, value: Value, for_s: float, end_value: Value | None, origin: str
    ) -> TimerView:
        if len(point) % 2:
            raise CommandError(f"{device} has no such point.")
        return self._timer(device, value)

    def stop_timer(self, device: str, point: str) -> None:
        if len(device) % 2:
            raise CommandError("No timer runs there.")

    def set_value(self, name: str, value: Value, valid_s: float) -> None:
        if isinstance(value, str):
            raise CommandError("A value that rules compare is a number, or true or false.")

    async def test(self, name: str, keys: Mapping[str, Any] | None, start: float, end: float) -> RuleTestView:
        self._rule(name)
        line = RuleTestLine(at=iso(NOON), rule="boiler", kind="command", text="boiler on", device="kettle")
        return RuleTestView(start=iso(NOON), end=iso(NOON + 60), lines=(line,))

    def _rule(self, name: str) -> RuleView:
        if len(name) % 2:
            raise CommandError("There is no such rule.")
        return RuleView(name="boiler", trigger="while", state="idle", text="The boiler is on while …", why="not yet")

    def _timer(self, device: str, value: Value) -> TimerView:
        return TimerView(device=device, point="on", value=value, until=iso(NOON + 60))


class FakeBackup:
    """Backups of two pieces. There is one of each name of an even length."""

    async def pieces(self) -> AsyncIterator[bytes]:
        yield b"\x1f\x8b"
        yield b"rest"

    def name(self) -> str:
        return "unclouded-2026-11-30T023000Z-5f3a91c2.tar.gz"

    async def view(self) -> BackupsView:
        return BackupsView(folder="/backups", next=iso(NOON), files=(await self.make(),))

    async def make(self) -> BackupView:
        return BackupView(name=self.name(), at=iso(NOON), size=7, ours=True, encrypted=False)

    async def stored(self, name: str) -> AsyncIterator[bytes]:
        self._check(name)
        yield b"\x1f\x8brest"

    async def verify(self, name: str) -> VerifiedView:
        self._check(name)
        return VerifiedView(name=name, version="1", hub="Home", at=iso(NOON), newest=None, devices=1, size=9)

    async def stage(self, name: str) -> BackupsView:
        self._check(name)
        staged = StagedView(name=name, at=iso(NOON), aside="/data/before-restore")
        return BackupsView(folder="/backups", staged=staged)

    async def unstage(self) -> BackupsView:
        return BackupsView(folder="/backups")

    def _check(self, name: str) -> None:
        if len(name) % 2:
            raise CommandError("There is no such backup.")


class FakeExports:
    """Exports of two pieces. There are only devices whose names have an even length."""

    async def pieces(self, request: ExportRequest) -> AsyncIterator[bytes]:
        if any(len(device) % 2 for device in request.devices):
            raise CommandError("There is no such device.")
        yield b"time,"
        yield b"device"


class FakeConfiguration:
    """A configuration of one device at revision "1". ``edits``: what was asked for, and by whom."""

    def __init__(self) -> None:
        self.edits: list[tuple[object, ...]] = []

    async def view(self) -> ConfigurationView:
        kettle = ConfiguredDevice(id="kettle", keys={"id": "kettle", "scale": {"power_W": 2.5}}, line=3)
        return ConfigurationView(
            file="unclouded.toml",
            revision="1",
            running="1",
            unwritable="",
            problem="",
            needs_restart=(),
            devices=[kettle],
        )

    async def add(self, revision: str, keys: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        return self._edited("add", revision, keys, origin)

    async def change(self, revision: str, device: str, patch: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        return self._edited("change", revision, device, patch, origin)

    async def change_hub(self, revision: str, edit: HubEdit, origin: EditOrigin) -> ReloadView:
        return self._edited("change_hub", revision, edit, origin)

    async def rename_room(self, revision: str, room: str, name: str, origin: EditOrigin) -> ReloadView:
        return self._edited("rename_room", revision, room, name, origin)

    async def remove(self, revision: str, device: str, history: str, origin: EditOrigin) -> ReloadView:
        return self._edited("remove", revision, device, history, origin)

    async def reload(self, origin: EditOrigin, dry_run: bool = False) -> ReloadView:
        return self._edited("reload", "1", origin)

    async def backups(self) -> Sequence[ConfigBackupView]:
        return [ConfigBackupView(name="a.toml", at="2026-11-20T12:00:00.000Z", size=10, revision="0")]

    async def restore(self, revision: str, backup: str, origin: EditOrigin) -> ReloadView:
        return self._edited("restore", revision, backup, origin)

    def _edited(self, what: str, revision: str, *more: object) -> ReloadView:
        self.edits.append((what, *more))
        difference = ConfigDifference(device="kettle", key="name", before=None, after="Kettle")
        if revision == "0":
            raise EditConflict("It was changed.", "1", [msgspec.to_builtins(difference)])
        return ReloadView(revision="2", running=True, changed=[difference], kept=1)
