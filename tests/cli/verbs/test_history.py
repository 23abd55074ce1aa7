"""`history --csv`: what a spreadsheet gets."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from unclouded.app.stored_history import StoredRow
from unclouded.cli.verbs import history


def test_a_csv_has_no_control_characters_and_no_formulas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        StoredRow(0.0, "=kettle", "mode", "@SUM(A1)\x1b[31m\r\n", "suspect", ("+late",)),
        StoredRow(1.0, "kettle", "switch", True),
        StoredRow(2.0, "kettle", "power_W", -2.5),
    ]

    @contextmanager
    def stored(*_: object) -> Iterator[Iterator[StoredRow]]:
        yield iter(rows)

    monkeypatch.setattr(history, "stored_history", stored)
    config = tmp_path / "unclouded.toml"
    config.write_text("")
    done = CliRunner().invoke(history.command, ["kettle", "--csv", "--config", str(config)])
    assert done.exit_code == 0, done.output
    header, *cells = csv.reader(io.StringIO(done.output))
    assert header == list(history.COLUMNS)
    assert [row[1:4] for row in cells] == [
        ["'=kettle", "mode", "'@SUM(A1)\\x1b[31m\\x0d\\x0a"],
        ["kettle", "switch", "1"],
        ["kettle", "power_W", "-2.5"],
    ]
    assert [row[-1] for row in cells] == ["'+late", "", ""]
