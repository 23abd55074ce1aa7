"""Every command in the documentation is one, and does what it says: run as it stands there, in an empty folder.

The hub is the demo, with two days of past and a feed. What cannot be run here is read by the command itself, with all
options and arguments; READ_ONLY says why.
"""

import argparse
import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click
import dev
import pytest
from click.testing import CliRunner

from docs.fenced_blocks import DOCS, PAGES, ROOT, CommandLine, command_lines, title
from place import TIMEOUT_S, UNCLOUDED, Line, read
from unclouded.cli import cli

READ_ONLY = {  # why a command is not run: the pattern of its beginning
    "goes on until it is stopped": r"(demo|run|watch|sim|disturb|record)\b",
    "needs a device at a serial port": r"(console|probe|conform|dump --profile|init --yes)\b",
    "needs a device that the demo has not": (r"admit\b|(set|read) (door|breaker)|publish mqtt heater|rules test"),
    "needs a plug in its set-up mode": r"setup\b",
    "asks a person": r"init$|web password( --role read)?$",
    "needs a fleet; tests/fleet have one": r"(join|leave|fleet)\b|config set (fleet\.|lamp)",
    "needs a service elsewhere, or a table that names one": r"notify test|homekit|feeds (try|fetch)|discover",
    "changes the computer": r"service\b|backup /media",
    "needs [backup] folder": r"backup( list)?$",
    "needs a page that others reach": r"web --qr",
    "needs a hub that is stopped": r"restore|import --undo",
    "needs a month of past": r"history edit .* --estimate",
    "needs a clipboard": r"decode$",
    "takes seconds, and has tests of its own": r"export --format (parquet|sqlite)|doctor( pump| --json)?$|dump pump$",
    "needs a file that only the reader has": r"firmware\b|import \w+[.-]|do \w+ update",
}
OTHER_PROGRAMS = {"pip", "pipx", "podman", "git", "cd", "kill", "mosquitto_pub", "node-red", "picocom", "xclip", "head"}
OTHER_PROGRAMS |= {"printf", "echo", "mv", "cat", "export", "createdb", "{level}"}
CONSOLE_OF_A_PLUG = ("meross", "reboot")
FOREIGN_HOSTS = ("fleet.example",)  # test_examples.py looks at what they are asked
UPDATES = "/do"  # of the API: an update takes minutes
RECORDED = ROOT / "tests" / "captures" / "tuya" / "plug_troubled.jsonl"
PROFILE = 'name = "my_plug"\nfamily = "tuya_wifi"\ntitle = "My plug"\nbase = "tuya/plug_metering"\n'
FILES = {
    "line.jsonl": RECORDED.read_bytes(),
    "log.txt": b"55 aa 03 07 00 05 01 01 00 01 01 12",
    "profiles/my_plug.toml": PROFILE.encode(),
    "prices.csv": b"start,value\n2026-11-30T13:00Z,0.21\n",
    **dict.fromkeys(("cloud.key", "hub.key", "meross.key", "plugs.key", "wifi.password"), b"a good password\n"),
    "firmware.bin": bytes(64),
    "pump-1.0.2.bin": bytes(64),
}
VARYING = (
    re.compile(  # what is printed differs in: the id of a rule, a duration, the address of the hub; and lines left out
        r"(?P<rule>\b[a-z0-9]{16}\b)|(?P<ms>\(\d+ ms\))|(?P<server>192\.168\.1\.2:8883)|(?P<more> +\.\.\.\n)"
    )
)
PRINTED = {"rule": r"(\w{16})", "ms": r"\(\d+ ms\)", "server": r"\S+", "more": r"(?:.*\n)*?"}
LINES = [one for one in command_lines() if one.text.split()[0] not in CONSOLE_OF_A_PLUG]
PROTOCOLS = DOCS / "protocols"
TABLES = '[metrics]\n[[feed]]\nname = "spot"\nunit = "EUR/kWh"\n'  # of the configuration, as the pages of these say
LAST_CONFIGURATION = sorted({line.block.page for line in LINES}, key=lambda page: (page.stem == "configuration", page))
READY = ("gateway_00124b00a1b2c302", "meter", "kettle", "pump")  # the first comes last


