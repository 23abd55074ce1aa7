"""`python3 dev.py mutate [TARGET…]`: breaks the source in many small ways, and counts the breaks that the tests notice.

A target is a table of tools/mutation/targets.toml: files, and the tests that have to notice. Every k-th mutant of a
target is tried, ``--most`` of them. What makes no difference stands in equivalent.toml, with the reason.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from tools.mutation.forks import PROJECT, SOURCE, import_all_but, in_a_fork
from tools.mutation.mutants import Mutant, mutants_of
from tools.mutation.runs import TestRun, concerned, first_run, mutant_run, one_of_each

HERE = Path(__file__).parent
MOST = 80  # mutants of a target that are tried
FIRST_RUN_S = 600.0  # CPU seconds for all tests of a target, traced
SPARE_S = 5.0  # CPU seconds that a mutant may take beyond three times what its tests took
WAIT = 20  # seconds of waiting for each CPU second: other programs may want the cores as well


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
    """Try the mutants, in a process that has not imported the target's files; count them in ``score``."""
    tests = [str(PROJECT / "tests" / one) for one in target.tests]
    first, why = in_a_fork(lambda: first_run(target.files, tests), FIRST_RUN_S, FIRST_RUN_S * WAIT)
    if first is None or not first["passed"]:
        print(f"{score.target}: no test passes without a mutant: {first['failed'] if first else why}", file=sys.stderr)
        return 2
    if first["failed"]:
        print(f"{score.target}: left out, they fail without a mutant: {', '.join(first['failed'])}", file=sys.stderr)
    runs = [TestRun(name, seconds, frozenset(map(tuple, lines))) for name, seconds, lines in first["passed"]]
    equivalents = read_equivalents()

    def tried() -> list[tuple[str, str]]:
        import_all_but(target.files, first["modules"])
        if broken := killed_by(None, one_of_each(runs)):
            raise RuntimeError(f"a fork cannot run the tests without a mutant: {broken}")
        return [(str(one), said) for one, said in _outcomes(mutants, runs, equivalents, verbose=verbose)]

    found, why = in_a_fork(tried)
    if found is None:
        print(f"{score.target}: {why}", file=sys.stderr)
        return 2
    for mutant, said in found:
        score.killed += said == "killed"
        score.equivalent += said == "equivalent"
        if said == "survived":
            score.survivors.append(mutant)
    return int(score.percent < 90)


def _outcomes(
    mutants: Sequence[Mutant], runs: Sequence[TestRun], equivalents: Sequence[Equivalent], *, verbose: bool
) -> Iterator[tuple[Mutant, str]]:
    for mutant in mutants:
        if any(one.is_of(mutant) for one in equivalents):
            yield mutant, "equivalent"
            continue
        by = killed_by(mutant, concerned(mutant, runs))
        if not by or verbose:
            print(f"{'KILLED  ' if by else 'SURVIVED'} {mutant}{f'   by {by}' if by else ''}", flush=True)
        yield mutant, "killed" if by else "survived"


def killed_by(mutant: Mutant | None, tests: Sequence[TestRun]) -> str:
    """The test that failed; ``timeout`` or ``died``; "" where none noticed."""
    if not tests:
        return ""
    allowed = 3 * sum(one.seconds for one in tests) + SPARE_S
    failed, why = in_a_fork(mutant_run(mutant, tests), allowed, allowed * WAIT)
    return why or (failed[0] if failed else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
