"""The checks of the doctor: what each finds where something is wrong, and what it advises."""

import contextlib
import datetime
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.doctor.doctor_story import FakeComputer, context_for, found, levels, text_of
from unclouded.app.access.hub_access import own_hub
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.disk.disk_watch import DiskUse, DiskWatch
from unclouded.app.doctor import (
    broker_checks,
    clock_checks,
    configuration_checks,
    environment_checks,
    hub_checks,
    link_checks,
    serial_checks,
    store_checks,
    web_checks,
)
from unclouded.app.doctor import context as doctor_context
from unclouded.app.doctor.context import DoctorContext
from unclouded.app.doctor.running import examine, unconfigured
from unclouded.app.doctor.table import CHECKS, DoctorCheck
from unclouded.core.errors import CommandError, LinkError, StoreError
from unclouded.core.finding import Findings, counts, ok
from unclouded.links.broker import ca
from unclouded.links.broker.login_attempt import LoginAttempt
from unclouded.store.encoding.chunk import encode as encode_chunk
from unclouded.store.file.inspection import inspect
from unclouded.store.file.schema import open_to_write

HEATER = '[[device]]\nid = "heater"\nfamily = "tuya_wifi"\nlink = "serial://{}"\n'
BROKER = '[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n[web]\nlisten = "off"\n'
OLD = datetime.datetime(2018, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def uart() -> Iterator[str]:
    """A serial port that is there: a pseudo terminal."""
    controller, device = os.openpty()
    yield os.ttyname(device)
    os.close(controller)
    os.close(device)


def files_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(file): (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.rglob("*") if file.is_file()}


# --- serial ports -------------------------------------------------------------------------------------


def test_a_port_that_is_missing_names_those_that_are_here(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    fake.write("/dev/ttyUSB1", "")
    fake.write("/dev/ttyS0", "")
    fake.write("/sys/class/tty/ttyS0/type", "0\n")
    lines = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format("/dev/ttyUSB0"), fake.computer))
    assert levels(lines) == ["problem"]
    assert "does not exist (heater); ports here: /dev/ttyUSB1 /" in text_of(lines), "ttyS0 has no hardware"


def test_a_port_that_is_there_is_described_with_its_adapter_and_its_baud_rate(tmp_path: Path, uart: str) -> None:
    fake = FakeComputer(tmp_path)
    fake.link(uart, uart)
    name = Path(uart).name
    adapter = fake.write("/sys/devices/usb1/1-1/idVendor", "1a86\n").parent
    for key, text in (("idProduct", "7523"), ("product", "USB2.0-Serial"), ("manufacturer", "QinHeng")):
        (adapter / key).write_text(f"{text}\n")
    inside = adapter / "1-1:1.0" / name
    inside.mkdir(parents=True)
    fake.link(f"/sys/class/tty/{name}/device", inside)
    lines = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format(uart), fake.computer))
    assert text_of(lines) == (
        f"ok {uart}: heater, 9600 baud, parity none, as is usual for tuya_wifi, "
        "QinHeng USB2.0-Serial (USB 1a86:7523) / "
    )
    other = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format(f"{uart}?baud=115200")))
    assert "115200 baud, parity none, where 9600 baud, parity none is usual" in text_of(other)


def test_a_program_that_holds_the_port_is_named(tmp_path: Path, uart: str) -> None:
    with (
        Path(uart).open("rb") as line,
        subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"],
            stdin=line,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as other,
    ):
        assert other.stdout is not None and other.stdout.read(1) == b"."
        lines = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format(uart)))
        other.kill()
    assert levels(lines) == ["problem"] and f"(process {other.pid}) holds it" in text_of(lines)


def test_a_port_without_permission_says_which_group_to_join(
    tmp_path: Path, uart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    lines = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format(uart)))
    assert "problem" in levels(lines) and ("sudo usermod -aG" in text_of(lines) or "Only root" in text_of(lines))


