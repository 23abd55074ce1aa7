"""`python3 dev.py mutate [TARGET…]`: breaks the source in many small ways, and counts the breaks that the tests notice.

A target is a table of tools/mutation/targets.toml: files, and the tests that have to notice. Every k-th mutant of a
target is tried, ``--most`` of them. What makes no difference stands in equivalent.toml, with the reason.
"""

import argparse
import gc
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from types import CodeType

import msgspec
from tools.mutation.forks import PROJECT, SOURCE, changes, import_all_but, imported_functions, in_a_fork
from tools.mutation.mutants import Mutant, mutants_of, mutated
from tools.mutation.runs import (
    Collection,
    SourceLine,
    TestRun,
    collect,
    concerned,
    first_run,
    is_in_functions,
    one_of_each,
    run_changed,
    run_with_import,
)

HERE = Path(__file__).parent
MOST = 80  # mutants of a target that are tried
FIRST_RUN_S = 600.0  # CPU seconds for all tests of a target, traced
SPARE_S = 5.0  # CPU seconds that a mutant may take beyond three times what its tests took
WAIT = 20  # seconds of waiting for each CPU second: other programs may want the cores as well

KILLED, SURVIVED, NEEDS_IMPORT = "killed", "survived", "needs an import"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: tuple[str, ...]
    tests: tuple[str, ...]


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant that behaves as the source does. ``line``: the source's, without white space around it."""

    file: str
    line: str
    was: str
    becomes: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        same_line = (self.file, self.line) == (mutant.file, mutant.text)
        return same_line and (self.was, self.becomes) == (mutant.was, mutant.becomes)


class Score(msgspec.Struct):
    """Of one target. ``survivors``: what no test noticed."""

    target: str
    mutants: int = 0
    tried: int = 0
    killed: int = 0
    equivalent: int = 0
    survivors: list[str] = []

    @property
    def percent(self) -> float:
        return 100 * self.killed / max(self.tried - self.equivalent, 1)

    def __str__(self) -> str:
        counts = f"{self.killed} of {self.tried - self.equivalent} killed, {self.equivalent} equivalent"
        return f"{self.target}: {self.percent:.0f} % ({counts}, sampled from {self.mutants})"


def main(words: list[str]) -> int:
    targets = read_targets()
    parser = argparse.ArgumentParser(prog="dev.py mutate", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(targets)}; all of them")
    parser.add_argument("--most", type=int, default=MOST, help=f"mutants to try of each target ({MOST}); 0 = all")
    parser.add_argument("--seed", type=int, default=0, help="which of each k mutants is tried (0)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose line below has this text")
    parser.add_argument("--list", action="store_true", help="print the mutants, and run nothing")
    parser.add_argument("--verbose", action="store_true", help="print which test noticed each mutant")
    parser.add_argument("--json", action="store_true", help="the scores as JSON, a line for each target")
    given = parser.parse_args(words)
    if unknown := sorted(set(given.targets) - set(targets)):
        parser.error(f"there is no target {', '.join(unknown)}; there are {', '.join(targets)}")
    worst = 0
    for name in given.targets or targets:
        target = targets[name]
        every = [one for file in target.files for one in mutants_of(file, (SOURCE / file).read_text("utf-8"))]
        chosen = [one for one in sampled(every, given.most, given.seed) if given.only in str(one)]
        if given.list:
            print(*chosen, sep="\n")
            continue
        score = Score(name, len(every), len(chosen), survivors=[])
        code = run_target(target, chosen, score, verbose=given.verbose)
        print(msgspec.json.encode(score).decode() if given.json else score, flush=True)
        worst = max(worst, code)
    return worst


def read_targets() -> Mapping[str, Target]:
    return msgspec.convert(tomllib.loads((HERE / "targets.toml").read_text("utf-8")), dict[str, Target])


def read_equivalents() -> Sequence[Equivalent]:
    found = tomllib.loads((HERE / "equivalent.toml").read_text("utf-8")).get("mutant", [])
    return msgspec.convert(found, list[Equivalent])


