"""The examples of docs/costs.md are valid tariffs."""

import re
from pathlib import Path

import pytest

from unclouded.app.configuration.config import parse_config

PAGE = (Path(__file__).parents[3] / "docs" / "costs.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.findall(r'\[\[tariff\]\]\nname = "(.*)"', text)[0])
def test_an_example_is_valid(text: str, tmp_path: Path) -> None:
    config = parse_config(text, "unclouded.toml", str(tmp_path))
    assert len(config.tariffs) == 1


def test_there_are_examples_of_eight_kinds_of_contract() -> None:
    assert len(EXAMPLES) >= 9
