"""What is known to be the owner's: names, ids, addresses, places, texts and secrets of a device and its hub."""

import contextlib
import getpass
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import DeviceTable, links_of
from unclouded.app.dump.product_facts import ADDRESS, PERSONAL, PRODUCT, public_info
from unclouded.app.dump.source import BundleSource
from unclouded.app.dump.text_cleaning import KEPT_ADDRESSES
from unclouded.app.dump.vocabulary import WORD, program_words
from unclouded.core.errors import ConfigError
from unclouded.links.url import Url, parse

SECRET_FILES = ("password_file",)  # settings of links that name one
OF_PRODUCT = ("product", "built")  # of what a device reports of itself; further ones are public
NAME_WORD = re.compile(r"[^\W_]\w{2,}")  # of a name: shorter ones are any language's
SHORT_HEX = re.compile(r"[0-9a-fA-F]{1,7}")  # stands somewhere in the hexadecimal digits of frames by chance
LEAST_SECRET = 3  # characters
HEX_ADDRESS = re.compile(r"(?:[0-9a-f]{2}[:-]?){4,8}|[0-9a-z]{20}[0-9a-f]{12}", re.IGNORECASE)


class PrivateWords(msgspec.Struct, frozen=True):
    """``known``: word -> its label in the bundle, "" = a pseudonym. ``secrets``: are blanked wherever they stand.

    ``public``: words that are kept though the program has them nowhere: product ids and the like.
    """

    known: Mapping[str, str]
    secrets: frozenset[str]
    public: frozenset[str]

    def strong(self) -> frozenset[str]:
        """Those that must not be in any byte of a bundle: they cannot be words of the program by chance."""
        found = (word for word in (*self.known, *self.secrets) if len(word) >= 5 and word not in self.public)
        return frozenset(word for word in found if not _is_plain(word) and not SHORT_HEX.fullmatch(word))

    def addresses(self) -> frozenset[bytes]:
        """Those of the words that are MAC or EUI-64 addresses, as bytes in both orders."""
        found = set()
        for word in self.known:
            if HEX_ADDRESS.fullmatch(word):
                bare = re.sub(r"[:-]", "", word)[-12:] if len(word) == 32 else re.sub(r"[:-]", "", word)
                with contextlib.suppress(ValueError):
                    found |= {bytes.fromhex(bare), bytes.fromhex(bare)[::-1]}
        return frozenset(found)


def private_words(source: BundleSource) -> PrivateWords:
    """All of them that can be found in what a bundle is made of."""
    known: dict[str, str] = {}
    own = [str(view["id"]) for view in source.devices] or [source.table.id if source.table else ""]
    labels = {id: f"device_{number}" for number, id in enumerate(own, 1)}
    labels |= {id: f"other_{number}" for number, id in enumerate(source.others, 1)}
    for word in _words(source):
        for one in (word, *_split(word)):
            known.setdefault(one, "")
    return PrivateWords(
        known={
            word: label for word, label in {**known, **labels}.items() if word.strip() and word not in KEPT_ADDRESSES
        },
        secrets=frozenset(one for one in _secrets(source.config, source.table) if len(one) >= LEAST_SECRET),
        public=frozenset(_public(source)),
    )


# --- inside -----------------------------------------------------------------------------------------


def _is_plain(word: str) -> bool:
    parts = WORD.findall(word)
    return not parts or (all(one.lower() in program_words() or one.isdecimal() for one in parts) and not _numbers(word))


def _numbers(word: str) -> bool:
    """Addresses and places consist of numbers, of which the program has many."""
    return len(re.findall(r"\d", word)) >= 5


def _split(text: str) -> Iterator[str]:
    """The words of a name that are none of the program's, and an address without its separators."""
    if HEX_ADDRESS.fullmatch(text):
        yield re.sub(r"[:-]", "", text)
        if len(text) == 32:
            yield from (text[-12:], ":".join(re.findall("..", text[-12:])))
        return
    for one in NAME_WORD.findall(text):
        if one.lower() not in program_words() and not one.isdecimal():
            yield one


def _words(source: BundleSource) -> Iterator[str]:
    yield from source.others.values()
    for view in source.devices:
        yield from _of_view(view)
    yield from _texts_of_readings(source)
    if source.table is not None:
        yield from _of_table(source.table)
    yield from _of_config(source.config)
    yield from _of_computer(source.config)


