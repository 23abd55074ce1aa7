"""`python3 dev.py shape`: prints the figures; ``--json``; ``--picture FILE`` draws the imports of the packages."""

import argparse
import sys
from pathlib import Path

import msgspec
from tools.shape.figures import Shape, shape_of
from tools.shape.picture import svg_of
from tools.shape.places import missing_places
from tools.shape.source import arrows_of, modules_of

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "unclouded"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py shape", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="write the picture of the imports (SVG)")
    given = parser.parse_args(words)
    if given.picture is not None:
        given.picture.write_text(svg_of(arrows_of(modules_of(SOURCE))), "utf-8")
        return 0
    shape = shape_of(SOURCE, PROJECT / "tests", missing_places(PROJECT))
    print(msgspec.json.encode(shape).decode() if given.json else "\n".join(lines_of(shape)))
    return 0


def lines_of(shape: Shape) -> list[str]:
    """The figures for people."""
    return [
        f"packages {shape.packages}, imports between them {shape.arrows}",
        f"modules {shape.modules}, lines {shape.lines:,}, lines of tests for each {shape.test_ratio}",
        f"functions: median {shape.median_function} lines, more than 40 lines {shape.long_functions}",
        *(f"    {one.lines:4}  {one.name}" for one in shape.longest_functions),
        "longest files",
        *(f"    {one.lines:4}  {one.name}" for one in shape.longest_files),
        f"class names that stand twice {len(shape.classes_twice)}",
        *(f"    {one}" for one in shape.classes_twice),
        f"places with the same code {len(shape.twins)}",
        *(f"    {one}" for one in shape.twins),
        f"places that are cited and do not exist {len(shape.missing_places)}",
        *(f"    {one}" for one in shape.missing_places),
        f"public names {shape.public_names:,}, described by the row of a table {shape.in_rows},"
        f" without docstring {len(shape.no_docstring)}",
        *(f"    {one}" for one in shape.no_docstring[:20]),
        f"public methods that need a description {shape.methods:,}, without {len(shape.methods_without_docstring)}",
        *(f"    {one}" for one in shape.methods_without_docstring[:20]),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
