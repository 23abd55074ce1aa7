"""Names of devices, which may be any text, and the ids that are derived from them."""

import re
import unicodedata
from collections.abc import Collection

from unclouded.core.errors import CommandError

LONGEST_NAME = 200  # characters of the name of a device or a room
LONGEST_ID = 40  # characters of an id that is derived
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "å": "a", "đ": "d", "ł": "l", "œ": "oe", "þ": "th", "ð": "d"})
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_name(text: str, what: str = "device") -> str:
    """A name with single spaces: letters of any script, symbols, markup. Raises CommandError for a longer one."""
    name = " ".join(text.split())
    if CONTROL.search(name):
        raise CommandError(f"The name of a {what} cannot have control characters.")
    if len(name) > LONGEST_NAME:
        raise CommandError(f"The name of a {what} has at most {LONGEST_NAME} characters; this one has {len(name)}.")
    return name


def id_for(name: str, taken: Collection[str], otherwise: str = "device") -> str:
    """A device id for a name: "Küche: Wasserkocher" -> kuche_wasserkocher; a number where it is taken.

    A name without a letter or digit of ASCII gives ``otherwise``.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(LETTERS))
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    base = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:LONGEST_ID].strip("_") or otherwise
    number, found = 1, base
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    return found
