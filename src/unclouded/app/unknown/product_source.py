"""Names the data points of products that no profile lists, by those of the catalogue that are like them.

What is kept of a match is rows of a profile: its ``confidence`` is "matched" where several products that are like this
one agree on the name and the scale, "guessed" where only the name is likely. Guessed numbers cannot be set.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from unclouded.app.protocols import settings_of
from unclouded.core.profile import MatchedProduct, PointRow, Profile, ProfileFile, SeenPoint, make_profile
from unclouded.core.profile.building import usual_kind
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue.matching import MatchedRow, ProductMatcher
from unclouded.profiles.catalogue.table import MAIN, point_rows

LIKE = 0.5  # from this likeness on the title names the product that is like it


class CatalogueSource:
    """``family``: of the devices or sub-devices that it serves, which have a profile with ``unknown = true``."""

    def __init__(self, library: ProfileLibrary, family: str) -> None:
        self._library = library
        self._family = family

    def serves(self, profile: Profile) -> bool:
        return profile.unknown and profile.family == self._family

    def match(self, question: MatchedProduct) -> MatchedProduct:
        """Rows that were sure stay. Guessed ones, and what had no name, may be sure now that more was seen."""
        found = ProductMatcher(self._library.catalogue.tables(self._family)).match(question.seen)
        rows = [row for row in question.rows if row.confidence == "matched"]
        for matched in found.rows:
            new = list(_rows(matched))
            taken = {row.key for row in rows} | {row.wire_key for row in rows}
            if not taken & ({row.key for row in new} | {row.wire_key for row in new}):
                rows += new
        kept = {row.wire_key for row in rows} | {row.key for row in rows}
        rows += [row for row in question.rows if not {row.wire_key, row.key} & kept]
        return replace(
            question, rows=tuple(rows), nearest=found.nearest, title=found.title, likeness=round(found.likeness, 2)
        )

    def profile(self, generic: Profile, matched: MatchedProduct) -> Profile:
        rows = [*matched.rows, *_unnamed(matched.seen, {row.wire_key for row in matched.rows})]
        keys = {row.key for row in rows}
        file = ProfileFile(
            name=generic.name,
            family=generic.family,
            title=_title(generic, matched),
            main=next((key for key in MAIN if key in keys), ""),
            unknown=True,
            point=rows,
        )
        made = make_profile(file, f"the match of {matched.product or 'a product'}", settings_of)
        return replace(made, session=generic.session, actions=generic.actions)


def _title(generic: Profile, matched: MatchedProduct) -> str:
    if matched.likeness < LIKE or not matched.title:
        return generic.title
    return f"{generic.title}, like {matched.title}"


def _rows(matched: MatchedRow) -> Iterable[PointRow]:
    """What a data point is as rows of a profile."""
    for row in point_rows([matched.row]):
        if matched.is_sure:
            yield replace(row, confidence="matched")
        elif matched.row.type in ("value", "enum", "bitmap"):
            yield replace(row, confidence="guessed", access="r", options=[], minimum=None, maximum=None)
        else:
            yield replace(row, confidence="guessed")


def _unnamed(seen: Iterable[SeenPoint], named: set[str]) -> Iterable[PointRow]:
    """The data points that keep their number, as the generic profile would have them."""
    for one in seen:
        if str(one.dp) not in named:
            named.add(str(one.dp))
            kind = "number" if one.type == "enum" else usual_kind(one.type, "none", False)  # without options it is one
            yield PointRow(key=f"dp_{one.dp}", dp=one.dp, kind=kind, access="rw")
