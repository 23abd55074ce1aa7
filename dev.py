#!/usr/bin/env python3
"""One entry point for all tasks of a developer or a user. Needs Python 3.11 and pip, nothing else.

    python3 dev.py demo [ARGS]    simulated devices, the real hub, live readings
    python3 dev.py run [ARGS]     the hub with your own devices (unclouded run)
    python3 dev.py fleet [ARGS]   a fleet: 50 simulated homes, their server and its page. Installs PostgreSQL
                                  from Debian where it is missing (not with --no-apt)
    python3 dev.py test [ARGS]    every test; arguments go to pytest. Installs mosquitto, chromium and
                                  firefox-esr from Debian (not with --no-apt), and the light third-party
                                  ends; tests that need what is missing are skipped and say so
    python3 dev.py soak [ARGS]    the properties alone, each with 20 times as many random examples as it asks for:
                                  takes hours; paths choose some, UNCLOUDED_EXAMPLES_TIMES another number. And
                                  stories of kills: UNCLOUDED_KILLS (50) of each kind, 1,000 commands
    python3 dev.py at TIME [ARGS] every test as if it was TIME (2028-02-29T23:55), but those of browsers and NATS: they
                                  keep their clock. Needs a C compiler
    python3 dev.py strangers [NAME…]  third-party ends against ours, each in an environment of its own:
                                  docs/compatibility.md (--list, --json, --no-apt)
    python3 dev.py check          ruff, mypy --strict, the import rules, the profiles; the page: Biome, tsc, vitest
    python3 dev.py bench [NAME]   the benchmarks of bench/, or one of them
    python3 dev.py docs           regenerate the docs that the program itself defines; the pictures take 12 minutes
                                  (not with --no-pictures)
    python3 dev.py shape          figures of the source: sizes, imports, twice the same code, docstrings; --json
    python3 dev.py mutate [TARGET…]  how many small breaks of the source the tests notice: docs/developers.md
    python3 dev.py catalogue --from DIR   write the catalogue of products from raw facts: docs/catalogue.md
    python3 dev.py site           make a site of docs/ that the hub serves at /docs/ (without anything from elsewhere)
    python3 dev.py package        build the wheel and the sdist into dist/, check them, and try the installed wheel
    python3 dev.py lock           resolve the dependencies and write the lock files
    python3 dev.py setup          make .venv only

The environment is made in .venv beside this file, from lock files with hashes, and only when they
changed. A system without ensurepip or with an externally managed Python is fine. The page is built with
this machine's Node, or else with one from PyPI.
"""

import concurrent.futures
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import hatch_build

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"

RUN_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
UV_LOCK = "requirements-uv.lock"
NODE_LOCK = "requirements-node.lock"
SITE_LOCK = "requirements-site.lock"

STRANGERS: list[object] = [PYTHON, HERE / "tests" / "strangers" / "run.py"]

WITHOUT_HELP = frozenset({"check", "docs", "package", "site", "lock", "setup"})  # have none of their own

ARGUMENTS = {"setup": [], "docs": ["--no-pictures"]}  # of those that start at once whatever they are given

# Programs that tests talk to, and Debian's packages of each. Playwright's own Node wants libatomic1.
PROGRAMS = {
    "mosquitto": ["mosquitto"],
    "mosquitto_pub": ["mosquitto-clients"],
    "chromium-headless-shell": ["chromium-headless-shell", "fonts-liberation", "libatomic1"],
    "initdb": ["postgresql"],  # nats-server comes with the lock file of development
    "firefox-esr": ["firefox-esr"],  # Debian's name; where there is none, Chromium alone looks at the page
}

INSTEAD = {"chromium-headless-shell": "chromium"}  # takes its place where there is none, at three times the work

CLUSTERS = "/etc/postgresql-common/createcluster.conf"
KEPT = ".before-unclouded"