def test_a_name_that_follows_the_order_of_plugging_in_gets_a_better_one(tmp_path: Path, uart: str) -> None:
    fake = FakeComputer(tmp_path)
    port = fake.link("/dev/ttyUSB0", uart)
    fake.link("/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0", port)
    lines = found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format("/dev/ttyUSB0"), fake.computer))
    assert levels(lines) == ["warning"]
    assert "serial:///dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0" in text_of(lines)


def test_a_file_that_is_no_port_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("")
    assert "not a serial port" in text_of(
        found(serial_checks.configured_ports, context_for(tmp_path, HEATER.format(file)))
    )


def test_programs_that_take_adapters_are_named(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    fake.process(5, "ModemManager")
    context = context_for(tmp_path, HEATER.format("/dev/ttyUSB0"), fake.computer)
    assert "disable --now ModemManager" in text_of(found(serial_checks.port_programs, context))
    assert found(serial_checks.port_programs, context_for(tmp_path, "", fake.computer)) == []


# --- configuration ------------------------------------------------------------------------------------


def test_without_a_configuration_a_newcomer_is_led_on_and_a_named_one_that_is_missing_is_a_problem(
    tmp_path: Path,
) -> None:
    here = unconfigured(str(tmp_path), "There is none.", is_named=False)
    lines = found(configuration_checks.configuration, here)
    assert levels(lines) == ["warning"] and "unclouded demo" in text_of(lines)
    named = unconfigured(str(tmp_path), "There is no configuration home.toml.", is_named=True)
    assert levels(found(configuration_checks.configuration, named)) == ["problem"]


def test_files_of_secrets_that_others_may_read_are_named_with_the_command_that_helps(tmp_path: Path) -> None:
    state = tmp_path / "data" / "state"
    state.mkdir(parents=True)
    key = state / "meross.key"
    key.write_text("a key")
    key.chmod(0o644)
    (tmp_path / "data").chmod(0o755)
    lines = found(configuration_checks.secret_files, context_for(tmp_path, BROKER))
    assert levels(lines) == ["problem"] and f"chmod go= {key}" in text_of(lines)
    (tmp_path / "data").chmod(0o700)
    assert levels(found(configuration_checks.secret_files, context_for(tmp_path, BROKER))) == ["warning"]
    key.chmod(0o600)
    assert levels(found(configuration_checks.secret_files, context_for(tmp_path, BROKER))) == ["ok"]
    named = tmp_path / "plugs.key"
    named.write_text("a key")
    named.chmod(0o644)
    context = context_for(tmp_path, BROKER + '[meross]\nkey_file = "plugs.key"\n')
    for mode, level in ((0o755, "problem"), (0o700, "warning")):
        tmp_path.chmod(mode)
        assert levels(found(configuration_checks.secret_files, context)) == [level]


@pytest.mark.parametrize(
    "table",
    [
        '[mqtt]\nurl = "mqtt://h"\nuser = "u"\npassword_file = "secret"',
        '[mqtt]\nurl = "mqtts://h"\ncertfile = "c"\nkeyfile = "secret"',
        '[[influx]]\nurl = "http://h/w"\ntoken_file = "secret"',
        '[[webhook]]\nurl = "http://h/w"\nsecret_file = "secret"',
        '[[notification]]\nurl_file = "secret"',
    ],
    ids=lambda text: text.split()[-3],
)
def test_files_of_secrets_of_every_table_are_looked_at(table: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret")
    tmp_path.chmod(0o755)
    for mode, level in ((0o640, "problem"), (0o600, "ok")):
        file.chmod(mode)
        lines = found(configuration_checks.secret_files, context_for(tmp_path, f"{BROKER}\n{table}\n"))
        assert levels(lines) == [level], text_of(lines)


def test_a_data_folder_that_everybody_may_write_to_is_a_problem(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    assert "chmod o-w" in text_of(found(configuration_checks.data_folder, context_for(tmp_path)))


def test_a_data_folder_of_another_user_is_said_and_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    context = context_for(tmp_path, BROKER)
    assert levels(found(configuration_checks.data_folder, context)) == ["problem"]
    for check in (hub_checks.running_hub, store_checks.store, configuration_checks.secret_files):
        (line,) = found(check, context)
        assert line.level == "not checked" and "as the user of the hub" in line.advice


def test_a_hub_of_another_user_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uart: str
) -> None:
    context = context_for(
        tmp_path,
        BROKER + HEATER.format(uart) + '[[device]]\nid = "p"\nfamily = "tuya_wifi"\nlink = "tcp://127.0.0.1:1"\n',
    )
    context.data.mkdir()
    context.control.touch()
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, *modes, **how: path != context.control and may(path, *modes, **how))
    for check in (hub_checks.running_hub, store_checks.store):
        assert levels(found(check, context)) == ["not checked"]
    assert found(link_checks.device_addresses, context) == [], "some devices accept one connection at a time"
    for check in (broker_checks.broker_login, web_checks.page, hub_checks.devices):
        with pytest.raises(LinkError, match="a hub may run there"):
            found(check, context)


def test_a_device_of_a_profile_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    text = HEATER.format("/dev/ttyUSB0") + 'profile = "tuya/none"\n'
    lines = found(configuration_checks.configuration, context_for(tmp_path, text))
    assert levels(lines) == ["problem"] and "tuya/none" in text_of(lines)


# --- environment, clocks ------------------------------------------------------------------------------


def test_a_library_that_is_missing_or_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["msgspec>=99", "nothing-of-this-name", "pytest>=1; extra == 'test'", "click<99,>=8.1"]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: wanted)
    lines = found(environment_checks.libraries, context_for(tmp_path))
    assert [one.subject for one in lines] == ["msgspec", "nothing-of-this-name"] and "pip install" in text_of(lines)


