"""What the docs say is what the program does, and what is cited exists.

A citation in code names a page and its sections: ``docs/protocols/PAGE.md §1.2, §1.3 item 4``. A section sign without a
page belongs to the page named last before it in the same file; in a protocol page, to that page itself.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from unclouded.app.conformance.check_lists import conformance_page
from unclouded.app.reference.pages import devices_page
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaFramer
from unclouded.families.hlw8032.frame import Hlw8032Frame, Hlw8032Framer
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_parts import OutOfRange
from unclouded.families.tuya.line.command import CommandTable
from unclouded.families.tuya.line.decoder import StreamFramer
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.messages import Unknown
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import SequencedFramer

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PROTOCOLS = DOCS / "protocols"
MANUAL = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
PAGES = [*MANUAL, *sorted(PROTOCOLS.glob("*.md"))]
PROTOCOL_NAMES = [
    *("emporia", "hlw8032", "meross", "meross_console"),
    *("tuya_gateway", "tuya_low_power", "tuya_wifi", "tuya_zigbee_module", "fleet"),
]
CODE = {".py", ".toml", ".ts", ".tsx", ".css", ".sql"}
BUILT = {"node_modules", "static", "__pycache__"}


def title(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_files() -> list[Path]:
    found = [path for folder in ("src", "tests", "bench", "frontend") for path in (ROOT / folder).rglob("*")]
    found += [*ROOT.glob("*.py"), *ROOT.glob("*.toml"), *DOCS.glob("*.toml")]
    kept = [path for path in found if path.suffix in CODE and not BUILT.intersection(path.relative_to(ROOT).parts)]
    return sorted(path for path in kept if path != Path(__file__))


# --- what the program writes ------------------------------------------------------------------------


def test_the_page_of_the_command_line_is_that_of_the_commands() -> None:
    # In a process of its own: click keeps the help option of a verb that was called without its group.
    program = "import sys; from unclouded.cli.reference import reference; sys.stdout.buffer.write(reference().encode())"
    written = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout.decode()
    assert (DOCS / "cli.md").read_text("utf-8") == written, "run: python3 dev.py docs"


def test_the_page_of_the_devices_is_that_of_the_families() -> None:
    assert (DOCS / "devices.md").read_text("utf-8") == devices_page(), "run: python3 dev.py docs"


def test_the_page_of_the_conformance_checks_is_that_of_their_tables() -> None:
    assert (DOCS / "conformance.md").read_text("utf-8") == conformance_page(), "run: python3 dev.py docs"


# --- links between pages ----------------------------------------------------------------------------

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
NUMBERED = re.compile(r"^(#+) +(\d+(?:\.\d+)*) .*$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


@cache
def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, by the rule of the web sites that show Markdown files."""
    found: list[str] = []
    for heading in HEADING.findall(prose(page)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_links_lead_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for _, target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name} points to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} points to {target}, which is no heading"


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_a_link_that_names_a_section_leads_to_it(page: Path) -> None:
    for label, target in LINK.findall(prose(page)):
        if named := re.search(r"§([\d.]+\d|\d)$", label):
            number = named[1].replace(".", "")
            assert re.search(rf"#{number}-", target), f"{page.name}: {label} points to {target}"


CODE_OR_COMMENT = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)|<!--.*?-->", re.DOTALL)
TAG = re.compile(r"(?<!\\)<(?!https?://)[a-zA-Z][^>]*>")


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_no_words_are_taken_for_html(page: Path) -> None:
    assert TAG.findall(CODE_OR_COMMENT.sub("", prose(page))) == [], "shown as nothing; write \\< or put it in backticks"


# --- citations --------------------------------------------------------------------------------------

WHOLE = "all"


class Citation(NamedTuple):
    page: str  # without .md; "" where no page is named before it
    section: str  # WHOLE where only the page is cited
    kind: str  # what is cited by number in the section: item, rule, frame, or ""
    number: str

    def __str__(self) -> str:
        return f"{self.page}.md §{self.section} {self.kind} {self.number}".strip()


ELSEWHERE = re.compile(r"(?:RFC \d+|MQTT [\d.]+)(?:,? (?:and )?§[\d.]*\d)+")  # sections of published standards
TOKEN = re.compile(r"(?:docs/protocols/|(?<![\w/]))(?P<page>\w+)\.md|§ ?(?P<section>\d+(?:\.\d+)*|\w*)")
COUNTED = re.compile(r"(?:\]\([^)]*\))?[,:]? (?P<kind>item|rule|frame)s?(?P<numbers> \d+(?:(?:, | and | to )\d+)*)")


