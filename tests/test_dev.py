"""dev.py does no work where only help is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLUSTERS = "/etc/postgresql-common/createcluster.conf"
DEV = """
import sys
sys.path.insert(0, sys.argv[1])
import dev
dev.subprocess = dev.ready = None  # whoever starts anything fails
sys.exit(dev.main(sys.argv[2:]))
"""


@pytest.mark.parametrize("verb", ["package", "lock"])
def test_help_of_a_verb_changes_nothing(verb: str) -> None:
    words = [sys.executable, "-c", DEV, str(ROOT), verb, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and f"dev.py {verb}" in done.stdout, done.stderr


@pytest.mark.parametrize("words", [("docs", "--no-picture"), ("setup", "nonsense"), ("nonsense",)])
def test_what_a_verb_does_not_know_starts_nothing(words: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", DEV, str(ROOT), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "dev.py" in done.stdout + done.stderr


POSTGRES = """
import sys
sys.path.insert(0, sys.argv[1])
import dev
ran = []
dev.as_root = lambda words: ran.append(words) or (words[0] != "apt-get" or words[-1] not in sys.argv[2:])
print(dev.installed("initdb", ["postgresql"]), *(" ".join(words) for words in ran), sep="\\n")
"""


@pytest.mark.parametrize("fails", [[], ["postgresql"], ["postgresql-common"]], ids=["well", "half", "not at all"])
def test_postgresql_comes_without_a_cluster_and_its_configuration_is_put_back(fails: list[str]) -> None:
    words = [sys.executable, "-c", POSTGRES, str(ROOT), *fails]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert done[0] == str(not fails) and done[1].endswith("postgresql-common")
    if fails != ["postgresql-common"]:
        assert "create_main_cluster = false" in done[2] and done[3].endswith(" postgresql")
        assert done[4] == f"mv {CLUSTERS}.before-unclouded {CLUSTERS}"
    else:
        assert len(done) == 2