def main(words: list[str]) -> int:
    """Do what the first word says; the rest are its arguments."""
    verbs = {
        "demo": demo,
        "run": run,
        "fleet": fleet,
        "test": test,
        "soak": soak,
        "at": at,
        "strangers": strangers,
        "check": check,
        "bench": bench,
        "docs": docs,
        "shape": shape,
        "mutate": mutate,
        "catalogue": catalogue,
        "package": package,
        "site": site,
        "lock": lock,
        "setup": setup,
    }
    if not words or words[0] not in verbs:
        print(__doc__)
        return 0 if words in (["-h"], ["--help"], ["help"]) else 2
    if words[0] in WITHOUT_HELP and {"-h", "--help"} & set(words[1:]):
        print(__doc__)
        return 0
    if unknown := [word for word in words[1:] if word not in ARGUMENTS.get(words[0], words)]:
        say(f"dev.py {words[0]} has no argument {unknown[0]}. All commands: python3 dev.py --help")
        return 2
    return verbs[words[0]](words[1:])


def demo(args: list[str]) -> int:
    ensure(RUN_LOCK)
    return become([BIN / "unclouded", "demo", *args])


def run(args: list[str]) -> int:
    ensure(RUN_LOCK)
    return become([BIN / "unclouded", "run", *args])


def fleet(args: list[str]) -> int:
    """nats-server is in the lock file of developers; PostgreSQL is Debian's."""
    ensure(DEV_LOCK)
    return become([BIN / "unclouded", "fleet", "demo", *with_programs(args, ["initdb"])])


def test(args: list[str]) -> int:
    ensure(DEV_LOCK)
    args = with_programs(args)
    call([*STRANGERS, "--light"])
    call([PYTHON, "-m", "compileall", "-q", "-j", "0", "src"])  # once, not by every process of the tests
    return call([PYTHON, "-m", "pytest", *spread_over_cores(args), *args])


def soak(args: list[str]) -> int:
    ensure(DEV_LOCK)
    os.environ.setdefault("UNCLOUDED_EXAMPLES_TIMES", "20")
    os.environ.setdefault("UNCLOUDED_KILLS", "50")
    chosen = ["-m", "hypothesis or kills or thorough", "--timeout=0"]
    return call([PYTHON, "-m", "pytest", *chosen, *spread_over_cores(args), *args])


def at(args: list[str]) -> int:
    ensure(DEV_LOCK)
    return call([PYTHON, "-m", "tools.clock", *args, *spread_over_cores(args)])


def spread_over_cores(args: list[str]) -> list[str]:
    """Pytest's arguments for twice as many processes as there are cores: half of the tests wait for other processes."""
    if any(arg.startswith(("-n", "-x", "--pdb", "--processes")) for arg in args):
        return []
    return ["--processes", str(2 * (os.cpu_count() or 1))]


def strangers(args: list[str]) -> int:
    ensure(DEV_LOCK)
    return call([*STRANGERS, *(args if "--list" in args else with_programs(args))])


def check(args: list[str]) -> int:
    ensure(DEV_LOCK)
    steps: list[list[object]] = [
        [BIN / "ruff", "check", "."],
        [BIN / "ruff", "format", "--check", "."],
        [BIN / "mypy"],
        [PYTHON, "-m", "pytest", "tests/test_dependencies.py", "tests/app/products/test_profile_check.py", *args],
        [PYTHON, "hatch_build.py", "--check"],
    ]
    return max([call(step) for step in steps])


def bench(args: list[str]) -> int:
    ensure(DEV_LOCK)
    chosen = [HERE / "bench" / f"{name}.py" for name in args if not name.startswith("-")]
    flags = [arg for arg in args if arg.startswith("-")]
    every = sorted(path for path in (HERE / "bench").glob("*.py") if not path.name.startswith("_"))
    if unknown := [script.stem for script in chosen if script not in every]:
        say(f"There is no benchmark {unknown[0]}. There are: {', '.join(path.stem for path in every)}.")
        return 2
    return max([call([PYTHON, script, *flags]) for script in chosen or every])


def docs(args: list[str]) -> int:
    ensure(DEV_LOCK)
    ensure_programs(list(PROGRAMS))
    steps: list[list[object]] = [
        [PYTHON, "-m", "unclouded.cli.reference", HERE / "docs"],
        [PYTHON, "-m", "tools.llms"],
        [PYTHON, "-m", "tools.shape", "--picture", HERE / "docs" / "pictures" / "packages.svg"],
        [PYTHON, "tests/browser/pictures.py", HERE / "docs" / "pictures"],
        [PYTHON, "tests/browser/integration_pictures.py", HERE / "docs" / "pictures"],
    ]
    return max([call(step) for step in (steps[:3] if "--no-pictures" in args else steps)])


