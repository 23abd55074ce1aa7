"""One row for each route of the API: request, answer, errors. Routes and document are generated from them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, tzinfo
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec

from unclouded.core.model import Device, Outcome, PublicHub, UpdateFile, Value
from unclouded.core.views.backup import BackupsView, BackupView, VerifiedView
from unclouded.core.views.configuration import ConfigBackupView, ConfigurationView, EditOrigin, HubEdit, ReloadView
from unclouded.core.views.consumption import Anomalies, LoadDuration
from unclouded.core.views.costs import (
    BillView,
    ComparisonView,
    CostNowView,
    CostPeriod,
    CostsView,
    PricesView,
    PriceView,
    TariffsView,
)
from unclouded.core.views.decoded import DecodeOptions
from unclouded.core.views.export import ExportRequest
from unclouded.core.views.facts import EventView, FoundPlug, LogView, ProductFacts, ProductsView
from unclouded.core.views.feeds import FeedsView, FeedValuesView, FeedView
from unclouded.core.views.homekit import HomekitView
from unclouded.core.views.onboarding import Offer, OnboardingView
from unclouded.core.views.retention import RetentionView
from unclouded.core.views.rules import RulesView, RuleTestView, RuleView, TimerView
from unclouded.core.views.uplink import UplinkView
from unclouded.web.history.editing.proposal import EditRequest
from unclouded.web.history.series import SeriesRequest
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.route_row import RouteRow
from unclouded.web.schemas import (
    By,
    CheckView,
    EditPreview,
    Energy,
    History,
    HistoryEditView,
    HubView,
    OnboardingAddBody,
    OnboardingBrokerBody,
    OnboardingOfferBody,
    SetupBody,
    SetupJoinBody,
    SetupView,
    Today,
)


class HistorySource(Protocol):
    """Stored data, as web/history/history.py reads it. Raises CommandError and StoreError."""

    async def history(self, request: SeriesRequest) -> History:
        """Columns; the time span and the number of rows determine the step."""

    async def energy(
        self, by: By, start: float, end: float, devices: Sequence[str], hub: Collection[str] = ()
    ) -> Energy:
        """Increase of each counter per local hour, day or month; no devices = all. ``hub``: ids of its devices."""

    async def today(self, now: float) -> Today:
        """Counter values at the beginning of the local day."""

    async def load(self, devices: Sequence[Device], chosen: Sequence[str], start: float, end: float) -> LoadDuration:
        """Load duration and base load of the chosen devices; none = of the home that all devices make up."""

    async def anomalies(self, devices: Sequence[Device], start: float, end: float) -> Anomalies:
        """What the home and its devices used unlike before."""

    async def edits(self, device: str, point: str, start: float, end: float) -> list[HistoryEditView]:
        """The edits of a device (of one point, "" = of all) that overlap a range, newest first."""

    async def edit(self, request: EditRequest, now: float, who: str) -> EditPreview:
        """Store an edit, unless it is a dry run; what it changes."""

    async def checks(self, device: str, start: float, end: float, fuse_A: float) -> list[CheckView]:
        """What is suspicious in the history of a device, "" = of all."""

    async def undo_edit(self, device: str, number: int, who: str) -> HistoryEditView:
        """Undo an edit of a device."""

    async def since(self) -> str | None:
        """Since when there are values, ISO 8601 in UTC; None where there are none."""

    async def retention(self, now: float) -> RetentionView:
        """What the rules of retention keep, and what they will free."""

    async def events(self, device: str | None, start: float, end: float, limit: int) -> list[EventView]:
        """Events, newest first."""


class ExportSource(Protocol):
    """Stored data as files (app/exporting/service.py). Raises CommandError and StoreError."""

    def pieces(self, request: ExportRequest) -> AsyncIterator[bytes]:
        """An export, piece by piece, as it is made."""


class BackupSource(Protocol):
    """Backups of the hub (app/backup/service.py), one piece of work at a time. Raises CommandError and StoreError."""

    def pieces(self) -> AsyncIterator[bytes]:
        """A new one, piece by piece."""

    def name(self) -> str:
        """The name of the file that it makes."""

    async def view(self) -> BackupsView:
        """Those in the folder of backups, and what is going on."""

    async def make(self) -> BackupView:
        """Make one in the folder now."""

    def stored(self, name: str) -> AsyncIterator[bytes]:
        """One of the folder, piece by piece."""

    async def verify(self, name: str) -> VerifiedView:
        """Read one of the folder and check it."""

    async def stage(self, name: str) -> BackupsView:
        """Put one of the folder in place at the next start."""

    async def unstage(self) -> BackupsView:
        """Do not."""


class HomekitSource(Protocol):
    """The HomeKit bridge, which comes and goes with the configuration (app/publishing/live_homekit.py)."""

    def view(self) -> HomekitView | None:
        """None where there is none, or it does not run."""

    def why_none(self) -> str:
        """Why it does not run, as a sentence; "" where none is configured."""

    async def unpair(self) -> None:
        """End all pairings. Raises CommandError where it does not run."""


class UplinkSource(Protocol):
    """The hub in a fleet (app/publishing/live_fleet.py). Raises CommandError, ConfigError and StoreError."""

    async def view(self) -> UplinkView:
        """Whether it is in one, and what it sends."""

    async def join(self, code: str, url: str, name: str) -> UplinkView:
        """Joins the fleet at ``url`` with a code of its operator; ``name``: what the home is called there."""

    async def leave(self) -> UplinkView:
        """Leaves the fleet; the hub goes on by itself."""


class UploadSink(Protocol):
    """A file that is being stored. Calls may block on the disk. Raises CommandError and StoreError."""

    def write(self, data: bytes) -> None:
        """The next piece."""

    def keep(self, *, beside: bool = False) -> UpdateFile:
        """The file is complete. ``beside``: keep an existing file of that name and assign another name."""

    def discard(self) -> None:
        """End the upload; what was kept stays."""


class UpdateFileSource(Protocol):
    """The stored update files (app/files/update_files.py). Calls may block on the disk.

    Raises CommandError and StoreError.
    """

    def files(self) -> Sequence[UpdateFile]:
        """All files, newest first."""

    def why_refused(self, file: UpdateFile, device: Device) -> str:
        """Why the device is not sent this file, as a sentence; "" if nothing speaks against it."""

    def begin(self, name: str) -> UploadSink:
        """A new file, to be written in pieces."""

    def remove(self, name: str) -> UpdateFile | None:
        """Delete a file; None if there is none of that name."""


class SetupSource(Protocol):
    """Sets up plugs (app/setup/service.py), one at a time. Raises CommandError and LinkError."""

    def view(self) -> SetupView:
        """The set-up that runs, or the last one."""

    async def begin(self, body: SetupBody) -> SetupView:
        """Begin to look for a plug; one that runs is ended first."""

    async def join(self, body: SetupJoinBody) -> SetupView:
        """Send the plug that was found its settings."""

    async def cancel(self) -> SetupView:
        """Ends the set-up that runs."""

    async def discover(self) -> Sequence[FoundPlug]:
        """The plugs in this network that answer a broadcast."""


class ConfigurationSource(Protocol):
    """The configuration of the hub (app/configuration/live.py), which is edited and applied while it runs.

    Raises ConfigError, CommandError, EditConflict and StoreError; then nothing was changed.
    """

    async def view(self) -> ConfigurationView:
        """It as it is in the file now, without secrets."""

    async def add(self, revision: str, keys: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        """Add a device. Any: TOML values as JSON."""

    async def change(self, revision: str, device: str, patch: Mapping[str, Any], origin: EditOrigin) -> ReloadView:
        """Change keys of a device; None removes one."""

    async def change_hub(self, revision: str, edit: HubEdit, origin: EditOrigin) -> ReloadView:
        """Change a table of the hub, or an item of one of its lists."""

    async def rename_room(self, revision: str, room: str, name: str, origin: EditOrigin) -> ReloadView:
        """Another name of a room, for all devices that are in it."""

    async def remove(
        self, revision: str, device: str, history: Literal["keep", "delete"], origin: EditOrigin
    ) -> ReloadView:
        """Removes a device with its table. ``revision``: of the configuration that the user has seen."""

    async def reload(self, origin: EditOrigin, dry_run: bool = False) -> ReloadView:
        """Apply the file as it is. ``dry_run``: only say what that would do."""

    async def backups(self) -> Sequence[ConfigBackupView]:
        """Earlier versions, newest first."""

    async def restore(self, revision: str, backup: str, origin: EditOrigin) -> ReloadView:
        """Go back to one of them."""


class OnboardingSource(Protocol):
    """What may become a device (app/onboarding/service.py); one test at a time. Raises CommandError and ConfigError."""

    async def view(self, offer: str | None = None) -> OnboardingView:
        """All that was found, and the test. ``offer``: whose test is watched; None = whichever runs."""

    async def look(self) -> OnboardingView:
        """Begin to listen to the serial ports, and to ask the network for plugs."""

    async def offer(self, body: OnboardingOfferBody) -> Offer:
        """Offer a link that a person types."""

    async def test(self, offer: str) -> OnboardingView:
        """Begin to test an offer; a test that runs is ended first."""

    async def command(self, point: str, value: Value, origin: str) -> Outcome:
        """Switch what answers in the test; without a point its main one."""

    async def end_test(self, number: int | None = None) -> OnboardingView:
        """End it, unless it has another number; what it has found is kept."""

    async def open_broker(self, body: OnboardingBrokerBody, origin: EditOrigin) -> ReloadView:
        """Run a broker that plugs connect to, from now on. Raises EditConflict and StoreError too."""

    async def add(self, body: OnboardingAddBody, origin: EditOrigin) -> ReloadView:
        """Add what an offer is to the configuration. Raises EditConflict and StoreError too."""


class RulesSource(Protocol):
    """The schedules and rules of the hub (app/rules/service.py). Raises CommandError."""

    def view(self) -> RulesView:
        """All rules, timers and handed values."""

    def run_rule(self, name: str) -> RuleView:
        """Carry out a rule now."""

    def pause(self, name: str, for_s: float | None) -> RuleView:
        """Switch a rule off, for some seconds or until it is resumed."""

    def resume(self, name: str) -> RuleView:
        """Switch a rule on again."""

    def start_timer(
        self, device: str, point: str, value: Value, for_s: float, end_value: Value | None, origin: str
    ) -> TimerView:
        """Set a point for some time."""

    def stop_timer(self, device: str, point: str) -> None:
        """End the timer of a point; without a point all of the device."""

    def set_value(self, name: str, value: Value, valid_s: float) -> None:
        """Take a value that rules may compare."""

    async def test(self, name: str, keys: Mapping[str, Any] | None, start: float, end: float) -> RuleTestView:
        """What rules would have done. Raises StoreError too. Any: TOML values as JSON."""


class FeedsSource(Protocol):
    """Prices and other values that change with time (app/feeds/service.py). Raises CommandError and StoreError."""

    async def view(self) -> FeedsView:
        """All feeds in their present state."""

    async def values(self, feed: str, start: float, end: float) -> FeedValuesView:
        """What is known of a feed within a range."""

    async def put(self, feed: str, rows: Sequence[tuple[object, object, object]]) -> FeedView:
        """Take rows of start, end (None: with the next one) and value."""

    async def put_present(self, feed: str, value: object, valid_s: int) -> FeedView:
        """Take a value that counts from now on; 0 s: as long as the feed says."""

    async def fetch(self, feed: str, start: date, end: date) -> FeedView:
        """Begin to fetch days of the past."""


class CostsSource(Protocol):
    """Tariffs, costs and bills (app/costs/service.py). ``tariff`` "": the one that is chosen.

    Raises CommandError and StoreError.
    """

    def tariffs(self) -> TariffsView:
        """All tariffs, and which devices measure the home."""

    async def price(self, tariff: str, at: float) -> PriceView:
        """The price of a kWh at a time, and why."""

    async def prices(self, tariff: str, start: float, end: float) -> PricesView:
        """The prices of a time, which may be in the future, in runs."""

    async def now(self, at: float) -> CostNowView:
        """The price now, and costs per hour at the present power."""

    async def costs(
        self, tariff: str, by: CostPeriod, start: float, end: float, devices: Sequence[str], rooms: bool
    ) -> CostsView:
        """Costs and CO₂ per device or room and period; no devices = all."""

    async def bill(self, tariff: str, period: str, now: float) -> BillView:
        """The bill of a period; "" = the last one that is over."""

    async def compare(self, tariffs: Sequence[str], start: float, end: float) -> ComparisonView:
        """What the energy of a time would have cost; no tariffs = all."""


class ProductLookup(Protocol):
    """What is known of products (app/products/service.py)."""

    async def find(self, text: str, kind: str, limit: int) -> ProductsView:
        """The products that have all words of the text, and that kind unless it is ""."""

    async def facts(self, device: Device, problems: Sequence[str]) -> ProductFacts:
        """What a device has reported, for a report of its product. ``problems``: what was odd, as text."""


class DecodeSource(Protocol):
    """Decodes inputs (app/decode_service/service.py), one at a time."""

    def place(self, client: str) -> AbstractContextManager[bool]:
        """Whether there is a place in the line for this client, which is taken."""

    async def choices(self) -> bytes:
        """DecodeChoices as JSON. Raises CommandError."""

    async def decode(self, options: DecodeOptions, data: bytes) -> bytes:
        """DecodeView or DecodeFiles as JSON. Raises CommandError."""


LogLines = Callable[[Iterable[str]], Sequence[LogView]]  # the lines of the hub's log that have one of these words


class ApiContext(msgspec.Struct, frozen=True):
    """What the route handlers use. ``wall``: the clock, Unix seconds.

    ``history`` None: the store is not available. ``updates`` None: the hub keeps no update files. ``plugs`` None: it
    sets up no plugs. ``products`` None: it has no list of products. ``decoder`` None: it decodes no inputs. ``log``
    None: it keeps no log. ``onboarding`` None: it finds no new devices. ``backup`` None: it makes no backups.
    ``rules`` None: it carries out no rules. ``costs`` None: it computes no costs.
    ``feeds`` None: it has no feeds. ``uplink`` None: it can join no fleet.
    """

    hub: PublicHub
    about: Callable[[], HubView]
    history: HistorySource | None
    wall: Callable[[], float]
    updates: UpdateFileSource | None = None
    plugs: SetupSource | None = None
    products: ProductLookup | None = None
    decoder: DecodeSource | None = None
    configuration: ConfigurationSource | None = None
    log: LogLines | None = None
    onboarding: OnboardingSource | None = None
    backup: BackupSource | None = None
    exports: ExportSource | None = None
    homekit: HomekitSource | None = None
    rules: RulesSource | None = None
    costs: CostsSource | None = None
    feeds: FeedsSource | None = None
    uplink: UplinkSource | None = None

    @property
    def zone(self) -> tzinfo:
        """The hub's time zone, which may change while it runs."""
        return ZoneInfo(self.about().timezone)

    def require_uplink(self) -> UplinkSource:
        """The uplink to a fleet. Raises ApiError where the hub has none."""
        if self.uplink is None:
            raise ApiError(503, "api.no_uplink")
        return self.uplink

    def require_update_files(self) -> UpdateFileSource:
        """The update files. Raises ApiError where the hub keeps none."""
        if self.updates is None:
            raise ApiError(503, "api.no_updates")
        return self.updates

    def require_setup(self) -> SetupSource:
        """What sets up plugs. Raises ApiError where nothing does."""
        if self.plugs is None:
            raise ApiError(503, "api.no_setup")
        return self.plugs

    def require_products(self) -> ProductLookup:
        """What knows products. Raises ApiError where nothing does."""
        if self.products is None:
            raise ApiError(503, "api.no_products")
        return self.products

    def require_decoder(self) -> DecodeSource:
        """What decodes inputs. Raises ApiError where nothing does."""
        if self.decoder is None:
            raise ApiError(503, "api.no_decoder")
        return self.decoder

    def require_configuration(self) -> ConfigurationSource:
        """The configuration. Raises ApiError where the hub has none that could be shown."""
        if self.configuration is None:
            raise ApiError(503, "api.no_configuration")
        return self.configuration

    def require_rules(self) -> RulesSource:
        """The rules. Raises ApiError where the hub carries out none."""
        if self.rules is None:
            raise ApiError(503, "api.no_rules")
        return self.rules

    def require_costs(self) -> CostsSource:
        """What computes costs. Raises ApiError where nothing does."""
        if self.costs is None:
            raise ApiError(503, "api.no_costs")
        return self.costs

    def require_feeds(self) -> FeedsSource:
        """The feeds. Raises ApiError where the hub has none."""
        if self.feeds is None:
            raise ApiError(503, "api.no_feeds")
        return self.feeds

    def require_onboarding(self) -> OnboardingSource:
        """What finds new devices. Raises ApiError where nothing does."""
        if self.onboarding is None:
            raise ApiError(503, "api.no_onboarding")
        return self.onboarding

    def require_backup(self) -> BackupSource:
        """What makes backups. Raises ApiError where nothing does."""
        if self.backup is None:
            raise ApiError(503, "api.no_backup")
        return self.backup

    def require_exports(self) -> ExportSource:
        """What exports stored data. Raises ApiError where nothing does."""
        if self.exports is None:
            raise ApiError(503, "api.no_export")
        return self.exports

    def require_history(self) -> HistorySource:
        """The stored history. Raises ApiError where there is none."""
        if self.history is None:
            raise ApiError(503, "api.no_history")
        return self.history


class ApiRoute(RouteRow[ApiContext, ApiRequest], frozen=True, kw_only=True):
    """A route of the hub. ``control``: only the role control may read it."""

    control: bool = False
