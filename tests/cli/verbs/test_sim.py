"""`sim`: the verb. The devices themselves are tested in families/ and in sim/."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.cli import cli
from unclouded.core.errors import CommandError, LinkRefused


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["sim", *words])


def test_it_lists_its_kinds_and_shared_tables_once() -> None:
    lines = run().stdout.splitlines()
    assert any(line.startswith("tuya-breaker ") and "three phases" in line for line in lines)
    assert sum("--fault interleaves-frames" in line for line in lines) == 1
    assert "tuya, tuya-plug, tuya-breaker, tuya-thermostat, tuya-clamp:" in lines
    assert any(line.split()[:2] == ["--ask", "time"] for line in lines)


def test_as_json_each_kind_has_its_own_tables() -> None:
    kinds = {one["kind"]: one for one in map(json.loads, run("--json").stdout.splitlines())}
    assert kinds["tuya-clamp"]["faults"] == kinds["tuya-plug"]["faults"]
    assert "time" in kinds["tuya-clamp"]["asks"] and kinds["tuya-door-sensor"]["asks"] == {}


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("tuya-plug", "--fault", "rusty"), "tuya-plug has no fault 'rusty'. It has: sends-nothing, "),
        (("tuya-plug", "--ask", "tide"), "tuya-plug has no question 'tide'. It has: gmt, time, "),
        (("mgm111", "--ask", "time"), "mgm111 has no question 'time'. It has: none."),
        (("tuya-kettle",), "There is no simulated 'tuya-kettle'. There are: mgm111, tuya, tuya-plug, "),
    ],
)
def test_an_unknown_fault_question_or_kind_is_reported_with_the_known_ones(
    words: tuple[str, ...], refusal: str
) -> None:
    error = run(*words, "--link", "pty:nowhere").exception
    assert isinstance(error, CommandError) and str(error).startswith(refusal)


def test_it_is_ready_with_its_terminal_and_prints_its_counts_when_it_stops(tmp_path: Path) -> None:
    done = run("tuya-thermostat", "--link", f"pty:{tmp_path}/line", "--ask", "time", "--for", "0.2s", "--json")
    ready, stats = map(json.loads, done.stdout.splitlines())
    assert ready == {"ready": {"kind": "tuya-thermostat", "link": f"{tmp_path}/line"}}
    assert stats["stats"]["frames_in"] == stats["stats"]["asked"] == 0
    assert done.exit_code == 0


def test_a_terminal_that_cannot_be_made_is_reported_with_the_reason(tmp_path: Path) -> None:
    error = run("tuya-plug", "--link", f"pty:{tmp_path}/none/line", "--for", "1s").exception
    assert isinstance(error, LinkRefused) and str(error).startswith(
        f"{tmp_path}/none/line cannot be made: No such file"
    )


@pytest.mark.parametrize("kind", ["tuya-plug", "tuya-door-sensor", "mgm111", "hlw8032"])
def test_a_missing_port_is_reported_once_on_stderr(kind: str, tmp_path: Path) -> None:
    done = run(kind, "--link", f"serial:{tmp_path}/port", "--for", "0.2s")
    assert done.exit_code == 0
    assert done.stderr.count(f"{tmp_path}/port does not exist.") == 1 and "closed the link" not in done.stderr
    assert done.stdout.splitlines()[-1] == "Nothing was sent or received."


def test_the_generations_of_a_plug_are_listed_and_an_unknown_one_is_refused_with_them() -> None:
    lines = run().stdout.splitlines()
    named = [line.split()[1] for line in lines if "--dialect" in line]
    assert named == ["hw2", "hw1", "hw2.1.7", "hw6", "hw6.3", "hw8", "hw2.1.7", "hw2"]
    kinds = {one["kind"]: one for one in map(json.loads, run("--json").stdout.splitlines())}
    assert next(iter(kinds["mss310"]["dialects"])) == "hw2" and kinds["mgm111"]["dialects"] == {}
    error = run("mss310", "--dialect", "hw9", "--http", "127.0.0.1:0").exception
    assert isinstance(error, CommandError) and "It has: hw2, hw1, hw2.1.7, hw6, hw6.3, hw8." in str(error)


def test_several_plugs_are_one_line_for_people_and_one_each_as_json() -> None:
    words = ("mss310", "--count", "3", "--http", "127.0.0.1:0", "--for", "0.2s")
    text, lines = run(*words).stdout.splitlines(), run(*words, "--json").stdout.splitlines()
    assert text[0].startswith("Simulating 3 × mss310 (A Meross MSS310 plug) on http://127.0.0.1:")
    assert len({json.loads(line)["ready"]["uuid"] for line in lines if "ready" in line}) == 3


def test_a_server_that_cannot_be_reached_is_named() -> None:
    done = run("mss310", "--server", "mqtts://127.0.0.1:1", "--for", "1s", "--json")
    assert any("refuses port 1" in json.loads(line).get("notice", "") for line in done.stdout.splitlines())


def test_a_discovery_needs_the_port_that_it_names() -> None:
    for words in (("--http", "127.0.0.1:0", "--discovery"), ("--server", "mqtts://127.0.0.1:1", "--discovery")):
        error = run("mss310", *words).exception
        assert isinstance(error, CommandError) and "names the port of the plug" in str(error)
