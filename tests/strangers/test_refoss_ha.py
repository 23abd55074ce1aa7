"""The discovery of refoss-ha (Refoss is the same maker's), a controller by other people, and the simulated plug.

The ports 9988 and 9989 are part of the protocol, so this is no test of the suite: two runs at once would meet.
"""

from pathlib import Path

from place import place_in
from strangers.driven import driven, needs

pytestmark = needs("refoss-ha")


def test_its_question_is_answered_and_the_answer_has_the_fields_that_it_reads(tmp_path: Path) -> None:
    """It lists an answer only with ``channels``, which plugs of this kind are not known to send."""
    with place_in(tmp_path) as place, driven("refoss-ha", "refoss_ha_driver.py") as one:
        plug = place.sim("mss310", "--http", "127.0.0.1:0", "--discovery", "0.0.0.0:9988")[1]
        answer = one.ask("discover")
        assert answer["listed"] == 0
        found = answer["found"][0]
        assert (found["uuid"], found["device_type"]) == (plug["uuid"], "mss310")
        assert all(found.values())