def _of_view(view: Mapping[str, object]) -> Iterator[str]:
    yield from (str(view.get(key) or "") for key in ("name", "parent", "room"))
    yield str(view["identity"]).rpartition(":")[2]
    info = view["info"]
    if isinstance(info, Mapping):
        public = public_info(info)
        yield from (str(text) for name, text in info.items() if name not in (*public, *OF_PRODUCT))
    for link in str(view["link"]).split():
        yield from _of_link(link)


def _texts_of_readings(source: BundleSource) -> Iterator[str]:
    kinds = {(view["id"], point["key"]): point["kind"] for view in source.devices for point in view["points"]}
    for one in source.readings:
        is_text = kinds.get((one["device"], one["point"])) in ("text", "raw", None) or PERSONAL.fullmatch(one["point"])
        if is_text and isinstance(one["value"], str):
            yield one["value"]


def _of_table(table: DeviceTable) -> Iterator[str]:
    yield from (table.name, table.uuid, table.parent, table.replaces, table.room, table.record)
    yield table.identity.rpartition(":")[2]
    for wire in table.channel:
        yield from (one for one in (wire.name, wire.record) if not _is_plain(one))
    for link in [*links_of(table.link), *(one for wire in table.channel for one in links_of(wire.link))]:
        yield from _of_link(link)


def _of_link(link: str) -> Iterator[str]:
    url = _parsed(link)
    if url is None:
        return
    yield from (one for one in re.split(r"[/@:\[\]]", url.place) if not _is_plain(one) and one not in KEPT_ADDRESSES)
    named = [value for key, value in url.query.items() if key in ("user", "cafile", "password_file")]
    yield from (value for value in named if not _is_plain(value))


def _of_config(config: Config) -> Iterator[str]:
    if config.broker is not None:
        yield from config.broker.host.split()
    yield from config.web.host.split()
    if config.weather is not None:
        weather = config.weather
        yield from (str(one) for one in (weather.latitude, weather.longitude) if one is not None)
        yield weather.topic
        yield from _of_link(weather.url)
    for table in config.devices:
        yield from _of_table(table)


def _of_computer(config: Config) -> Iterator[str]:
    paths = [Path(config.where).absolute(), config.data.absolute(), Path.home(), Path.cwd()]
    found = [part for path in paths for part in path.parts if part != "/"]
    found += [socket.gethostname(), *(os.environ.get(name, "") for name in ("USER", "LOGNAME", "HOSTNAME"))]
    with contextlib.suppress(OSError, KeyError):
        found.append(getpass.getuser())
    yield from (word for word in found if not _is_plain(word))


def _secrets(config: Config, table: DeviceTable | None) -> Iterator[str]:
    yield config.meross_key.text
    tables = config.devices if table is None else (table, *config.devices)
    for one in tables:
        yield from _strings([one.session, *(wire.session for wire in one.channel)])
        for link in [*links_of(one.link), *(link for wire in one.channel for link in links_of(wire.link))]:
            yield from _of_password_file(config, link)


def _strings(value: object) -> Iterator[str]:
    """Texts in a table of settings, however deep."""
    if isinstance(value, str):
        if value.lower() not in program_words():
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _of_password_file(config: Config, link: str) -> Iterator[str]:
    """What the file holds, and what stands before an @ in the address."""
    url = _parsed(link)
    if url is None:
        return
    if "@" in url.place:
        yield from url.place.rpartition("@")[0].split(":")
    for key in SECRET_FILES:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if url.query.get(key):
                yield (config.base / url.query[key]).read_text("utf-8").partition("\n")[0].strip()


def _parsed(link: str) -> Url | None:
    try:
        return parse(link)
    except ConfigError:
        return None


def _public(source: BundleSource) -> Iterator[str]:
    for view in source.devices:
        yield from public_products([str(view["info"].get("product", ""))])
        for text in public_info(view["info"]).values():
            yield from re.split(r"[\s,;]+", text)


def public_products(products: Iterable[str]) -> Iterator[str]:
    """Ids of products that can be nothing else."""
    return (one for one in products if PRODUCT.fullmatch(one) and not ADDRESS.fullmatch(one))