def test_little_disk_and_little_memory_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeComputer(tmp_path)
    fake.write("/proc/meminfo", "MemTotal: 400000 kB\nMemAvailable:  20000 kB\n")
    context = context_for(tmp_path, "", fake.computer)
    assert text_of(found(environment_checks.memory, context)).startswith("warning memory: 20 MB available")
    real = os.statvfs(tmp_path)
    for free, used, flags, level in (
        (1, 0, 0, "problem"),
        (100_000, 0, 0, "warning"),
        (10**9, 0, os.ST_RDONLY, "problem"),
        (10**9, 9 * 10**9, 0, "warning"),
        (10**9, 8 * 10**9, 0, "ok"),
    ):
        fields = [*real]
        fields[1], fields[2], fields[3], fields[4], fields[8] = 4096, used + free, free, free, flags
        monkeypatch.setattr(os, "statvfs", lambda path, fields=fields: os.statvfs_result(fields))
        assert levels(found(environment_checks.disk, context)) == [level]


def test_packages_of_debian_are_named_only_where_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeComputer(tmp_path)
    monkeypatch.setattr(environment_checks, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert found(environment_checks.debian_packages, context_for(tmp_path, "", fake.computer)) == []
    fake.write("/etc/os-release", 'NAME="Raspbian"\nID=raspbian\nID_LIKE=debian\n')
    lines = found(environment_checks.debian_packages, context_for(tmp_path, "", fake.computer))
    assert "sudo apt install python3-venv" in text_of(lines)


def test_a_clock_that_cannot_be_right_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_for(tmp_path)
    assert levels(found(clock_checks.wall_clock, context)) == ["ok"]
    monkeypatch.setattr(time, "time", lambda: 60.0)
    assert "1970" in text_of(found(clock_checks.wall_clock, context))


def test_a_clock_behind_the_newest_reading_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path, last=time.time() + 86_400 * 30)
    lines = found(clock_checks.wall_clock, context_for(tmp_path))
    assert levels(lines) == ["problem"] and "30 days ahead" in text_of(lines)