def shape(args: list[str]) -> int:
    ensure(DEV_LOCK)
    return call([PYTHON, "-m", "tools.shape", *args])


def mutate(args: list[str]) -> int:
    ensure(DEV_LOCK)
    return call([PYTHON, "-m", "tools.mutation", *args])


def catalogue(args: list[str]) -> int:
    ensure(DEV_LOCK)
    return call([PYTHON, "-m", "tools.catalogue", *args])


def site(args: list[str]) -> int:
    ensure(DEV_LOCK)
    ensure_site_tools()
    return call([PYTHON, "-m", "tools.site", *args])


def package(args: list[str]) -> int:
    if code := site([]):
        return code
    return call([PYTHON, "-m", "tools.package", *args])


def setup(args: list[str]) -> int:
    ensure(RUN_LOCK)
    print(f"The environment is in {VENV}. Try: {BIN / 'unclouded'} --help")
    return 0


def lock(args: list[str]) -> int:
    """Needs no hash of what it is about to write; everything else here does."""
    ensure(DEV_LOCK)
    common = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--python-version", "3.11"]
    for groups, target in (
        (["build"], RUN_LOCK),
        (["build", "dev"], DEV_LOCK),
        (["node"], NODE_LOCK),
        (["site"], SITE_LOCK),
    ):
        named = [word for group in groups for word in ("--group", group)]
        what = [] if groups in (["node"], ["site"]) else ["pyproject.toml"]
        command = [BIN / "uv", "pip", "compile", "-q", *common, *args, *what, *named, "-o", target]
        if call(command):
            return 1
    return 0


# --- the environment --------------------------------------------------------------------------------


