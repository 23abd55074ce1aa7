"""Citations of files and modules lead to one that exists."""

from pathlib import Path

import pytest
from tools.shape.places import Places, missing_places

PROJECT = Path(__file__).parents[2]


def test_every_place_that_is_cited_exists() -> None:
    assert missing_places(PROJECT) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("model.py, core/model.py, src/unclouded/core/model.py", []),
        ("session.py, links/model.py", ["session.py", "links/model.py"]),
        ("`core/model`, `core/`, `core/model.Point`, `core/sessions/`, `core/sessions/link`", []),
        ("`core/link`, `core/drivers/`, `core/link.Link`", ["core/link", "core/drivers", "core/link"]),
        ("import unclouded.core.model, unclouded.core.sessions.link.Link", []),
        ("unclouded.core.link.Link and unclouded.core.link", ["unclouded.core.link", "unclouded.core.link"]),
        ("…_checks.py, *.py, FOLDER/<name>.py, `hub/other/topic`, core/link", []),
    ],
)
def test_a_citation_of_what_is_not_there_is_found(text: str, missing: list[str]) -> None:
    places = Places(["src/unclouded/core/model.py", "src/unclouded/core/sessions/link.py"], ["core"])
    assert list(places.missing(text)) == missing