def test_a_clock_that_is_being_set_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steady = iter([100.0, 100.5])
    wall = iter([1000.0, 1001.0])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: next(steady))
        patched.setattr(time, "time", lambda: next(wall))
        lines = found(clock_checks.drift, context_for(tmp_path))
    assert levels(lines) == ["warning"] and "500.000 ms" in text_of(lines)


@pytest.mark.parametrize(("answer", "level"), [("yes", "ok"), ("no", "warning")])
def test_the_system_says_whether_the_clock_is_synchronised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, level: str
) -> None:
    monkeypatch.setattr("unclouded.app.doctor.computer.Computer.output", lambda *_: answer)
    assert levels(found(clock_checks.synchronisation, context_for(tmp_path))) == [level]
    monkeypatch.setattr("unclouded.app.doctor.computer.Computer.output", lambda *_: None)
    for state, other in ((0, "ok"), (5, "warning"), (None, "not checked")):
        monkeypatch.setattr(clock_checks, "_adjtimex", lambda state=state: state)
        assert levels(found(clock_checks.synchronisation, context_for(tmp_path))) == [other]


def test_a_zone_that_is_not_that_of_the_computer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        assert levels(found(clock_checks.zone, context_for(tmp_path, '[hub]\ntimezone = "Asia/Tokyo"\n'))) == [
            "warning"
        ]
        assert levels(found(clock_checks.zone, context_for(tmp_path, '[hub]\ntimezone = "Etc/UTC"\n'))) == ["ok"]
    finally:
        monkeypatch.undo()
        time.tzset()


# --- the store ----------------------------------------------------------------------------------------


def make_store(folder: Path, last: float = 0.0, first: float = 0.0) -> Path:
    path = folder / "data" / "store.sqlite"
    path.parent.mkdir(exist_ok=True)
    with closing(open_to_write(path)) as db:
        db.execute("INSERT INTO device VALUES (1, 'toy:1', 'kettle', 'toy', '', '{}', ?, ?)", (first, last))
    return path


def test_a_sound_store_is_read_without_leaving_a_file_behind(tmp_path: Path) -> None:
    path = make_store(tmp_path)
    before = files_of(tmp_path)
    lines = found(store_checks.store, context_for(tmp_path))
    assert levels(lines) == ["ok", "ok"] and "1 devices, sound" in text_of(lines)
    assert files_of(tmp_path) == before
    with pytest.raises(StoreError, match="no store"):
        inspect(path.with_name("none"), 1.0, is_open=False)


def test_a_damaged_store_says_how_to_salvage_it(tmp_path: Path) -> None:
    path = make_store(tmp_path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    lines = found(store_checks.store, context_for(tmp_path))
    assert levels(lines)[0] == "problem" and f"unclouded store salvage {path}" in text_of(lines)
    path.rename(path.with_name("store-damaged-20260101T000000Z.sqlite"))
    assert levels(found(store_checks.damaged_stores, context_for(tmp_path))) == ["warning"]


def test_a_store_that_a_hub_left_open_is_not_touched(tmp_path: Path) -> None:
    path = make_store(tmp_path)
    path.with_name("store.sqlite-wal").write_bytes(b"x" * 100)
    before = files_of(tmp_path)
    assert levels(found(store_checks.store, context_for(tmp_path))) == ["not checked"]
    assert levels(found(clock_checks.wall_clock, context_for(tmp_path))) == ["ok"]
    assert files_of(tmp_path) == before


def test_a_disk_that_the_store_fills_soon_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(tmp_path, first=1.0, last=1.0 + 30 * 86_400)
    fields = [*os.statvfs(tmp_path)]
    fields[1], fields[4] = 4096, 10
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))
    lines = found(store_checks.store, context_for(tmp_path))
    assert lines[-1].level == "warning" and "the disk is full in" in lines[-1].text


