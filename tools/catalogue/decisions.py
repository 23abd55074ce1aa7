"""What is decided where sources disagree: decisions.tsv, one line for each data point of a product.

Columns: product id (or model, where one id has several tables), data point, scale that holds ("": that of the facts),
confidence, key (where the decision names another), reason.
"""

import csv
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from tools.catalogue.facts import RawRow, RawTable

from unclouded.core.model import Confidence

FILE = Path(__file__).with_name("decisions.tsv")


class Decision(msgspec.Struct, frozen=True):
    product: str
    dp: str
    scale: Decimal | None
    confidence: Confidence
    key: str
    reason: str


@cache
def decisions() -> Mapping[tuple[str, str], Decision]:
    """By product id and data point."""
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    found = [
        Decision(product, dp, Decimal(scale) if scale else None, msgspec.convert(confidence, Confidence), key, reason)
        for product, dp, scale, confidence, key, reason in lines
    ]
    return {(one.product, one.dp): one for one in found}


def decided(table: RawTable, raw: RawRow) -> Decision | None:
    """The decision on a row: by a model of its table, else by a product."""
    names = [*re.split(r"[\s:=/]+", table.maker_model), *table.products]
    return next((one for name in names if (one := decisions().get((name, raw.dp)))), None)
