"""`run` and `init` where there is no configuration, and the questions of `init` in a terminal."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from place import TIMEOUT_S, UNCLOUDED, Place, place_in, read
from unclouded.app.onboarding.access import NewDevice, Onboarding
from unclouded.cli import cli
from unclouded.cli.onboarding_dialog import OnboardingDialog
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import ReloadView
from unclouded.core.views.onboarding import (
    DeviceProposal,
    LinkTestView,
    Offer,
    OfferSourceView,
    OnboardingView,
    ParentChoice,
)
from verb_runner import run_verb


def verb(here: Place, *words: str) -> "subprocess.CompletedProcess[str]":
    """A verb in the folder, without naming a configuration."""
    return run_verb(words, here.env, TIMEOUT_S, here.folder)


def test_a_hub_without_a_configuration_gets_its_first_device(tmp_path: Path) -> None:
    with place_in(tmp_path) as here:
        here.config.unlink()
        here.sim("mgm111", "--link", f"pty:{tmp_path}/meter")
        hub = subprocess.Popen(
            [UNCLOUDED, "run", "--web", "off", "--json"],
            cwd=tmp_path,
            env=here.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        here.running.append(hub)
        assert read(hub, lambda line: "ready" in line)["ready"]["devices"] == []
        done = verb(
            here,
            "init",
            "--yes",
            f"{tmp_path}/meter",
            "--family",
            "emporia",
            "--name",
            "Zähler",
            "--room",
            "Cellar",
            "--json",
        )
        assert done.returncode == 0, done.stderr
        added = json.loads(done.stdout)
        assert (added["added"], added["family"]) == ("zahler", "emporia") and added["reload"]["running"]
        (device,) = json.loads(f"[{verb(here, 'devices', '--json').stdout}]")
        assert (device["id"], device["name"], device["room"]) == ("zahler", "Zähler", "Cellar")
        assert here.config.exists()


def test_a_link_at_which_nothing_is_ends_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNCLOUDED_CONFIG", raising=False)
    monkeypatch.setitem(os.environ, "XDG_DATA_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["init", "--yes", str(tmp_path / "none"), "--data", str(tmp_path / "data")])
    assert done.exit_code == 1 and "Not added" in str(done.exception)
    assert "does not exist. Is the adapter plugged in?" in done.stderr
    assert not (tmp_path / "unclouded.toml").exists()
    wrong = CliRunner().invoke(cli, ["init", "--name", "Kettle"])
    assert wrong.exit_code == 2 and "--yes and one LINK" in wrong.output


# --- the dialog ---------------------------------------------------------------------------------------

OFFER = Offer(id="serial:a", source="serial", title="FT232R\x1b[2J", text="Silent.", link="serial:///dev/ttyUSB0")
PROPOSAL = DeviceProposal(
    name="Plug", id="plug", parent="meter", rooms=("Kitchen",), parents=(ParentChoice("meter", "Meter"),)
)


class AnsweringOnboarding(Onboarding):
    """One port with a plug; the first change of the configuration meets one of another editor."""

    def __init__(self, test: LinkTestView) -> None:
        self._test = test
        self.added: list[NewDevice] = []
        self.revisions: list[str] = []
        self.ended = 0

    @property
    def goes_on(self) -> bool:
        return True

    def view(self) -> OnboardingView:
        network = OfferSourceView(source="network", state="failed", text="The UDP port 9989 cannot be used.")
        return OnboardingView(is_empty=True, sources=[network], offers=[OFFER], test=self._test)

    def found(self, links: Sequence[str]) -> OnboardingView:
        return self.view()

    def by_hand(self, link: str, family: str = "") -> Offer:
        raise CommandError(f"{link} is not a link.")

    def tested(self, offer: Offer, report: Callable[[str], None]) -> LinkTestView:
        report("It is asked.")
        return self._test

    def end_test(self, number: int) -> None:
        assert number == self._test.number
        self.ended += 1

    def revision(self) -> str:
        return f"r{len(self.revisions)}"

    def add(self, offer: Offer, new: NewDevice, revision: str = "") -> ReloadView:
        self.added.append(new)
        self.revisions.append(revision)
        if len(self.added) == 1:
            raise CommandError("unclouded.toml was changed since it was read. Changed: name of pump.")
        return ReloadView(revision="new", running=True, changed=[], device="kettle")


def dialog(onboarding: Onboarding, *answers: str) -> str:
    @click.command()
    def run() -> None:
        OnboardingDialog(onboarding).run(())

    done = CliRunner().invoke(run, input="\n".join(answers) + "\n", catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_person_answers_until_the_configuration_takes_it() -> None:
    test = LinkTestView(phase="answering", family="meross", link="serial:///dev/ttyUSB0", proposal=PROPOSAL)
    onboarding = AnsweringOnboarding(test)
    text = dialog(
        onboarding, "9", "oops", "1", "y", "Kettle", "Kitchen", "-", "y", "Kettle", "Kitchen", "cooker", "meter", "q"
    )
    assert onboarding.added == [
        NewDevice(name="Kettle", room="Kitchen", parent=""),
        NewDevice(name="Kettle", room="Kitchen", parent="meter"),
    ]
    assert onboarding.revisions == ["r0", "r1"], "the second change is based on what the file is by then"
    for part in ("There is no number 9", "oops is not a link", "name of pump", "no device 'cooker'", "9989"):
        assert part in text
    assert "Added kettle (meross, serial:///dev/ttyUSB0). It runs now." in text and "\x1b[2J" not in text


def test_what_does_not_answer_or_is_another_one_is_not_added() -> None:
    silent = AnsweringOnboarding(LinkTestView(phase="silent", problem="Nothing answered at any usual setting."))
    assert "Nothing answered" in dialog(silent, "1", "q") and silent.added == []
    other = AnsweringOnboarding(LinkTestView(phase="answering", family="meross", proposal=PROPOSAL))
    dialog(other, "1", "n", "q")
    assert other.added == [] and other.ended == 1
