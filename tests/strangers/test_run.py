"""`python3 dev.py strangers`: what it lists, what it prints of a run, and what it says of an end that cannot be had."""

import dataclasses
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from strangers import environments, run
from strangers.environments import HERE, ROOT, CannotInstall, Stranger, strangers

ALL = sorted(strangers().values(), key=lambda one: one.name)


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stranger:
    """An end whose environment is elsewhere, so that a test changes nothing for others."""
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "strangers")
    return strangers()["meross-iot"]


@pytest.mark.parametrize("known", ALL, ids=lambda known: known.name)
def test_each_end_has_tests_and_a_lock_file_with_its_version(known: Stranger) -> None:
    assert all((HERE / name).is_file() for name in known.tests.split())
    lock = known.lock_file.read_text("utf-8")
    assert '"resolved"' not in lock and "--index-url" not in lock, "no address of a registry"
    for required in known.requires:
        name, version = re.split(r"==|@", required)
        assert version in known.version
        assert f"{name}=={version} " in lock or f'"{name}": "{version}"' in lock


@pytest.mark.parametrize("known", ALL, ids=lambda known: known.name)
def test_the_compatibility_page_names_each_end_with_version_and_licence(known: Stranger) -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{known.name}` |")]
    for text in (known.version, known.licence, known.registry):
        assert text in row


def test_the_list_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == list(strangers())
    assert all(row["state"] and row["licence"] and row["end"] for row in rows)


def test_an_unknown_name_is_answered_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["meross"]) == 2
    assert "There is no 'meross'. There are: meross-iot" in capsys.readouterr().err


def test_without_a_registry_it_says_so_and_fails(
    one: Stranger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert run.run([one], as_json=True) == 1
    row = json.loads(capsys.readouterr().out)
    assert (row["stranger"], row["result"]) == ("meross-iot", "not installed")
    assert re.fullmatch("could not be installed: Failed to fetch: …: Connection refused.*", row["reason"])
    assert "could not be installed" in one.missing, "its tests are skipped with that reason"
    assert run.install_light([one]) == 0
    assert "Its tests are skipped and say so." in capsys.readouterr().err


def test_the_reason_has_the_first_error_and_the_last_cause_without_addresses() -> None:
    text = "npm error code ECONNREFUSED\nnpm error FetchError: request to http://registry/ws failed\n"
    assert environments._reason(text) == "code ECONNREFUSED"
    text = "error: Failed to fetch: `http://index/simple`\n  cause: client error\n  cause: refused\n"
    assert environments._reason(text) == "Failed to fetch: …: refused"
    assert environments._reason("") == "no reason was given"


def test_a_program_that_is_missing_is_named(one: Stranger) -> None:
    needy = dataclasses.replace(one, programs=["no-such-compiler"])
    with pytest.raises(CannotInstall, match="needs no-such-compiler"):
        needy.install()


def test_an_end_of_another_lock_file_is_not_installed(one: Stranger) -> None:
    environments.FOLDER.mkdir()
    one._write({"program": "python"})
    assert one.missing == ""
    text = (environments.FOLDER / "meross-iot.json").read_text("utf-8")
    (environments.FOLDER / "meross-iot.json").write_text(text.replace('"of": "', '"of": "0'), "utf-8")
    assert one.missing == "meross-iot is not installed: python3 dev.py strangers meross-iot"


def test_a_heavy_one_runs_only_where_it_is_asked_for(one: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    environments.FOLDER.mkdir()
    heavy = dataclasses.replace(one, weight="heavy")
    heavy._write({"program": "python"})
    monkeypatch.delenv(environments.CHOSEN, raising=False)
    assert heavy.missing == "heavy: python3 dev.py strangers meross-iot"
    monkeypatch.setenv(environments.CHOSEN, "meross-iot")
    assert heavy.missing == ""


def test_a_report_becomes_rows_of_sentences(one: Stranger) -> None:
    report = """<testsuites><testsuite>
        <testcase name="test_it_works[mqtt]" time="0.25"/>
        <testcase name="test_it_fails"><failure message="no answer">…</failure></testcase>
        <testcase name="test_it_cannot"><skipped message="mosquitto is not installed"/></testcase>
    </testsuite></testsuites>"""
    rows = run.read_report(one, ElementTree.ElementTree(ElementTree.fromstring(report)))
    assert [(row.check, row.result, row.seconds, row.reason) for row in rows] == [
        ("it works[mqtt]", "passed", 0.25, ""),
        ("it fails", "failed", 0.0, "no answer"),
        ("it cannot", "skipped", 0.0, "mosquitto is not installed"),
    ]