def joined(text: str) -> str:
    """A text whose lines are one, without the marks of comments."""
    return re.sub(r"\s*\n\s*(?:#|//|\*|--)?\s*", " ", text)


def citations(text: str, own: str = "") -> Iterator[Citation]:
    """What a text cites. ``own``: the protocol page that it is, to which its own section signs belong."""
    page, named_to = own, 0
    text = ELSEWHERE.sub("", joined(text))
    for token in TOKEN.finditer(text):
        if name := token["page"]:
            page, named_to = name, token.end()
            if token[0].startswith("docs/"):
                yield Citation(name, WHOLE, "", "")
            continue
        if own and token.start() > named_to + 1:
            page = own
        counted = COUNTED.match(text, token.end())
        if counted is None:
            yield Citation(page, token["section"], "", "")
        else:
            for number in re.findall(r"\d+", counted["numbers"]):
                yield Citation(page, token["section"], counted["kind"], number)


OUTSIDE = re.compile(
    r"""\bseeds?[ ]\d            # a document that only its authors have
    |\.\./shared
    |(?<!docs/)protocols/\w     # a page by half of its path
    |\bprotocols?[ ]§
    |§[\d.]+,[ ]\d+(?![\d/])   # an item that is not called one""",
    re.VERBOSE,
)


@cache
def sections(page: str) -> dict[str, str]:
    """The text of each numbered section, with its own parts but without the numbered ones below it."""
    text = (PROTOCOLS / f"{page}.md").read_text("utf-8")
    heads = list(NUMBERED.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return {head[2]: text[head.end() : end] for head, end in zip(heads, ends, strict=True)}


def missing(citation: Citation) -> bool:
    """Does a citation name something that is not there?"""
    page, section, kind, number = citation
    if section == WHOLE:
        return not (PROTOCOLS / f"{page}.md").exists()
    if page not in PROTOCOL_NAMES:
        return True
    text = sections(page).get(section)
    if text is None:
        return True
    if kind == "frame":
        return not re.search(rf"^\| {number} \||# (?:defect: .*; )?{number} [WM]: ", text, re.MULTILINE)
    return bool(kind) and not re.search(rf"^(?:{number}\. |\| {number} \|)", text, re.MULTILINE)


@pytest.mark.parametrize("name", PROTOCOL_NAMES)
def test_section_numbers_of_a_protocol_page_are_unique(name: str) -> None:
    numbers = [head[2] for head in NUMBERED.finditer((PROTOCOLS / f"{name}.md").read_text("utf-8"))]
    assert len(numbers) == len(set(numbers))


def test_citations_in_code_lead_to_a_section() -> None:
    cited = [(title(path), one) for path in code_files() for one in citations(path.read_text("utf-8"))]
    assert len(cited) > 200
    assert [f"{path}: {one}" for path, one in cited if missing(one)] == []


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_citations_in_the_docs_lead_to_a_section(page: Path) -> None:
    own = page.stem if page.stem in PROTOCOL_NAMES else ""
    assert [str(one) for one in citations(page.read_text("utf-8"), own) if missing(one)] == []


def test_nothing_outside_the_repository_is_cited() -> None:
    texts = [(path, path.read_text("utf-8")) for path in code_files()]
    texts += [(page, LINK.sub(r"\1", page.read_text("utf-8"))) for page in PAGES]
    assert [f"{title(path)}: {hit[0]}" for path, text in texts for hit in OUTSIDE.finditer(joined(text))] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("docs/protocols/tuya_wifi.md §2.3, §2.99", ["tuya_wifi.md §2.99"]),
        ("docs/protocols/tuya_wifi.md §2.6 items 2, 3 and 77", ["tuya_wifi.md §2.6 item 77"]),
        ("docs/protocols/tuya_wifi.md §1.1: frame 26; §1.2 frame 38", ["tuya_wifi.md §1.2 frame 38"]),
        ("docs/protocols/tuya_wifi.md\n    # §6 rule 9", ["tuya_wifi.md §6 rule 9"]),
        ("docs/protocols/zwave.md §1", ["zwave.md §all", "zwave.md §1"]),
        ("MQTT 3.1.1 §3.9.3; RFC 8446 §4.1.2", []),
        ("§2.6", [".md §2.6"]),
    ],
)
def test_a_citation_of_what_is_not_there_is_found(text: str, found: list[str]) -> None:
    assert [str(one) for one in citations(text) if missing(one)] == found


