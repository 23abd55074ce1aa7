"""Readers of payloads: the value of one key, as one object or as a list of them. They raise WireError."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Raw

from unclouded.core.errors import WireError

T = TypeVar("T")
M = TypeVar("M")
Fields = Mapping[str, Raw]

_decoder = msgspec.json.Decoder(dict[str, Raw])
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)


def fields_of(payload: bytes | Raw) -> Fields:
    """The keys of a payload."""
    try:
        return _decoder.decode(payload)
    except _UNREADABLE:
        raise WireError("the payload is not a JSON object") from None


def one(key: str, kind: type[T]) -> Callable[[Fields], T]:
    """The value of one key; a list of one object is that object (docs/protocols/meross.md §1.8.2)."""
    decoder = msgspec.json.Decoder(kind, strict=False)
    in_list = msgspec.json.Decoder(tuple[kind], strict=False)  # type: ignore[valid-type]  # as below

    def read(fields: Fields) -> T:
        try:
            return decoder.decode(fields[key])
        except KeyError:
            raise WireError(f"there is no {key!r} in the payload") from None
        except _UNREADABLE as error:
            try:
                (found,) = in_list.decode(fields[key])
            except _UNREADABLE:
                raise WireError(f"{key!r} cannot be read: {_reason(error)}") from None
            return found

    return read


def many(key: str, kind: type[T], make: Callable[[tuple[T, ...]], M]) -> Callable[[Fields], M]:
    """The value of one key, which may be an object, an empty object or a list of objects."""
    single, several = one(key, kind), one(key, list[kind])  # type: ignore[valid-type]  # msgspec takes types as values

    def read(fields: Fields) -> M:
        value = bytes(fields.get(key, b"")).strip()
        if value in (b"{}", b"null"):
            return make(())
        return make(tuple(several(fields)) if value.startswith(b"[") or not value else (single(fields),))

    return read


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
