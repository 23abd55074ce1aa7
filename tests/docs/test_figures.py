"""Figures of the program that sentences of the documentation name."""

import re

from docs.fenced_blocks import DOCS, ROOT
from unclouded.app.protocols import simulated_kinds
from unclouded.conformance import SUITES

README = (ROOT / "README.md").read_text("utf-8")


def faults(family: str) -> int:
    return len({fault for name, kind in simulated_kinds().values() if name == family for fault in kind.faults})


def test_the_readme_counts_the_faults_of_simulated_devices() -> None:
    rows = re.findall(r"^\| .* with (\d+) faults \|$", README, re.MULTILINE)
    assert rows == [str(faults(family)) for family in ("tuya_wifi", "hlw8032", "tuya_gateway")]


def test_the_page_of_plugs_counts_their_checks() -> None:
    [suite] = [suite for suite in SUITES.values() if suite.name == "meross"]
    counts = {role: len(played.checks) for role, played in suite.roles.items()}
    assert f"{counts['controller']} checks of a plug, {counts['device']} of a hub" in (DOCS / "meross.md").read_text()
