"""Python, libraries, the terminal, disk, memory, and packages that Debian leaves out."""

import importlib.metadata
import locale
import os
import re
import resource
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from unclouded import VERSION
from unclouded.app.disk.disk_watch import FULL, DiskUse
from unclouded.app.doctor.context import DoctorContext
from unclouded.core.finding import Finding, judged, not_checked, ok, problem, warning
from unclouded.core.security.tls import client_context

PACKAGE = "unclouded"
OLDEST_PYTHON = (3, 11)
NAME = re.compile(r"[A-Za-z0-9._-]+")
LEAST_DISK, LITTLE_DISK = 50_000_000, 500_000_000  # bytes free
LEAST_INODES = 1_000
LITTLE_MEMORY_KB = 100_000  # a hub with a broker takes 60 to 100 MB
FEW_FILES = 1_024  # half of them may be connections of plugs
DEBIAN = ("debian", "ubuntu", "raspbian")


def python(context: DoctorContext) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield judged(
        sys.version_info >= OLDEST_PYTHON,
        "Python",
        f"{version} at {sys.executable}, {ssl.OPENSSL_VERSION}, SQLite {sqlite3.sqlite_version}",
        f"Install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer.",
        problem,
    )
    yield ok("Unclouded", VERSION)


def libraries(context: DoctorContext) -> Iterator[Finding]:
    try:
        required = importlib.metadata.requires(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        yield not_checked("libraries", "Unclouded is not installed as a package, so what it needs is not known.")
        return
    found: dict[str, str] = {}
    for requirement in required:
        name, oldest = _requirement(requirement)
        version = _version_of(name)
        found[name] = version
        if not version or _numbers(version) < _numbers(oldest):
            text = f"{version} is installed, and {oldest} is needed" if version else "it is missing"
            yield problem(name, text, f"Run in Unclouded's environment: {sys.executable} -m pip install -U {name}")
    if all(found.values()):
        yield ok("libraries", ", ".join(f"{name} {version}" for name, version in found.items()))


def terminal(context: DoctorContext) -> Iterator[Finding]:
    encoding = getattr(sys.stdout, "encoding", "") or locale.getpreferredencoding(False)
    yield judged(
        encoding.lower().replace("-", "") == "utf8",
        "terminal",
        f"texts are written as {encoding}",
        "Signs like ° and µ are shown as ? here. Set a UTF-8 locale: export LANG=C.UTF-8",
        warning,
    )


def disk(context: DoctorContext) -> Iterator[Finding]:
    folder = _existing(context.data)
    try:
        stat = os.statvfs(folder)
    except OSError as error:
        yield not_checked("disk", f"{folder}: {error.strerror}")
        return
    free = stat.f_bavail * stat.f_frsize
    use = DiskUse((stat.f_blocks - stat.f_bfree) * stat.f_frsize, free, 0)
    text = f"{megabytes(free)} free of {megabytes(use.size)} at {folder}, {use.percent} % used"
    if stat.f_flag & os.ST_RDONLY:
        yield problem("disk", f"{folder} is on a read-only file system", "Choose another folder with --data.")
    elif free < LEAST_DISK:
        yield problem("disk", text, "Free some space: the hub cannot store readings without.")
    elif free < LITTLE_DISK or use.share >= FULL:
        yield warning("disk", text, "Free some space soon, or move the data folder to a larger disk.")
    elif stat.f_files and stat.f_favail < LEAST_INODES:
        yield warning(
            "disk", f"{stat.f_favail} files can still be made at {folder}", "Delete files that nothing needs."
        )
    else:
        yield ok("disk", text)


def memory(context: DoctorContext) -> Iterator[Finding]:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", context.computer.read("/proc/meminfo"), re.MULTILINE)
    if found is None:
        yield not_checked("memory", "This system does not say how much memory is available.")
        return
    text = f"{megabytes(int(found[1]) * 1000)} available"
    yield judged(int(found[1]) >= LITTLE_MEMORY_KB, "memory", text, "End programs that are not needed.", warning)


def open_files(context: DoctorContext) -> Iterator[Finding]:
    """Only a broker needs many."""
    if context.config is None or context.config.broker is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_enough = hard == resource.RLIM_INFINITY or hard >= FEW_FILES
    count = "any number of" if hard == resource.RLIM_INFINITY else str(hard)
    text = f"{count} files and connections can be open at once"
    yield judged(is_enough, "open files", text, "Raise the limit: LimitNOFILE=8192 in its systemd unit.", warning)


def debian_packages(context: DoctorContext) -> Iterator[Finding]:
    """What Debian's Python leaves out, where it is needed."""
    system = re.findall(r"^ID(?:_LIKE)?=\"?([^\"\n]*)", context.computer.read("/etc/os-release"), re.MULTILINE)
    if not set(" ".join(system).split()) & set(DEBIAN):
        return
    if find_spec("ensurepip") is None and sys.prefix == sys.base_prefix:
        yield warning("python3-venv", "it is missing, so that no environment can be made", _install("python3-venv"))
    if needs_authorities(context) and not client_context().cert_store_stats()["x509_ca"]:
        text = "it is missing, so that no server with TLS is trusted"
        yield problem("ca-certificates", text, _install("ca-certificates"))


def needs_authorities(context: DoctorContext) -> bool:
    """Whether the configuration names a server that is verified by the authorities of the system."""
    config = context.config
    urls = [wire.link for wire in context.wires() if "cafile=" not in wire.link]
    urls += [config.weather.url] if config is not None and config.weather is not None else []
    return any(url.startswith(("mqtts:", "https:")) for url in urls)


def megabytes(size: float) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


# --- inside -----------------------------------------------------------------------------------------


def _install(package: str) -> str:
    return f"Run: sudo apt install {package}"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    for one in (folder.absolute(), *folder.absolute().parents):
        if os.path.lexists(one):
            return one
    return Path("/")


def _requirement(text: str) -> tuple[str, str]:
    """``aiomqtt<3,>=2.5; python_version > "3"`` -> aiomqtt, 2.5."""
    name = NAME.match(text)
    oldest = re.search(r">=\s*([0-9.]+)", text.partition(";")[0])
    return (name[0] if name else text), (oldest[1] if oldest else "0")


def _version_of(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