def test_the_last_days_of_the_disk_count_where_they_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_store(tmp_path, first=1.0, last=1.0 + 30 * 86_400)
    watch, free = DiskWatch(), [*os.statvfs(tmp_path)]
    free[1], free[4] = 1, 10**10
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(free))
    for hour in range(49):
        watch.take(DiskUse(10**11 + hour * 10**8, 10**10, hour * 10**6), 3600.0 * hour)
    with closing(open_to_write(path)) as db:
        db.execute("INSERT INTO memory VALUES ('hub', 'disk', ?)", (watch.memory(),))
    line = found(store_checks.store, context_for(tmp_path))[-1]
    assert line.text == (
        "in the last days the disk filled by 2.4 GB a day, by the store 24 MB a day; the disk is full in about 4 days"
    )
    assert line.level == "warning"


def test_damaged_hours_are_named_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    path, sound = make_store(tmp_path), encode_chunk(3600, [(3601, [(5, 1, 7, 0)])])
    with closing(open_to_write(path)) as db:
        for hour in range(9):
            data = sound if hour == 1 else bytes([*sound[:-3], sound[-3] ^ 1, *sound[-2:]])
            db.execute("INSERT INTO chunk VALUES (1, ?, ?, ?, 1, ?)", (hour * 3600, hour * 3600, hour * 3600, data))
    lines = [one for one in found(store_checks.store, context_for(tmp_path)) if one.subject == "damaged hour"]
    assert [one.level for one in lines] == ["warning"] * 6
    assert lines[0].text == (
        f"the readings of kettle in the hour from 1970-01-01T08:00:00.000Z are damaged in {path}, and left out"
    )
    assert "3 more hours" in lines[-1].text and f"unclouded store salvage {path}" in lines[-1].advice
    assert inspect(path, 0.0, is_open=False).hours_unread == 9


def test_a_check_of_a_large_store_that_takes_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_store(tmp_path)
    monkeypatch.setattr("unclouded.store.file.inspection.STEPS", 1)
    facts = inspect(path, -1.0, is_open=False)
    assert not facts.is_checked and facts.complaint == ""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 500")
        db.commit()
    assert "newer Unclouded" in text_of(found(store_checks.store, context_for(tmp_path)))


# --- the network --------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def test_a_port_that_another_program_has_is_named_with_that_program(tmp_path: Path, taken: int) -> None:
    page = context_for(tmp_path, f'[web]\nlisten = "127.0.0.1:{taken}"\n')
    lines = found(web_checks.page, page)
    assert levels(lines) == ["problem"] and f"(process {os.getpid()})" in text_of(lines)
    broker = context_for(tmp_path, f'[broker]\nlisten = "127.0.0.1:{taken}"\nhost = "127.0.0.1"\n')
    lines = found(broker_checks.broker_address, broker)
    assert levels(lines) == ["problem"] and "Stop that program" in text_of(lines)
    downloads = context_for(tmp_path, f"[meross]\ndownload_port = {taken}\n")
    assert levels(found(link_checks.download_port, downloads)) == ["problem"]
    device = context_for(tmp_path, HEATER.replace("serial://{}", f"listen://127.0.0.1:{taken}"))
    assert levels(found(link_checks.device_addresses, device)) == ["problem"]


def test_a_device_on_the_network_answers_or_not(tmp_path: Path, taken: int) -> None:
    text = HEATER.replace("serial://{}", f"tcp://127.0.0.1:{taken}")
    assert levels(found(link_checks.device_addresses, context_for(tmp_path, text))) == ["ok"]
    with socket.create_server(("127.0.0.1", 0)) as sock:
        free = sock.getsockname()[1]
    text = HEATER.replace("serial://{}", f"tcp://127.0.0.1:{free}")
    assert levels(found(link_checks.device_addresses, context_for(tmp_path, text))) == ["problem"]


