"""`homekit` and `notify`: what people see of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from unclouded.app.access import homekit_access
from unclouded.app.publishing import notifications
from unclouded.cli import cli
from unclouded.cli.verbs import homekit as verb
from unclouded.core.views.homekit import HomekitView

VIEW = HomekitView(
    name="Home",
    code="518-08-582",
    uri="X-HM://0024BRZUU7OSX",
    paired=False,
    controllers=0,
    accessories=1,
    port=51_827,
)


def called(*words: str, config: Path) -> Any:  # Any: click's result
    return CliRunner().invoke(cli, [*words, "--config", str(config)])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{tmp_path}/data"\n[homekit]\n[[notification]]\nurl = "tgram://geheim/1"\n')
    return file


def test_the_code_is_shown_as_text_and_as_a_qr_code(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Access:
        def __init__(self, config: object) -> None:
            pass

        def view(self) -> HomekitView:
            return VIEW

    monkeypatch.setattr(verb, "HomekitAccess", Access)
    shown = called("homekit", config=config).output
    assert "Setup code of Home: 518-08-582   (1 accessory)" in shown and "█" in shown
    assert json.loads(called("homekit", "--json", config=config).output)["homekit"]["code"] == "518-08-582"


def test_without_a_hub_or_a_table_it_says_what_to_do(config: Path) -> None:
    assert "unclouded run" in str(called("homekit", config=config).exception)
    config.write_text("")
    assert "[homekit]" in str(called("homekit", config=config).exception)
    assert homekit_access.code_text(VIEW).count("\n") > 10


@pytest.mark.parametrize(
    ("publish", "says"),
    [
        ([], "unclouded config reload"),
        ([{"name": "homekit", "state": "failed", "text": "HAP-python is not installed."}], "HAP-python is not"),
        ([{"name": "homekit", "state": "waiting", "text": "Its port is in use."}], "Its port is in use."),
    ],
)
def test_a_bridge_that_does_not_run_says_why(
    config: Path, monkeypatch: pytest.MonkeyPatch, publish: list[Any], says: str
) -> None:
    class Client:
        def __init__(self, control: object) -> None:
            pass

        def get(self, path: str) -> Any:
            assert path == "/api/hub"
            return {"publish": publish}

    monkeypatch.setattr(homekit_access, "is_running", lambda config: True)
    monkeypatch.setattr(homekit_access, "HubClient", Client)
    assert says in str(called("homekit", config=config).exception)


def test_a_test_message_names_the_service_and_fails_with_its_reason(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, ...]] = []

    async def send(*parts: str) -> str:
        sent.append(parts)
        return "no network"

    monkeypatch.setattr(notifications, "send", send)
    result = called("notify", "test", config=config)
    assert (result.exit_code, result.output) == (1, "tgram: not sent: no network\n")
    assert sent == [("tgram://geheim/1", "Unclouded", "This is a test message. Messages of this hub arrive.")]
    answer = json.loads(called("notify", "test", "--json", config=config).output)
    assert answer == {"notification": {"service": "tgram", "sent": False, "reason": "no network"}}