def ensure(lock_file: str) -> None:
    """Make or update .venv if a lock file changed since, and the page if its sources did.

    The page comes before the package: the package's own build would make it too, without what tests it.
    """
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever starts this may have an older one)
        sys.exit(f"Unclouded needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    stamp = VENV / f"{lock_file}.stamp"
    wanted = fingerprint(lock_file)
    fresh = stamp.is_file() and stamp.read_text() == wanted
    if fresh:
        ensure_page(tools=lock_file == DEV_LOCK)
        return
    say(f"Installing into {VENV.name} …")
    with step("1 of 4: an environment and the installer"):
        ensure_installer()
    has_node = hatch_build.system_node() is not None
    locks = [lock_file] if has_node else [lock_file, NODE_LOCK]
    with concurrent.futures.ThreadPoolExecutor() as beside:
        page = beside.submit(ensure_page, tools=lock_file == DEV_LOCK) if has_node else None  # needs no package
        with step(f"2 of 4: {sum(map(count_packages, locks))} packages"):
            files = [word for lock in locks for word in ("-r", HERE / lock)]
            must([BIN / "uv", "pip", "install", "-q", "--python", PYTHON, "--require-hashes", *files])
        with step("3 of 4: the page"):
            page.result() if page else ensure_page(tools=lock_file == DEV_LOCK)
    with step("4 of 4: Unclouded itself"):
        editable = ["--no-deps", "--no-build-isolation", "-e", HERE]
        must([BIN / "uv", "pip", "install", "-q", "--python", PYTHON, *editable])
    stamp.write_text(wanted)


def ensure_installer() -> None:
    """The environment, which is made where there is none, and in it the uv of the lock file."""
    if not PYTHON.exists():
        venv.create(VENV, with_pip=False)
    if not has_uv():
        must(
            [sys.executable, "-m", "pip", "--python", PYTHON, "install", "-q", "--require-hashes", "-r", HERE / UV_LOCK]
        )


def ensure_site_tools() -> None:
    """What makes a site of docs/, beside the rest, if the lock file changed since."""
    stamp = VENV / f"{SITE_LOCK}.stamp"
    wanted = hashlib.sha256((HERE / SITE_LOCK).read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        must([BIN / "uv", "pip", "install", "-q", "--python", PYTHON, "--require-hashes", "-r", HERE / SITE_LOCK])
        stamp.write_text(wanted)


def count_packages(lock_file: str) -> int:
    return sum("==" in line and not line.startswith((" ", "#")) for line in (HERE / lock_file).read_text().splitlines())


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Prints what is done, and how long it took."""
    print(f"  {title} … ", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    yield
    say(f"{time.monotonic() - began:.0f} s")


def ensure_page(tools: bool) -> None:
    """Build the page if its sources changed since; ``tools``: with what checks and tests it."""
    done = subprocess.run(
        [PYTHON, HERE / "hatch_build.py", *(["--tools"] if tools else [])],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        say(f"The page could not be built; everything else works without it. {done.stderr.strip()}")
        if tools and os.environ.get("CI"):
            sys.exit(done.returncode)


def has_uv() -> bool:
    """Is the uv of the lock file in the environment?"""
    wanted = (HERE / UV_LOCK).read_text().split()[0].removeprefix("uv==")
    try:
        done = subprocess.run([BIN / "uv", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.split()[1:2] == [wanted]


def with_programs(args: list[str], names: list[str] | None = None) -> list[str]:
    """The arguments without --no-apt; without it among them the programs (all, or these) are installed first."""
    if "--no-apt" not in args:
        ensure_programs(names or list(PROGRAMS))
    return [arg for arg in args if arg != "--no-apt"]


def ensure_programs(names: list[str]) -> None:
    """Install the real servers and clients that some tests talk to; say what is left out where that is not allowed."""
    servers = [str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *servers])
    missing = {name: PROGRAMS[name] for name in names if not shutil.which(name, path=places)}
    if not missing:
        return
    if shutil.which("apt-get"):
        say(f"Installing {', '.join(missing)} for the tests …")
        apt(["update"])
        missing = {name: packages for name, packages in missing.items() if not installed(name, packages)}
    lacking = [name for name in missing if not shutil.which(INSTEAD.get(name, name), path=places)]
    if lacking:
        say(f"Not installed: {', '.join(lacking)}. The tests that need them are skipped and say so.")


def installed(name: str, packages: list[str]) -> bool:
    """Whether apt-get did it; each program by itself, so that one which is not there keeps no other away."""
    return without_cluster(packages) if name == "initdb" else apt(["install", *packages])


def without_cluster(packages: list[str]) -> bool:
    """PostgreSQL's programs, without the cluster that Debian's package makes and starts: tests make their own.

    Its configuration is put back afterwards, so that a PostgreSQL that is installed later is as ever.
    """
    if not apt(["install", "postgresql-common"]):
        return False
    edits = ["-e", "/^#? *create_main_cluster/d", "-e", "$a create_main_cluster = false"]
    if not as_root(["sed", f"-i{KEPT}", "-E", *edits, CLUSTERS]):
        return False
    try:
        return apt(["install", *packages])
    finally:
        as_root(["mv", CLUSTERS + KEPT, CLUSTERS])


def apt(words: list[str]) -> bool:
    return as_root(["apt-get", words[0], "-y", "-q", "--no-install-recommends", *words[1:]])


def as_root(words: list[str]) -> bool:
    may = [] if os.geteuid() == 0 else ["sudo", "-n"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run([*may, *words], env=quiet, capture_output=True, text=True, check=False).returncode == 0


def fingerprint(lock_file: str) -> str:
    """What the environment depends on: the lock files, the project's table, this Python, this place."""
    digest = hashlib.sha256(f"{sys.version} {HERE}".encode())
    for name in (lock_file, UV_LOCK, NODE_LOCK, "pyproject.toml"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def must(command: list[object]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=HERE, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"This step failed: {' '.join(words)}\nIs the network there? Is pip (22.3 or newer) there?")


def call(command: list[object]) -> int:
    return subprocess.run([str(word) for word in command], cwd=HERE, env=environment(), check=False).returncode


def become(command: list[object]) -> int:
    """Be that program: no process of ours stays behind, signals reach it."""
    words = [str(word) for word in command]
    sys.stdout.flush()
    os.execve(words[0], words, environment())


def environment() -> dict[str, str]:
    return {**os.environ, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": ""}


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