def test_devices_that_do_not_answer_take_no_time_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)

    def silent(host: str, port: int) -> str:
        both.wait(10.0)  # passes only where two addresses are tried at once
        return "It does not answer."

    monkeypatch.setattr(link_checks, "why_unreachable", silent)
    row = '[[device]]\nid = "d{0}"\nfamily = "tuya_wifi"\nlink = "tcp://192.168.1.{0}:6638"\n'
    context = context_for(tmp_path, "".join(row.format(number) for number in range(1, 5)))
    lines = found(link_checks.device_addresses, context)
    assert [one.subject for one in lines] == ["d1", "d2", "d3", "d4"] and {*levels(lines)} == {"problem"}


def test_a_page_on_the_network_without_tls_is_warned_of(tmp_path: Path) -> None:
    text = '[web]\nlisten = "0.0.0.0:0"\n'
    assert "without TLS" in text_of(found(web_checks.page, context_for(tmp_path, text)))
    assert "without TLS" not in text_of(found(web_checks.page, context_for(tmp_path, text + "tls = true\n")))


# --- the broker ---------------------------------------------------------------------------------------


def test_a_certificate_that_has_ended_or_is_for_other_names_is_a_problem(tmp_path: Path) -> None:
    context = context_for(tmp_path, BROKER.replace('host = "127.0.0.1"', 'host = "hub.lan 127.0.0.1"'))
    assert levels(found(broker_checks.broker_certificate, context)) == ["ok"], "none yet"
    ca.prepare(tmp_path / "data" / "ca", ["127.0.0.1"], OLD)
    text = text_of(found(broker_checks.broker_certificate, context))
    assert "it ended on 2022-12-31" in text and "it is not for hub.lan" in text and "Restart the hub" in text
    ca.prepare(tmp_path / "data" / "ca", ["hub.lan", "127.0.0.1"], datetime.datetime.now(datetime.UTC))
    (line,) = found(broker_checks.broker_certificate, context)
    assert line.level == "ok" and "its common name is hub.lan" in line.text
    other = ca.prepare(tmp_path / "other", ["hub.lan", "127.0.0.1"], datetime.datetime.now(datetime.UTC))
    (tmp_path / "data" / "ca" / "ca.pem").write_bytes(other.authority.read_bytes())
    assert "not signed by the authority" in text_of(found(broker_checks.broker_certificate, context))
    (tmp_path / "data" / "ca" / "server.pem").write_text("no certificate")
    assert levels(found(broker_checks.broker_certificate, context)) == ["problem"]


def test_a_running_hub_is_examined_as_a_plug_sees_it(tmp_path: Path) -> None:
    context = context_for(tmp_path, BROKER + HEATER.format("/dev/nothing"))
    config = context.config
    assert isinstance(config, Config)
    with own_hub(config):
        lines = found(broker_checks.broker_login, with_key(context))
        text = text_of(lines)
        assert set(levels(lines)) == {"ok"}, text
        for what in ("by TLSv1.2 with ECDHE-RSA", "valid for this address", "a wrong password is refused"):
            assert what in text
        assert "the password that a plug derives from the key is accepted" in text
        key = (tmp_path / "data" / "state" / "meross.key").read_text().strip()
        assert key and key not in text
        assert "refused" in text_of(found(broker_checks.broker_login, context)), "without the key"
        other = context_for(tmp_path, BROKER.replace('host = "127.0.0.1"', 'host = "127.0.0.1 localhost"'))
        assert "does not accept its certificate" in text_of(found(broker_checks.broker_login, with_key(other)))
        assert levels(found(hub_checks.running_hub, context))[0] == "ok"
        assert "heater: offline" in text_of(found(hub_checks.devices, context))
        assert levels(found(store_checks.store, context))[0] == "ok"
        assert levels(found(hub_checks.broker_clients, context)) == ["ok"], "its own logins are not listed"
    assert levels(found(broker_checks.broker_login, context)) == ["not checked"]
    assert "none runs" in text_of(found(hub_checks.running_hub, context))


