"""Build the wheel and the sdist, and check them as a user would: `python3 dev.py package [--out DIR]`.

The files: the page, its sentences, the profiles and the catalogue are inside, tests and places of this computer are
not. The wheel: installed into an empty environment with nothing but what it asks for, it prints its version, and its
demo gives a first reading.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
INSIDE = (
    r"unclouded/web/static/index\.html",
    r"unclouded/web/static/fleet\.html",
    r"unclouded/web/static/assets/.+\.js",
    r"unclouded/web/documentation/protocols/emporia\.html",
    r"unclouded/web/words/en\.json",
    r"unclouded/profiles/tuya/plug_metering\.toml",
    r"unclouded/profiles/catalogue/.+",
    r"unclouded/py\.typed",
    r".+\.dist-info/entry_points\.txt",
    r".+\.dist-info/licenses/LICENSE",
)
IN_SDIST = (
    "hatch_build.py",
    "pyproject.toml",
    "frontend/package-lock.json",
    "frontend/src/main.tsx",
    "docs/openapi.json",  # the types of the page come from them
    "docs/fleet_openapi.json",
    "LICENSE",
)
NOT_INSIDE = (r"(^|/)tests/", r"__pycache__", r"\.map$", r"node_modules")
TEXTS = (".py", ".toml", ".json", ".js", ".css", ".html", ".txt", ".md", "METADATA")
MOST_MB = 5.0  # of the wheel
FIRST_READING_S = 60


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py package", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE / "dist", help="folder for the two files [default: dist]")
    out = parser.parse_args(words).out
    build(out)
    wheel, sdist = newest(out, "*.whl"), newest(out, "*.tar.gz")
    problems = [*wheel_problems(wheel), *sdist_problems(sdist), *installed_problems(wheel)]
    for problem in problems:
        print(f"PROBLEM  {problem}")
    for file in (wheel, sdist):
        print(f"{file}  {file.stat().st_size / 1e6:.2f} MB")
    return 1 if problems else 0


def build(out: Path) -> None:
    subprocess.run(
        [UV, "build", "-q", "--no-build-isolation", "--python", sys.executable, "--out-dir", out, HERE], check=True
    )


def newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda file: file.stat().st_mtime)


def wheel_problems(wheel: Path) -> Iterable[str]:
    """What is missing in the wheel, or should not be in it."""
    if wheel.stat().st_size > MOST_MB * 1e6:
        yield f"The wheel has more than {MOST_MB} MB."
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for pattern in INSIDE:
            if not any(re.fullmatch(pattern, name) for name in names):
                yield f"The wheel has no {pattern}."
        for name in names:
            if any(re.search(pattern, name) for pattern in NOT_INSIDE):
                yield f"{name} should not be in the wheel."
        yield from place_problems({name: archive.read(name) for name in names if name.endswith(TEXTS)})


def sdist_problems(sdist: Path) -> Iterable[str]:
    """The sdist must be enough to build the wheel: sources of the page, and the build's own script."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in IN_SDIST:
        if name not in names:
            yield f"The sdist has no {name}."
    for name in sorted(names):
        if "node_modules" in name:
            yield f"{name} should not be in the sdist."
            return


def place_problems(texts: Mapping[str, bytes]) -> Iterable[str]:
    """Places of the computer that built it have no business in a package."""
    places = {str(HERE), str(Path.home())} - {"/", "/root"}
    for name, data in texts.items():
        for place in places:
            if place.encode() in data:
                yield f"{name} names {place}, a place of this computer."


def installed_problems(wheel: Path) -> Iterable[str]:
    """Install it into an empty environment, and try it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "env", with_pip=False)
        python, program = place / "env/bin/python", place / "env/bin/unclouded"
        subprocess.run([UV, "pip", "install", "-q", "--python", python, wheel], check=True)
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        if wheel.name.split("-")[1] not in version:
            yield f"The installed program says {version.strip()!r} for its version."
        reading_s = first_reading_s([str(program), "demo", "--json", "--past", "0", "--data", str(place / "data")])
        if reading_s is None:
            yield "The demo of the installed program gives no reading."
        else:
            print(f"installed from the wheel: first reading of the demo after {reading_s:.1f} s")


def first_reading_s(command: list[str]) -> float | None:
    began = time.monotonic()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON"))}
    with subprocess.Popen(
        [*command, "--web", "127.0.0.1:0", "--for", f"{FIRST_READING_S}s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    ) as demo:
        assert demo.stdout is not None
        found = next((time.monotonic() - began for line in demo.stdout if "point" in json.loads(line)), None)
        demo.terminate()
        demo.stdout.read()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
