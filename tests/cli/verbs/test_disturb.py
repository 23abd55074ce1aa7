"""`disturb`: its faults in the help, errors before anything is opened, and the counts at the end."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.cli import cli
from unclouded.recording.disturbing.faults import FAULTS


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["disturb", *words])


def test_the_help_lists_every_fault() -> None:
    text = run("--help").output
    assert [name for name in FAULTS if f"  {name}=" not in text] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("tcp://a:1", "tcp://b:1"), "Missing option '--fault'"),
        (("tcp://a:1", "--fault", "flip"), "Missing argument 'LINK_B'"),
        (("tcp://a:1", "tcp://b:1", "--fault", "flip=lots"), "flip takes a share of the bytes"),
        (("tcp://a:1", "tcp://b:1", "--fault", "flip", "--record", "x.jsonl"), "needs --family"),
        (("tcp://a:1", "bogus:b", "--fault", "flip"), "has no link bogus:"),
        (("tcp://a:1", "tcp://b:1", "--fault", "flip", "--seed", "-1"), "--seed"),
    ],
)
def test_what_is_wrong_is_reported(words: tuple[str, ...], reason: str) -> None:
    done = run(*words)
    assert done.exit_code != 0
    assert reason in done.output + str(done.exception)


def test_the_counts_are_printed_at_the_end_as_text_and_as_json(tmp_path: Path) -> None:
    words = (f"pty:{tmp_path}/a", f"pty:{tmp_path}/b", "--fault", "flip", "--fault", "b:delay=1s", "--for", "0.05s")
    done = run(*words, "--seed", "7")
    assert done.stdout.splitlines() == [
        "A to B: 0 bytes received, 0 passed on",
        "B to A: 0 bytes received, 0 passed on",
    ]
    assert "Seed 7." in done.stderr
    file = tmp_path / "line.jsonl"
    done = run(*words, "--json", "--family", "tuya_wifi", "--record", str(file))
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["ended"] and last["recorded"] and last["files"] == [str(file), str(tmp_path / "line.sent.jsonl")]
    assert last["sides"]["a"] == dict.fromkeys(last["sides"]["b"], 0)
    assert [json.loads(line.read_text().splitlines()[0])["family"] for line in map(Path, last["files"])] == [
        "tuya_wifi"
    ] * 2


def test_the_page_lists_every_fault_with_its_usual_value() -> None:
    page = (Path(__file__).parents[3] / "docs" / "disturb.md").read_text("utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `")]
    assert [[cell.strip(" `") for cell in row] for row in rows] == [[name, kind.usual] for name, kind in FAULTS.items()]