# --- test vectors -----------------------------------------------------------------------------------

BLOCK = re.compile(r"^```frames\n(.*?)^```", re.MULTILINE | re.DOTALL)
NO_FRAME = "defect: no frame:"
DIALECTS: dict[str, CommandTable] = {
    "tuya_wifi": WIFI,
    "tuya_low_power": LOW_POWER,
    "tuya_gateway": GATEWAY,
    "tuya_zigbee_module": ZIGBEE_MODULE,
}


class Vector(NamedTuple):
    page: str
    data: bytes
    text: str

    @property
    def is_frame(self) -> bool:
        return not self.text.startswith(NO_FRAME)


def vectors(page: str) -> list[Vector]:
    """The lines of the blocks of frames of a page."""
    blocks = BLOCK.findall((PROTOCOLS / f"{page}.md").read_text("utf-8"))
    lines = [line.partition("#") for block in blocks for line in block.splitlines()]
    return [Vector(page, bytes.fromhex(data), text.strip()) for data, _, text in lines]


TUYA_VECTORS = [vector for page in DIALECTS for vector in vectors(page)]
RIGHT_TUYA_VECTORS = [vector for vector in TUYA_VECTORS if not vector.text.startswith("defect:")]


def tuya_framer(table: CommandTable) -> StreamFramer:
    return SequencedFramer(table.shapes) if table is ZIGBEE_MODULE else Framer((table.shapes,), gap=None)


def tuya_frames(vector: Vector) -> list[Frame]:
    """The frames in a vector; [] also where there is anything else in it."""
    framer = tuya_framer(DIALECTS[vector.page])
    pieces = [*framer.feed(vector.data), *framer.close()]
    found = [piece for piece in pieces if isinstance(piece, Frame)]
    return found if len(found) == len(pieces) else []


def has_meaning(page: str, frame: Frame) -> bool:
    table = DIALECTS[page]
    return any(not isinstance(table.read(sender, frame), Unknown | OutOfRange) for sender in ("controller", "device"))


def vector_title(vector: Vector) -> str:
    return f"{vector.page}: {vector.text or vector.data.hex()}"[:80]


def test_every_protocol_with_frames_has_test_vectors() -> None:
    counts = {page: len(vectors(page)) for page in PROTOCOL_NAMES}
    assert counts.pop("meross") == counts.pop("meross_console") == counts.pop("fleet") == 0  # JSON, text, MessagePack
    assert min(counts.values()) > 25
    assert any(not vector.is_frame for vector in TUYA_VECTORS)


@pytest.mark.parametrize("vector", TUYA_VECTORS, ids=vector_title)
def test_a_tuya_vector_is_one_frame_where_it_says_so(vector: Vector) -> None:
    assert ([bytes(frame) for frame in tuya_frames(vector)] == [vector.data]) is vector.is_frame


@pytest.mark.parametrize("vector", RIGHT_TUYA_VECTORS, ids=vector_title)
def test_a_tuya_vector_without_a_defect_has_a_meaning(vector: Vector) -> None:
    [frame] = tuya_frames(vector)
    assert has_meaning(vector.page, frame)


@pytest.mark.parametrize("vector", vectors("emporia"), ids=vector_title)
def test_an_emporia_vector_is_one_frame(vector: Vector) -> None:
    framer = EmporiaFramer(sender=None, gap=None)
    pieces = [*framer.feed(vector.data), *framer.close()]
    frames = [bytes(piece) for piece in pieces if isinstance(piece, EmporiaFrame)]
    assert (len(pieces) == 1 and frames == [vector.data]) is vector.is_frame


@pytest.mark.parametrize("vector", vectors("hlw8032"), ids=vector_title)
def test_a_vector_of_the_metering_chip_is_one_frame(vector: Vector) -> None:
    framer = Hlw8032Framer()
    pieces = [*framer.feed(vector.data), *framer.close()]
    frames = [bytes(piece) for piece in pieces if isinstance(piece, Hlw8032Frame)]
    assert (len(pieces) == 1 and frames == [vector.data]) is vector.is_frame
