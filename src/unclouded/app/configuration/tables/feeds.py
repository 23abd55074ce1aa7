"""The table of feeds, [[feed]]: prices, carbon intensities and other values that change with time."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

FeedSource = Literal["push", "http", "mqtt"]


class FeedTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[feed]]: ``push``: another program, or a person, hands its values over."""

    name: str  # by which rules compare it and tariffs refer to it
    unit: str = ""  # EUR/kWh, g/kWh: what a value is in, after the factor
    source: FeedSource = "push"
    url: str = ""  # http: the address, with {from} {to} or {date}; mqtt: of the broker
    token_file: str = ""  # http: a file with a token: Authorization: Bearer …
    topic: str = ""  # mqtt
    values: str = ""  # where they are in the JSON, as in data[].price; "" = all of it is one number
    times: str = ""  # where the times are at which they begin; "" = the value counts from now on
    ends: str = ""  # where the times are at which they end; "" = with the next one
    timezone: str = ""  # of times without an offset; "" = that of the hub
    factor: Decimal | int = 1  # what each value is multiplied by: 0.001 for prices per MWh
    length_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0  # how long a value counts; 0 = as far as two are apart
    valid_s: Annotated[int, msgspec.Meta(ge=60, le=2_678_400)] = 3600  # how long one without a time counts
    interval_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 3600  # between two requests
