"""The page of the docs that lists the keys of points, made from the vocabulary."""

from itertools import groupby

from unclouded.core.model import UNITS
from unclouded.profiles.vocabulary import Word, words

HEAD = """# The keys of points

Written by `python3 dev.py docs` from the vocabulary (`src/unclouded/profiles/vocabulary.py`). A quantity has one name,
whatever the maker calls it; profiles, the [catalogue](catalogue.md), the page, the API and the store use it.

- The unit is the last part of the key: `power_W`. Energy is in Wh everywhere, and shown in kWh.
- Before the unit may stand which of several it is: a channel (`on_2`, `on_usb1`, `power_2_W`), a phase
  (`power_a_W`; `_n` is the neutral), a tariff (`energy_import_t2_Wh`). A second one of a kind is `_2`.
- Names that are not listed here are those of the maker, written out where they are abbreviated.
- `dp_19` is data point 19, of which nothing is known.
"""


def points_page() -> str:
    """The words by group, then the units."""
    parts = [HEAD]
    for group, members in groupby(words(), key=lambda word: word.group):
        parts += [f"\n## {group}\n\n| key | unit | meaning |\n|---|---|---|\n", *map(_line, members)]
    parts += ["\n## Units\n\n| last part of the key | unit |\n|---|---|\n"]
    parts += [f"| `{name}` | {unit} |\n" for name, unit in UNITS.items()]
    return "".join(parts)


def _line(word: Word) -> str:
    units = ", ".join(dict.fromkeys(UNITS[unit] if unit else "–" for unit in word.units))
    return f"| {', '.join(f'`{key}`' for key in word.keys)} | {units} | {word.meaning} |\n"
