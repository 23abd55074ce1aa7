"""What the doctor reads of a computer."""

from pathlib import Path

from app.doctor.doctor_story import FakeComputer
from unclouded.app.doctor.computer import UDP, Holder

TCP_TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F9B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F9C 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0
   2: short
"""


def test_who_holds_a_file_is_found_through_its_other_names(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    port = fake.write("/dev/ttyUSB0", "")
    alias = fake.link("/dev/serial/by-id/usb-FTDI", port)
    fake.process(12, "minicom", port)
    fake.process(13, "cat", "/dev/null")
    assert fake.computer.holders_of(alias) == ([Holder(12, "minicom")], True)
    assert str(Holder(12, "minicom")) == "minicom (process 12)"


def test_only_a_socket_that_listens_holds_a_tcp_port(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    fake.write("/proc/net/tcp", TCP_TABLE)
    fake.write("/proc/net/udp", TCP_TABLE.replace(" 0A ", " 07 "))
    fake.process(612, "mosquitto", "socket:[4711]")
    fake.process(613, "curl", "socket:[4712]")
    assert fake.computer.holders_of_port(8091) == ([Holder(612, "mosquitto")], True)
    assert fake.computer.holders_of_port(8092) == ([], True), "that one is a connection"
    assert fake.computer.holders_of_port(8091, UDP)[0] == [Holder(612, "mosquitto")]
    assert fake.computer.holders_of_port(1) == ([], True)


def test_a_process_that_hides_what_it_holds_is_counted(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    port = fake.write("/dev/ttyUSB0", "")
    fake.write("/proc/7/comm", "secretive")
    (tmp_path / "proc/7/fd").write_text("no folder")
    assert fake.computer.holders_of(port) == ([], False)


def test_a_computer_without_proc_shows_nothing_and_programs_that_are_missing_print_nothing(tmp_path: Path) -> None:
    fake = FakeComputer(tmp_path)
    assert list(fake.computer.processes()) == [] and fake.computer.read("/proc/meminfo") == ""
    assert fake.computer.output("a-program-that-is-not-there") is None
    assert fake.computer.output("false") is None