def sampled(every: Sequence[Mutant], most: int, seed: int) -> list[Mutant]:
    """``most`` of them, evenly spread over the files; the seed says where the first one is. 0 = all."""
    if not most or len(every) <= most:
        return list(every)
    first = seed % (len(every) // most)
    return [every[first + number * len(every) // most] for number in range(most)]


def run_target(target: Target, mutants: Sequence[Mutant], score: Score, *, verbose: bool) -> int:
    """Try the mutants, and count them in ``score``."""
    tests = [str(PROJECT / "tests" / one) for one in target.tests]
    with tempfile.TemporaryDirectory() as folder:
        first, why = in_a_fork(lambda: first_run(target.files, tests, folder), FIRST_RUN_S, FIRST_RUN_S * WAIT)
        if first is None or not first["passed"]:
            reason = first["failed"] if first else why
            print(f"{score.target}: no test passes without a mutant: {reason}", file=sys.stderr)
            return 2
        if first["failed"]:
            left_out = ", ".join(first["failed"])
            print(f"{score.target}: left out, they fail without a mutant: {left_out}", file=sys.stderr)
        runs = [TestRun(name, seconds, frozenset(map(tuple, lines))) for name, seconds, lines in first["passed"]]
        trial = Trial(target.files, runs, frozenset(map(tuple, first["at_import"])), folder, verbose=verbose)
        equivalents = read_equivalents()
        left = [one for one in mutants if not any(two.is_of(one) for two in equivalents)]
        score.equivalent = len(mutants) - len(left)
        for way in (trial.collected, partial(trial.with_import, modules=first["modules"])):
            found, why = in_a_fork(partial(way, left))
            if found is None:
                print(f"{score.target}: {why}", file=sys.stderr)
                return 2
            score.killed += found.count(KILLED)
            score.survivors += [str(one) for one, said in zip(left, found, strict=True) if said == SURVIVED]
            left = [one for one, said in zip(left, found, strict=True) if said == NEEDS_IMPORT]
    return int(score.percent < 90)


class Trial:
    """Tries mutants of one target, in two ways. Each runs in a process of its own, and returns what became of each."""

    def __init__(
        self, files: Sequence[str], tests: Sequence[TestRun], at_import: Set[SourceLine], folder: str, *, verbose: bool
    ) -> None:
        self._files, self._tests, self._at_import, self._folder = files, tests, at_import, folder
        self._verbose = verbose
        self._noticed: dict[tuple[str, str], str] = {}  # by file and function: the test that noticed the last mutant

    def collected(self, mutants: Sequence[Mutant]) -> list[str]:
        """Mutants inside functions; ``NEEDS_IMPORT`` of others."""
        return collect(self._tests, self._folder, partial(self._in_functions, mutants))

    def _in_functions(self, mutants: Sequence[Mutant], collection: Collection) -> list[str]:
        functions = imported_functions(self._files)
        gc.freeze()
        _expect_none(one_of_each(self._tests), collection.run)
        found = []
        for mutant in mutants:
            inside = is_in_functions(mutant, self._at_import)
            changed = changes(mutant.file, _code(mutant), functions) if inside else []
            found.append(self._tried(mutant, partial(run_changed, collection, changed)) if changed else NEEDS_IMPORT)
        return found

    def with_import(self, mutants: Sequence[Mutant], modules: Sequence[str]) -> list[str]:
        """Any mutants, each with an import of its own. ``modules``: those to import before."""
        import_all_but(self._files, modules)
        _expect_none(one_of_each(self._tests), partial(run_with_import, None, "", self._folder))
        return [self._tried(one, partial(run_with_import, _code(one), one.file, self._folder)) for one in mutants]

    def _tried(self, mutant: Mutant, run: Callable[[Sequence[TestRun]], list[str]]) -> str:
        place = mutant.file, mutant.where
        tests = sorted(
            concerned(mutant, self._tests, self._at_import), key=lambda one: one.name != self._noticed.get(place)
        )
        by = _first_failure(tests, run)
        if by:
            self._noticed[place] = by
        if not by or self._verbose:
            print(f"{'KILLED  ' if by else 'SURVIVED'} {mutant}{f'   by {by}' if by else ''}", flush=True)
        return KILLED if by else SURVIVED


def _code(mutant: Mutant) -> CodeType:
    source = (SOURCE / mutant.file).read_text("utf-8")
    return compile(mutated(source, mutant), str(SOURCE / mutant.file), "exec")


def _expect_none(tests: Sequence[TestRun], run: Callable[[Sequence[TestRun]], list[str]]) -> None:
    if failed := _first_failure(tests, run):
        raise RuntimeError(f"a fork cannot run the tests without a mutant: {failed}")


def _first_failure(tests: Sequence[TestRun], run: Callable[[Sequence[TestRun]], list[str]]) -> str:
    """The test that failed in a fork; ``timeout`` or ``died``; "" where none did."""
    if not tests:
        return ""
    allowed = 3 * sum(one.seconds for one in tests) + SPARE_S
    failed, why = in_a_fork(partial(run, tests), allowed, allowed * WAIT)
    return why or (failed[0] if failed else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
