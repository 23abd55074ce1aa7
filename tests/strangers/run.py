"""Runs third-party ends against ours: `python3 dev.py strangers [NAME…] [--list] [--json]`.

Installs each into an environment of its own, runs its tests, and prints one row for each. Exit code 1 where a test
failed or an end could not be installed. `--light` only installs what the suite needs, and never fails. `--lock` makes
the lock files again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strangers.environments import CHOSEN, HERE, ROOT, CannotInstall, Stranger, strangers

UV_FLAGS = ("--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate")


@dataclass(frozen=True)
class Check:
    """What became of one test, or of the installation (``check`` is "" then)."""

    stranger: str
    version: str
    check: str
    result: str  # passed, failed, skipped, not installed
    seconds: float
    reason: str = ""


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py strangers", description="Run third-party ends against ours.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones [default: all]")
    parser.add_argument("--list", action="store_true", help="list them and what is installed")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--light", action="store_true", help="only install those that are part of the suite")
    parser.add_argument("--lock", action="store_true", help="make their lock files again")
    args = parser.parse_args(words)
    known = strangers()
    unknown = [name for name in args.names if name not in known]
    if unknown:
        print(f"There is no {unknown[0]!r}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    chosen = [known[name] for name in args.names or known]
    if args.list:
        return listed(chosen, args.json)
    if args.light:
        return install_light(chosen)
    return lock(chosen) if args.lock else run(chosen, args.json)


def listed(chosen: list[Stranger], as_json: bool) -> int:
    for one in chosen:
        state = "installed" if "program" in one.record else one.record.get("reason", "not installed")
        if as_json:
            print(json.dumps({**asdict(one), "state": state}))
        else:
            print(f"{one.name:<14} {one.version:<24} {one.weight:<6} {one.registry:<5} {one.licence}: {state}")
            print(f"{'':<14} {one.end}\n{'':<14} against: {one.ours}")
    return 0


def install_light(chosen: list[Stranger]) -> int:
    """Those of the suite, at the same time. What cannot be had is said; its tests are skipped with that reason."""
    light = [one for one in chosen if not one.is_heavy]
    with ThreadPoolExecutor() as pool:
        for one, reason in zip(light, pool.map(_installed, light), strict=True):
            if reason:
                print(f"{one.name} {reason}. Its tests are skipped and say so.", file=sys.stderr, flush=True)
    return 0


def run(chosen: list[Stranger], as_json: bool) -> int:
    """Install and run them, one after the other. Prints each row as soon as it is known."""
    failed = 0
    for one in chosen:
        for check in checks(one):
            failed += check.result in ("failed", "not installed")
            print(json.dumps(asdict(check)) if as_json else _row(check), flush=True)
    return 1 if failed else 0


def checks(one: Stranger) -> Iterator[Check]:
    reason = _installed(one)
    if reason:
        yield Check(one.name, one.version, "", "not installed", 0.0, reason)
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        env = {**os.environ, CHOSEN: one.name}
        files = [HERE / name for name in one.tests.split()]
        command: list[str | Path] = [sys.executable, "-m", "pytest", "-p", "no:xdist", *files, f"--junit-xml={report}"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if not report.is_file():
            yield Check(one.name, one.version, "", "failed", 0.0, done.stdout[-2000:] + done.stderr[-2000:])
            return
        yield from read_report(one, ElementTree.parse(report))
    if done.returncode:
        print(done.stdout[-10_000:], file=sys.stderr)


def read_report(one: Stranger, report: "ElementTree.ElementTree[ElementTree.Element]") -> Iterator[Check]:
    """The rows of a JUnit report."""
    for case in report.iter("testcase"):
        result, reason = "passed", ""
        for tag, word in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
            for element in case.iter(tag):
                result, reason = word, element.get("message", "")
        sentence = case.get("name", "").removeprefix("test_").replace("_", " ")
        yield Check(one.name, one.version, sentence, result, float(case.get("time", "0")), reason)


def lock(chosen: list[Stranger]) -> int:
    """Resolve what they require and write their lock files."""
    for one in chosen:
        if one.registry == "PyPI":
            uv = Path(sys.executable).with_name("uv")
            python = one.python or "3.11"
            command: list[str | Path] = [
                uv,
                "pip",
                "compile",
                "-q",
                *UV_FLAGS,
                "--python-version",
                python,
                "-",
                "-o",
                one.lock_file,
            ]
            subprocess.run(command, input="\n".join(one.requires), text=True, check=True)
        else:
            command = ["npm", "install", "--package-lock-only", "--save-exact", "--ignore-scripts", *one.requires]
            subprocess.run(command, cwd=one.lock_file.parent, check=True)
    return 0


def _installed(one: Stranger) -> str:
    """Install it; the reason why that cannot be, or ""."""
    try:
        one.install()
    except CannotInstall as problem:
        return str(problem)
    return ""


def _row(check: Check) -> str:
    reason = f" ({check.reason.splitlines()[0]})" if check.reason else ""
    return f"{check.stranger:<14} {check.result:<13} {check.seconds:6.1f} s  {check.check}{reason}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
