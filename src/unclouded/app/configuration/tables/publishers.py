"""The tables of publishers: [mqtt], [metrics], [[influx]], [[webhook]], [homekit], [[notification]], and `finished`."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import msgspec

from unclouded.core.model import AlertKind
from unclouded.links.url import redacted

WebhookContent = Literal["readings", "states", "events", "alerts"]
WEBHOOK_CONTENT: Sequence[WebhookContent] = get_args(WebhookContent)
NotificationEvent = Literal["alarm", "fault", "offline", "limit", "battery", "disk", "finished", "rule"]
NOTIFICATION_EVENTS: Sequence[NotificationEvent] = get_args(NotificationEvent)
EVENT_OF: dict[AlertKind, NotificationEvent] = {
    "alarm": "alarm",
    "fault": "fault",
    "offline": "offline",
    "above": "limit",
    "below": "limit",
    "battery": "battery",
    "disk": "disk",
}
Language = Literal["en", "de", "es"]
Interval = Annotated[float, msgspec.Meta(ge=0.1, le=3600)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class MqttTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[mqtt]: states and events on a broker, commands from it. Its ``repr`` shows no password."""

    url: str  # mqtt://host or mqtts://host
    user: str = ""
    password: str = ""
    password_file: str = ""  # a file whose first line is the password
    cafile: str = ""  # the authority of the broker's certificate, where the system does not know it
    certfile: str = ""  # the hub's own certificate, where the broker asks for one
    keyfile: str = ""  # and its key
    protocol: Literal["5", "3.1.1"] = "5"
    base: str = "unclouded"  # all topics are below it
    flat: bool = False  # each point on a topic of its own as well
    commands: bool = True  # False: nothing can be controlled by way of the broker
    homeassistant: bool = False  # announce the devices to Home Assistant
    homeassistant_prefix: str = "homeassistant"  # its topic of discovery

    def __repr__(self) -> str:
        return f"MqttTable(url={redacted(self.url)!r}, user={self.user!r}, base={self.base!r})"


class MetricsTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[metrics]: /metrics for Prometheus."""

    open: bool = False  # without a token, for everyone in the network


class InfluxTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[influx]]: readings as line protocol to InfluxDB, VictoriaMetrics, Telegraf and others."""

    url: str  # the whole address of writing, with its database or bucket
    token_file: str = ""  # a file with the token
    user: str = ""  # the token is the password of this user
    cafile: str = ""  # the authority of its certificate, where the system does not know it
    measurement: str = "unclouded"
    devices: list[str] = []  # ids; none = all
    interval_s: Interval = 10.0  # between two requests


class WebhookTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[webhook]]: JSON to an address of the owner's."""

    url: str
    content: list[WebhookContent] = msgspec.field(default_factory=lambda: list(WEBHOOK_CONTENT))
    secret_file: str = ""  # a file with the secret that requests are signed with
    token_file: str = ""  # a file with a token: Authorization: Bearer …
    cafile: str = ""
    devices: list[str] = []
    interval_s: Interval = 1.0


class HomekitTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[homekit]: the devices as accessories of Apple Home."""

    name: str = "Unclouded"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 51_827  # 0 = any free port
    address: str = ""  # of this computer, where it has several; "" = chosen
    devices: list[str] = []
    hide: list[str] = []  # ids that are not accessories


class NotificationTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[notification]]: messages for people, by Apprise."""

    url: str = ""  # of Apprise; it contains secrets and is never shown
    url_file: str = ""  # a file with it
    events: list[NotificationEvent] = msgspec.field(default_factory=lambda: list(NOTIFICATION_EVENTS))
    devices: list[str] = []
    language: Language = "en"
    quiet: str = ""  # 22:00-07:00
    even_quiet: list[NotificationEvent] = msgspec.field(default_factory=lambda: ["alarm"])  # sent in quiet hours
    offline_after_s: Seconds = 120.0  # a device that does not answer for a shorter time is not a message
    clear: bool = True  # also when it is over
    repeat_min: Annotated[float, msgspec.Meta(ge=0, le=10_080)] = 0.0  # 0 = never
    most_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class FinishedTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device]] finished: when an appliance has done its work."""

    above_W: Annotated[float, msgspec.Meta(gt=0, le=100_000)]  # it works
    below_W: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None  # it does not; None = above_W
    for_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 60.0  # so long that it is not a pause
    least_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 30.0  # that it must have worked
