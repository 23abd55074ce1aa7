"""Units of systemd as `fleet init` writes them, by systemd's own tool; and the configuration file of nats-server."""

import shutil
import subprocess
from pathlib import Path

import pytest

from unclouded.fleet.local_servers.programs import ProgramMissing, nats_program
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.fleet.nats_server.configuration_file import NatsNode, TlsFiles, configuration_text
from unclouded.fleet.nats_server.units import FLEET_UNIT, NATS_UNIT, fleet_unit, nats_unit

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="There is no systemd-analyze: apt install systemd."
)
TEXTS = {
    NATS_UNIT: nats_unit(
        Path("/bin/true"), Path("/var/lib/unclouded fleet/nats-server.conf"), Path("/var/lib/unclouded fleet")
    ),
    FLEET_UNIT: fleet_unit(Path("/bin/true"), Path("/var/lib/unclouded fleet"), is_privileged=True),
}


@needs_systemd
@pytest.mark.parametrize("name", TEXTS)
def test_systemd_accepts_the_units_and_finds_them_safe(name: str, tmp_path: Path) -> None:
    for one, text in TEXTS.items():
        (tmp_path / one).write_text(text)
    file = tmp_path / name
    verified = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    complaints = [line for line in verified.stderr.splitlines() if str(tmp_path) in line or "unclouded" in line]
    assert not [line for line in complaints if "postgresql" not in line], verified.stderr
    words = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", str(file)]
    judged = subprocess.run(words, capture_output=True, text=True, check=False)
    if "offline" not in judged.stderr:
        assert judged.returncode == 0, judged.stdout[-400:] + judged.stderr


def test_nats_cannot_see_keys_and_writes_one_folder_only() -> None:
    lines = TEXTS[NATS_UNIT].splitlines()
    assert 'InaccessiblePaths=-"/var/lib/unclouded fleet/keys"' in lines
    assert 'InaccessiblePaths=-"/var/lib/unclouded fleet/offline"' in lines
    assert [line for line in lines if line.startswith("ReadWritePaths")] == [
        'ReadWritePaths="/var/lib/unclouded fleet/accounts"'
    ]
    assert "CapabilityBoundingSet=" in lines
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE" in TEXTS[FLEET_UNIT].splitlines()


@pytest.mark.parametrize("name", ["n1", 'quo"ted', "back\\slash", "a $b %c", "naïve"])
def test_nats_server_reads_the_file_that_is_written(name: str, tmp_path: Path) -> None:
    try:
        program = nats_program()
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    node = NatsNode(
        name="n1",
        listen="127.0.0.1:4222",
        accounts=tmp_path / name,
        cluster_listen="127.0.0.1:6222",
        routes=("127.0.0.1:6223",),
        monitor="127.0.0.1:8222",
    )
    file = tmp_path / "nats-server.conf"
    file.write_text(configuration_text(node, PrivateTrust().nats_trust()), "utf-8")
    done = subprocess.run([program, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_printed_is_not_written() -> None:
    node = NatsNode(name="line\nbreak", listen="127.0.0.1:4222", accounts=Path("/x"), tls=TlsFiles(*[Path("/x")] * 3))
    with pytest.raises(ValueError, match="cannot stand"):
        configuration_text(node, PrivateTrust().nats_trust())