def test_plugs_of_old_generations_are_accepted_where_the_configuration_allows_them(tmp_path: Path) -> None:
    text = BROKER.replace("[web]", "old_tls = true\nold_ciphers = true\n[web]")
    context = context_for(tmp_path, text)
    assert context.config is not None
    with own_hub(context.config):
        shown = text_of(found(broker_checks.broker_login, with_key(context)))
    assert f"{broker_checks.OLD_TLS} are accepted (TLSv1" in shown
    assert f"{broker_checks.OLD_CIPHERS} are accepted (TLSv1.2, AES" in shown


def test_a_broker_that_accepts_any_password_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = {"listen": "127.0.0.1:1", "problems": [], "plugs": 0, "refused": 0}
    monkeypatch.setattr(DoctorContext, "about_hub", lambda self: {"broker": broker})
    accepted = LoginAttempt(version="TLSv1.2", cipher="AES", refusal="")
    monkeypatch.setattr(broker_checks, "attempt_login", lambda *_: accepted)
    shown = text_of(found(broker_checks.broker_login, context_for(tmp_path, BROKER)))
    assert "problem 127.0.0.1:1: a wrong password is accepted" in shown
    monkeypatch.setattr(broker_checks, "attempt_login", lambda *_: LoginAttempt(tls_error="no shared cipher"))
    assert "no TLS with RSA: no shared cipher" in text_of(
        found(broker_checks.broker_login, context_for(tmp_path, BROKER))
    )


def with_key(context: DoctorContext) -> DoctorContext:
    """With the key that the hub has made since."""
    from msgspec.structs import replace

    from unclouded.app.plug_key import with_plug_key

    assert context.config is not None
    return replace(context, config=with_plug_key(context.config))


class OldHub:
    """Has no route of the configuration."""

    def works(self) -> bool:
        return True

    def get(self, path: str) -> None:
        raise CommandError("Not found.")


def test_a_configuration_that_was_changed_after_the_start_is_named(tmp_path: Path) -> None:
    file = tmp_path / "unclouded.toml"
    file.write_text(f'[hub]\ndata = "{tmp_path / "data"}"\n')
    config = load_config(file)
    context = DoctorContext(data=config.data, config=config)
    with own_hub(config):
        assert levels(found(hub_checks.running_hub, context)) == ["ok"]
        file.write_text(f'[hub]\ndata = "{tmp_path / "data"}"\n' + HEATER.format("/dev/nothing"))
        assert "unclouded config reload" in text_of(found(hub_checks.running_hub, context))
        file.write_text("[hub")
        assert levels(found(hub_checks.running_hub, context))[1] == "problem"


def test_a_hub_of_another_version_and_a_changed_zone_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_for(tmp_path, '[hub]\ntimezone = "Asia/Tokyo"\n')
    store = {"failures": 2.0, "dropped": 3.0}
    about = {"version": "0.0.1", "uptime_s": 60, "pid": 7, "timezone": "UTC", "store": store}
    monkeypatch.setattr(DoctorContext, "about_hub", lambda self: about)
    monkeypatch.setattr(DoctorContext, "hub", property(lambda self: OldHub()))
    text = text_of(found(hub_checks.running_hub, context))
    assert "Restart the hub, so that both are the same" in text and "time zone UTC" in text
    assert "storing has failed 2 times" in text and "3 readings were lost" in text


def test_a_process_that_holds_the_folder_and_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path / "root")
    lock = fake.write("/lock", "4711")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lock").symlink_to(lock)
    fake.process(4711, "unclouded", lock)
    assert "process 4711 holds" in text_of(found(hub_checks.running_hub, context_for(tmp_path, "", fake.computer)))