class Demo(NamedTuple):
    """``control``: its Unix socket. ``web``: the address of its page, without a slash at the end."""

    control: str
    web: str
    token: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder, kept = tmp_path_factory.mktemp("demo"), dict(os.environ)
    os.environ |= {"XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "NO_COLOR": "1"}
    words: list[str | Path] = [UNCLOUDED, "demo", "--past", "2", "--web", "127.0.0.1:0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            ready = read(process, lambda line: "ready" in line)["ready"]
            os.environ["UNCLOUDED_CONFIG"] = ready["config"]
            for device in READY:
                read(process, partial(reports, device))
            threading.Thread(target=list, args=(process.stdout,), daemon=True).start()
            with Path(ready["config"]).open("a") as config:
                config.write(TABLES)
            printed(["config", "reload"])
            token = printed(["web", "token", "tests", "--role", "control"]).split()[0]
            yield Demo(ready["control"], ready["web"].rstrip("/"), token)
        finally:
            process.terminate()
            os.environ.clear()
            os.environ.update(kept)


def reports(device: str, line: Line) -> bool:
    return bool(line.get("device") == device)


def test_an_example_switches_a_device_of_the_demo(demo: Demo) -> None:
    words: list[str | Path] = [sys.executable, ROOT / "examples" / "switch_a_plug.py", "pump", "on", demo.control]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert re.fullmatch(r"pump on: confirmed\nenergy_import_Wh today: \d+ Wh\n", done.stdout), done.stderr


@pytest.mark.parametrize("page", LAST_CONFIGURATION, ids=title)
def test_the_commands_of_a_page(page: Path, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ids: dict[str, str] = {}  # of rules: as the page has it, as it is here
    for line in [one for one in LINES if one.block.page == page]:
        for words in line.commands():
            words = [re.sub("|".join(ids) or "$^", lambda found: ids[found[0]], word) for word in words]
            _must_be_right(line, words, demo, ids)


def _must_be_right(line: CommandLine, words: list[str], demo: Demo, ids: dict[str, str]) -> None:
    match words:
        case ["unclouded", *rest] | ["sudo", "unclouded", *rest]:
            _make_files(rest)
            must_be_a_command(rest, line)
            if not reason(" ".join(rest)):
                _must_match(line, printed(rest, line), ids)
        case ["python3", "dev.py", verb, *_]:
            assert f"python3 dev.py {verb}" in (dev.__doc__ or ""), line
        case ["curl", *rest]:
            _make_files(rest)
            curl(rest, demo, line)
        case [program, *_]:
            assert program in OTHER_PROGRAMS, f"{line}: is it a command, or what one prints?"


def reason(command: str) -> str:
    """Why a command is only read; "" = it is run."""
    return next((why for why, start in READ_ONLY.items() if re.match(start, command)), "")


def must_be_a_command(words: list[str], line: object) -> None:
    """Each command and group reads its options and arguments; nothing is run."""
    command: click.Command = cli
    with contextlib.ExitStack() as contexts:
        context, rest = contexts.enter_context(click.Context(cli)), words
        try:
            while isinstance(command, click.Group) and (rest or command is cli):
                name, found, rest = command.resolve_command(context, rest)
                assert found is not None, line
                command, context = found, contexts.enter_context(found.make_context(name, list(rest), parent=context))
                rest = [*context._protected_args, *context.args]
        except click.UsageError as error:
            pytest.fail(f"{line}: {error.format_message()}")


def printed(words: list[str], line: object = "") -> str:
    """What it prints on stdout. It must succeed."""
    done = CliRunner().invoke(cli, words, input="")
    assert done.exit_code == 0, f"{line}: {done.exception}\n{done.output[-500:]}"
    return done.stdout


def curl(words: list[str], demo: Demo, line: object) -> None:
    """The same request, without curl. Of an answer without end, the first line is read."""
    options = argparse.ArgumentParser(exit_on_error=False)
    for name in ("-X", "-T", "-o", "--unix-socket"):
        options.add_argument(name)
    for name in ("-H", "-d"):
        options.add_argument(name, action="append", default=[])
    for name in ("-G", "-N"):
        options.add_argument(name, action="store_true")
    options.add_argument("url")
    given = options.parse_args(words)
    url = urlsplit(given.url)
    if url.hostname in FOREIGN_HOSTS or url.path.endswith(UPDATES):
        return
    path = (
        f"{url.path}{Path(given.T).name if url.path.endswith('/') else ''}?{'&'.join([url.query, *given.d * given.G])}"
    )
    body = Path(given.T).read_bytes() if given.T else "".join(given.d).encode() if given.d and not given.G else None
    method = given.X or ("PUT" if given.T else "GET" if body is None else "POST")
    headers = dict(one.split(": ", 1) for one in given.H)
    if "Authorization" in headers:
        headers["Authorization"] = f"Bearer {demo.token}"
    connection = http.client.HTTPConnection(urlsplit(demo.web).netloc, timeout=TIMEOUT_S)
    if given.unix_socket:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(demo.control)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert answer.status < 400, f"{line}: {answer.status} {answer.read()!r}"
        assert answer.readline() if given.N else answer.read()


def _make_files(words: list[str]) -> None:
    for name, data in FILES.items():
        if any(word in (name, f"./{name}") for word in words):
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(data)


def _must_match(line: CommandLine, text: str, ids: dict[str, str]) -> None:
    """What the page shows was printed. ``ids`` gets those of new rules."""
    shown, pattern, end = "".join(f"{row}\n" for row in line.printed), "", 0
    for part in VARYING.finditer(shown):
        pattern += re.escape(shown[end : part.start()]) + PRINTED[part.lastgroup or ""]
        end = part.end()
    found = re.search(pattern + re.escape(shown[end:]), text)
    assert found, f"{line}:\n{text}"
    ids |= dict(zip([part["rule"] for part in VARYING.finditer(shown) if part["rule"]], found.groups(), strict=True))


# --- in sentences -----------------------------------------------------------------------------------

SPAN = re.compile(r"`unclouded ([^`]+)`")


def command_of(text: str) -> click.Command:
    """The innermost command that a text names; the program itself where it names none."""
    command: click.Command = cli
    for word in text.split():
        found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if found is None:
            break
        command = found
    return command


def options(command: click.Command) -> set[str]:
    """The options of a command, and of those below it."""
    found = {name for one in command.params for name in [*one.opts, *one.secondary_opts] if name.startswith("--")}
    if isinstance(command, click.Group) and command is not cli:
        context = click.Context(command)
        below = [command.get_command(context, name) for name in command.list_commands(context)]
        found |= {name for one in below if one for name in options(one)}
    return found


def test_a_command_in_a_sentence_has_its_options() -> None:
    pages = [page for page in PAGES if page.parent != PROTOCOLS]
    texts = {text: title(page) for page in pages for text in SPAN.findall(page.read_text("utf-8"))}
    assert {text: page for text, page in texts.items() if not is_command(text)} == {}


def is_command(text: str) -> bool:
    command = command_of(text)
    used = {word.partition("=")[0] for word in text.split() if word.startswith("--")}
    return used <= options(command) and (command is not cli or used == {"--version"})


NAMED = re.compile(r"(?:[:,.] |`|run )unclouded ((?:[a-z]+)(?: [a-z]+\b)?)")
TEXTS = [*(ROOT / "src" / "unclouded").rglob("*.py"), *(ROOT / "src" / "unclouded" / "web" / "words").glob("*.json")]


def test_a_command_in_a_text_of_the_program_is_one() -> None:
    named = {text for path in TEXTS for text in NAMED.findall(path.read_text("utf-8"))}
    assert len(named) > 50
    assert [text for text in sorted(named) if command_of(text) is cli] == []


def test_every_reason_is_needed() -> None:
    commands = [" ".join(words[1:]) for line in LINES for words in line.commands() if words[:1] == ["unclouded"]]
    assert {reason(one) for one in commands} == {"", *READ_ONLY}
