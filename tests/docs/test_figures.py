"""Figures of the program, and names on its page, that sentences of the documentation have."""

import json
import re
from collections.abc import Iterator

from docs.fenced_blocks import DOCS, FENCE, ROOT
from unclouded.app.protocols import simulated_kinds
from unclouded.conformance import SUITES
from unclouded.hub.readings.physics import FLAG
from unclouded.store.editing.edit import EDITED
from unclouded.store.importing import IMPORTED

README = (ROOT / "README.md").read_text("utf-8")
WORDS = json.loads((ROOT / "src" / "unclouded" / "web" / "words" / "en.json").read_text("utf-8"))
OF_THE_PAGE = ["backup", "export", "getting-started", "schedules", "setting_up_a_plug", "store", "updating", "web"]
NAME = re.compile(r"(?<![*\w])\*([A-Z][^*\n]{2,60})\*(?!\*)")
OTHERS = {"Enter", "Add to home screen", "Force"}  # of keyboards, browsers and devices
FILLED = ("With …", "On since 13:22, by the rule Evening. The device confirmed it.")


def faults(family: str) -> int:
    return len({fault for name, kind in simulated_kinds().values() if name == family for fault in kind.faults})


def test_the_readme_counts_the_faults_of_simulated_devices() -> None:
    rows = re.findall(r"^\| .* with (\d+) faults \|$", README, re.MULTILINE)
    assert rows == [str(faults(family)) for family in ("tuya_wifi", "hlw8032", "tuya_gateway")]


def test_the_page_of_plugs_counts_their_checks() -> None:
    counts = {role: len(played.checks) for role, played in SUITES["meross"].roles.items()}
    assert f"{counts['controller']} checks of a plug, {counts['device']} of a hub" in (DOCS / "meross.md").read_text()


def texts(tree: object) -> Iterator[str]:
    """The sentences of the page, in lower case and without an end."""
    if isinstance(tree, dict):
        for below in tree.values():
            yield from texts(below)
    else:
        yield from (one.lower().rstrip(".…") for one in str(tree).split("|"))


def test_what_is_on_the_page_is_called_so_there() -> None:
    known = {*texts(WORDS), *(one.lower().rstrip(".…") for one in (*OTHERS, *FILLED))}
    for name in OF_THE_PAGE:
        names = NAME.findall(FENCE.sub("", (DOCS / f"{name}.md").read_text("utf-8")))
        assert [one for one in names if one.lower().rstrip(".…") not in known] == [], name


def test_each_flag_of_a_reading_is_described_in_the_docs_and_on_the_page() -> None:
    table = (DOCS / "energy.md").read_text("utf-8").partition("| flag |")[2].partition("\n\n")[0]
    described = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert described == {name.removeprefix("app.flag_") for name in WORDS if name.startswith("app.flag_")}
    assert described >= {FLAG, EDITED, IMPORTED}
