"""The unit of systemd, and its installation: judged by systemd's own tools, and on a folder in place of the system."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from unclouded.app.service import installing
from unclouded.app.service.installing import ServiceInstaller
from unclouded.app.service.unit import STATE, ServiceUnit
from unclouded.core.errors import CommandError

PROGRAM = Path(sys.executable)
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="There is no systemd-analyze: apt install systemd."
)


def unit_of(
    config: Path = STATE / "unclouded.toml", data: Path = STATE, group: str = "dialout", is_user: bool = False
) -> ServiceUnit:
    return ServiceUnit(program=PROGRAM, config=config, data=data, group=group, is_user=is_user)


@needs_systemd
@pytest.mark.parametrize(
    "unit",
    [
        unit_of(),
        unit_of(group=""),
        unit_of(config=Path("/srv/my hub/50%/unclouded.toml"), data=Path("/srv/my hub/$data")),
        unit_of(is_user=True, data=Path("/home/mo/.local/share/unclouded")),
    ],
    ids=["usual", "without serial ports", "other places", "of a user"],
)
def test_systemd_accepts_the_unit(unit: ServiceUnit, tmp_path: Path) -> None:
    file = tmp_path / "unclouded.service"
    file.write_text(unit.text)
    verified = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    if not unit.is_user:
        words = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", str(file)]
        judged = subprocess.run(words, capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout


class Systemctl:
    """Stands in for the programs of systemd: keeps what was run; what is in ``fails`` fails."""

    def __init__(self, *fails: str) -> None:
        self.run: list[str] = []
        self._fails = fails

    def __call__(self, words: Sequence[str]) -> str:
        self.run.append(" ".join(words))
        for one in self._fails:
            if one in self.run[-1]:
                raise CommandError(f"{self.run[-1]}: inactive")
        return "enabled\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def installer_of(root: Path, systemctl: Systemctl) -> ServiceInstaller:
    return ServiceInstaller(False, root, systemctl)


def test_it_is_installed_and_started(root: Path) -> None:
    (root / "var/lib/unclouded").mkdir(parents=True)
    (root / "var/lib/unclouded/unclouded.toml").touch()
    systemctl = Systemctl()
    done = installer_of(root, systemctl).install(unit_of())
    assert (root / "etc/systemd/system/unclouded.service").read_text() == unit_of().text
    assert "u unclouded" in (root / "etc/sysusers.d/unclouded.conf").read_text()
    assert systemctl.run[0].startswith("systemd-sysusers ")
    assert systemctl.run[1:] == ["systemctl daemon-reload", "systemctl enable --now unclouded.service"]
    assert done[-1] == "The service is running. Its log: journalctl -u unclouded.service"


def test_without_a_configuration_it_is_enabled_and_says_what_to_write(root: Path) -> None:
    systemctl = Systemctl()
    done = installer_of(root, systemctl).install(unit_of())
    assert systemctl.run[-1] == "systemctl enable unclouded.service"
    assert done[-1] == (
        "There is no /var/lib/unclouded/unclouded.toml yet. Write it, then: systemctl start unclouded.service"
    )


def test_an_edited_unit_is_never_overwritten_unasked(root: Path) -> None:
    installer = installer_of(root, Systemctl())
    installer.install(unit_of())
    installer.install(unit_of())  # the same again is no edit
    file = root / "etc/systemd/system/unclouded.service"
    file.write_text("[Service]\nExecStart=/mine\n")
    assert installer.status(unit_of()).written == "differs"
    with pytest.raises(CommandError, match="is there and differs"):
        installer.install(unit_of())
    assert "/mine" in file.read_text()
    installer.install(unit_of(), force=True)
    assert file.read_text() == unit_of().text and "/mine" in file.with_suffix(".service.old").read_text()


def test_it_is_removed_and_its_data_stay(root: Path) -> None:
    systemctl = Systemctl()
    installer = installer_of(root, systemctl)
    with pytest.raises(CommandError, match="there is no"):
        installer.uninstall()
    installer.install(unit_of())
    (root / "var/lib/unclouded").mkdir(parents=True)
    installer.uninstall()
    assert not (root / "etc/systemd/system/unclouded.service").exists() and (root / "var/lib/unclouded").is_dir()
    assert systemctl.run[-2:] == ["systemctl disable --now unclouded.service", "systemctl daemon-reload"]


def test_its_state_is_what_systemd_says(root: Path) -> None:
    installer = installer_of(root, Systemctl("is-active"))
    installer.install(unit_of())
    found = installer.status(unit_of())
    assert (found.written, found.enabled, found.active) == ("yes", "enabled", "inactive")


def test_a_computer_without_systemd_gets_a_reason(tmp_path: Path) -> None:
    installer = installer_of(tmp_path, Systemctl())
    with pytest.raises(CommandError, match=r"was not started by systemd. `unclouded service show` prints the unit"):
        installer.install(unit_of())
    assert installer.status(unit_of()).active.startswith("unknown")
    assert not (tmp_path / "etc").exists()


def test_a_disk_that_cannot_be_written_is_named(root: Path) -> None:
    (root / "etc").touch()  # where a folder has to be
    with pytest.raises(CommandError, match=r"etc.*Nothing more was done"):
        installer_of(root, Systemctl()).install(unit_of())


def test_a_program_in_a_folder_that_others_may_not_enter_is_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "closed"
    place.mkdir(mode=0o700)
    (place / "unclouded").touch()
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    with pytest.raises(CommandError, match=r"may not enter .* Install it for all users"):
        ServiceInstaller(False).unit()
    assert ServiceInstaller(True).unit().program == place / "unclouded"


def test_an_interpreter_in_a_folder_that_others_may_not_enter_is_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uv keeps it: the environment is open to all, and its Python is a link into a user's home."""
    home, open_place = tmp_path / "home", Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        open_place.chmod(0o755)
        home.mkdir(mode=0o700)
        (home / "python3").touch()
        (open_place / "unclouded").touch()
        (open_place / "python").symlink_to(home / "python3")
        monkeypatch.setattr(sys, "executable", str(open_place / "python"))
        monkeypatch.setattr(installing, "_closed_folder", lambda file: home if file.is_relative_to(home) else None)
        with pytest.raises(CommandError, match=f"may not enter {home}"):
            ServiceInstaller(False).unit()
    finally:
        shutil.rmtree(open_place)


def test_a_dollar_sign_is_doubled_in_arguments_only() -> None:
    """In a list of paths, systemd takes two of them for two."""
    text = unit_of(data=Path("/srv/$data 5%")).text
    assert '--data "/srv/$$data 5%%"' in text and 'ReadWritePaths="/srv/$data 5%%"' in text


def test_a_unit_that_is_no_text_or_cannot_be_read_is_no_crash(root: Path) -> None:
    installer = installer_of(root, Systemctl())
    installer.file.parent.mkdir(parents=True)
    installer.file.write_bytes(b"\xff\xfe")
    assert installer.status(unit_of()).written == "differs"
    installer.install(unit_of(), force=True)
    installer.file.unlink()
    installer.file.mkdir()
    for ask in (installer.status, installer.install):
        with pytest.raises(CommandError, match=r"unclouded\.service: Is a directory"):
            ask(unit_of())


@pytest.mark.parametrize("place", ["/srv/a\nExecStartPre=/x", "/srv/\udcff", "/srv/\x1b[2J"])
def test_a_path_that_systemd_cannot_be_given_is_refused(place: str) -> None:
    with pytest.raises(CommandError, match="Choose one of printable characters") as error:
        ServiceInstaller(True).unit(data=place)
    assert str(error.value).isprintable()
