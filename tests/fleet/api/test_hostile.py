"""Whatever is sent, the answer is a sentence: nothing is an internal error."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.api.conftest import FleetStory
from unclouded.fleet.api.application import ROWS

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\0", "0", "-1", "9" * 30, "1e999", "nan", "%00", "../x", "'; DROP", "2026-13-45", "é" * 300]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
FIELDS = ["org", "state", "flag", "version", "q", "after", "limit", "series", "start", "end", "by", "home", "kind"]
FIELDS += ["batch", "who", "what", "content", "format", "points", "source", "device", "unknown"]
BODY_FIELDS = ["name", "place", "since", "confirmed", "homes", "filter", "device", "value", "point", "until_s", "role"]
BODY_FIELDS += ["login", "password", "current", "minutes"]
OK = {200, 400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 502, 503, 504}


# The loop's thread uses it (delays of connections) while this one draws.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
async def test_nothing_that_is_sent_is_an_internal_error(fleet: FleetStory) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(ROWS))
        path = row.path
        for name, known in (
            ("home", fleet.homes["north"]),
            ("organisation", str(fleet.organisations["north"])),
            ("person", str(fleet.persons["viewer-north"])),
            ("code", str(fleet.codes["north"])),
        ):
            text = data.draw(st.one_of(st.just(known), st.just(known), TEXTS)) if f"{{{name}}}" in path else ""
            path = path.replace(f"{{{name}}}", text.replace("/", "").replace("?", ""))
        path = path.replace("{path}", "devices")
        if row.method == "DELETE" and "/persons/" in path:
            return  # the persons are needed
        query = data.draw(st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=3))
        body: Any = data.draw(
            st.one_of(
                st.none(), st.binary(max_size=20), st.dictionaries(st.sampled_from(BODY_FIELDS), VALUES, max_size=4)
            )
        )
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        asking = fleet.ask(
            "owner-north",
            row.method,
            f"{path}?{'&'.join(f'{key}={_quoted(text)}' for key, text in query.items())}",
            sent,
        )
        answer = asyncio.run_coroutine_threadsafe(asking, loop).result(30)
        assert answer.status in OK, (row.method, path, query, body, answer.body)
        if answer.status >= 400:
            assert answer.json["detail"] and answer["content-type"] == "application/problem+json"

    await asyncio.to_thread(asked)


def _quoted(text: str) -> str:
    return quote(text, safe="")
