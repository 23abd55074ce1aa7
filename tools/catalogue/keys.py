"""The key of a data point: the vocabulary's word for what the raw facts call it."""

from tools.catalogue.facts import RawRow, RawTable


def key_of(table: RawTable, raw: RawRow, taken: set[str]) -> str:
    key = raw.key
    return key if key not in taken else f"{key}_{raw.dp}"