@pytest.mark.usefixtures("quick")
def test_a_hub_that_was_stopped_is_a_problem_and_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uart: str
) -> None:
    monkeypatch.setattr(doctor_context, "ANSWER_S", 0.2)
    fake = FakeComputer(tmp_path / "root")
    fake.link("/dev/ttyS1", uart)
    lock = fake.write("/lock", "4711")
    fake.process(4711, "unclouded", lock, uart)
    context = context_for(tmp_path, BROKER + HEATER.format("/dev/ttyS1"), fake.computer)
    context.data.mkdir()
    (context.data / "lock").symlink_to(lock)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(context.control))
        listener.listen(8)
        findings = list(examine(context))
        listener.settimeout(0)
        asked = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                connection = listener.accept()[0]
                connection.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    asked += bool(connection.recv(100))
                connection.close()
    (hub,) = [one for one in findings if one.check == "hub"]
    assert "the hub holds it" in text_of([one for one in findings if one.check == "serial-ports"])
    assert hub.level == "problem" and "does not answer" in hub.text
    rest = [one.check for one in findings if one.level == "not checked" and "hub does not answer" in one.text]
    assert {"devices", "page", "broker-clients"} <= {*rest} and asked == 1
    assert not any("given up" in one.text for one in findings)


# --- the run ------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_checks, "MEASURED_S", 0.01)


@pytest.mark.usefixtures("quick")
def test_all_checks_run_without_a_configuration_and_write_nothing(tmp_path: Path) -> None:
    lines = list(examine(unconfigured(str(tmp_path / "data"), "There is none.", is_named=False)))
    assert "an internal error" not in text_of(lines) and counts(lines)["ok"] > 5
    assert not (tmp_path / "data").exists()
    assert all(one.check and one.ms >= 0 for one in lines)


@pytest.mark.usefixtures("quick")
def test_all_checks_run_with_a_store_and_write_nothing(tmp_path: Path) -> None:
    make_store(tmp_path)
    ca.prepare(tmp_path / "data" / "ca", ["127.0.0.1"], datetime.datetime.now(datetime.UTC))
    before = files_of(tmp_path)
    lines = list(examine(context_for(tmp_path, BROKER + HEATER.format("/dev/nothing"))))
    assert files_of(tmp_path) == before
    assert "an internal error" not in text_of(lines) and counts(lines)["problem"] == 1


def test_a_check_that_hangs_is_given_up_and_one_that_fails_says_why() -> None:
    def failing(context: DoctorContext) -> Findings:
        yield ok("this", "is found")
        raise LinkError("The hub does not answer.")

    context = DoctorContext(data=Path("data"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def hanging(context: DoctorContext) -> Findings:
            yield ok("that", "is found")
            sock.recv(1)

        checks = [
            DoctorCheck(name="slow", title="", run=hanging, limit_s=0.05),
            DoctorCheck(name="broken", title="", run=failing),
        ]
        lines = list(examine(context, checks))
        sock.sendto(b".", sock.getsockname())
    assert [(one.check, one.level) for one in lines] == [
        ("slow", "ok"),
        ("slow", "not checked"),
        ("broken", "ok"),
        ("broken", "not checked"),
    ]
    assert "given up after 0.05 s" in lines[1].text and lines[3].text == "The hub does not answer."


def test_every_check_has_a_name_of_its_own_a_title_and_a_limit() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.title and 0 < check.limit_s <= 30 for check in CHECKS)


def test_only_known_devices_can_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Did you mean heater"):
        context_for(tmp_path, HEATER.format("/dev/ttyUSB0"), ids=["heatr"])
    chosen = context_for(tmp_path, HEATER.format("/dev/ttyUSB0"), ids=["heater"])
    assert [wire.device for wire in chosen.wires()] == ["heater"]


def test_the_page_of_the_doctor_lists_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text("utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `") and not line.startswith("| `README")]
    wanted = [f"| `{check.name}` | {check.title} |" for check in CHECKS]
    assert listed[: len(wanted)] == wanted


def test_a_publisher_that_reaches_no_one_is_named_with_its_reason() -> None:
    one = {"name": "mqtt", "state": "running", "text": "Connected.", "counts": {}}
    lines = list(hub_checks._publishers({"publish": [one, {**one, "state": "waiting", "text": "The broker is away."}]}))
    assert levels(lines) == ["ok", "warning"] and "The broker is away." in text_of(lines)
