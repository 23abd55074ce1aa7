"""The list of homes to its end, one home, its history, what is done to it; energy, exports, metrics."""

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest

from fleet.api.conftest import FleetStory
from fleet.filled_base import NOW, ZONE
from unclouded.fleet.base.views import Scope
from unclouded.uplink.messages import Reply

MANY = """INSERT INTO hub (id, org, name, public_key, joined, renewed)
    SELECT translate(lpad(to_hex(n), 20, '0'), '01289', 'zyxwv'), %s, 'Home ' || n %% 700, 'K' || n, 0, 0
    FROM generate_series(1, 10000) n"""


async def test_ten_thousand_homes_are_paged_to_the_end(fleet: FleetStory, fleet_dsn: str) -> None:
    with psycopg.connect(fleet_dsn) as connection:
        connection.execute(MANY, (fleet.organisations["north"],))
        connection.execute("INSERT INTO presence (hub, org) SELECT number, org FROM hub ON CONFLICT DO NOTHING")
        found_ids = connection.execute("SELECT id FROM hub WHERE org = %s", (fleet.organisations["north"],))
        known = {row[0] for row in found_ids}
    found: list[str] = []
    after, pages = "", 0
    while True:
        page = await fleet.json("viewer-north", "GET", f"/api/fleet/homes?limit=1000&after={after}")
        found += [one["id"] for one in page["homes"]]
        pages += 1
        if not pages - 1:
            assert page["summary"]["homes"] == len(known) == 10_001
        after = page["next"]
        if after is None:
            break
        if pages == 3:  # homes that come and go meanwhile are no reason to skip or repeat others
            await fleet.base.homes.rename(Scope((fleet.organisations["north"],)), found[-1], "Aaa")
    assert len(found) == len(set(found)) and set(found) == known
    answer = await fleet.ask("operator-north", "POST", "/api/fleet/commands", {"filter": {}, "device": "a", "value": 1})
    assert answer.status == 422 and "1000" in answer.json["detail"]


async def test_a_name_with_characters_that_no_database_takes_is_kept_without_them(fleet: FleetStory) -> None:
    path = f"/api/fleet/homes/{fleet.homes['north']}"
    assert (await fleet.json("owner-north", "PATCH", path, {"name": "a\0b"}))["row"]["name"] == "ab"
    (entry, *_) = (await fleet.json("owner-north", "GET", "/api/fleet/audit?what=home.change"))["rows"]
    assert entry["detail"] == {"name": "ab"}


async def test_a_person_is_answered_in_the_language_of_the_browser(read_fleet: FleetStory) -> None:
    path = f"/api/fleet/homes/{'z' * 20}"
    for language, text in (("de-DE,en;q=0.5", "Es gibt kein Haus"), ("es", "No existe el hogar")):
        answer = await read_fleet.ask("viewer-north", "GET", path, **{"accept-language": language})
        assert text in answer.json["detail"]
    answer = await read_fleet.ask("", "GET", "/api/fleet/homes", **{"accept-language": "de"})
    assert "Melden Sie sich" in answer.json["detail"]


async def test_the_list_goes_on_after_a_home_with_a_very_long_name(fleet: FleetStory) -> None:
    longest = {"name": "屋" * 200}  # 600 bytes
    await fleet.json("operator-north", "PATCH", f"/api/fleet/homes/{fleet.homes['north']}", longest)
    await fleet.json("operator-south", "PATCH", f"/api/fleet/homes/{fleet.homes['south']}", longest)
    first = await fleet.json("both", "GET", "/api/fleet/homes?limit=1")
    second = await fleet.json("both", "GET", f"/api/fleet/homes?limit=1&after={first['next']}")
    assert [one["homes"][0]["id"] for one in (first, second)] == [fleet.homes["north"], fleet.homes["south"]]


async def test_a_filter_finds_homes_and_wrong_ones_are_named(read_fleet: FleetStory) -> None:
    async def ids(query: str) -> list[str]:
        return [one["name"] for one in (await read_fleet.json("both", "GET", f"/api/fleet/homes?{query}"))["homes"]]

    assert await ids("q=north") == ["Home north"]
    assert await ids(f"org={read_fleet.organisations['south']}") == ["Home south"]
    assert len(await ids("version=0.9.2&flag=level.raw")) == 2
    assert await ids("version=0.0.1") == []
    for query, name in (("state=angry", "state"), ("limit=0", "limit"), ("colour=red", "colour"), ("org=x", "org")):
        answer = await read_fleet.ask("both", "GET", f"/api/fleet/homes?{query}")
        assert answer.status == 400 and name in answer.json["detail"]
    assert (await read_fleet.ask("both", "GET", "/api/fleet/homes?after=nonsense")).status == 422


async def test_a_home_is_shown_renamed_asked_again_revoked_and_forgotten(fleet: FleetStory) -> None:
    place = f"/api/fleet/homes/{fleet.homes['north']}"
    view = await fleet.json("viewer-north", "GET", place)
    assert view["let_out"]["control"] and view["timezone"] == "Europe/Madrid" and view["role"] == "viewer"
    assert [one["points"][0]["unit"] for one in view["devices"]] == ["W", "Wh"]
    plug, meter = ([(point["key"], point["access"]) for point in one["points"]] for one in view["devices"])
    assert (plug, meter) == ([("power_W", "r"), ("on", "rw")], [("energy_import_Wh", "")])
    assert (view["devices"][0]["main"], view["devices"][0]["produces"]) == ("on", False)
    view = await fleet.json("operator-north", "PATCH", place, {"place": "Street 2"})
    assert (view["row"]["name"], view["row"]["place"]) == ("Home north", "Street 2")
    await fleet.json("operator-north", "POST", f"{place}/again", {"since": "2026-11-01"})
    assert (await fleet.ask("operator-north", "POST", f"{place}/again", {"since": "soon"})).status == 400
    await fleet.json("owner-north", "POST", f"{place}/revoke")
    assert (await fleet.json("viewer-north", "GET", place))["row"]["state"] == "revoked"
    assert len(await fleet.base.register.revoked_keys()) == 1
    assert (await fleet.ask("owner-north", "POST", f"{place}/forget", {"confirmed": "no"})).status == 422
    await fleet.json("owner-north", "POST", f"{place}/forget", {"confirmed": fleet.homes["north"]})
    assert (await fleet.ask("owner-north", "GET", place)).status == 404
    rows = (await fleet.json("owner-north", "GET", "/api/fleet/audit"))["rows"]
    changes = ["home.forget", "home.revoke", "home.again", "home.change", "home.join"]
    assert [one["what"] for one in rows] == changes
    assert {(one["who"], one["address"]) for one in rows[:4]} == {
        ("operator-north", "127.0.0.1"),
        ("owner-north", "127.0.0.1"),
    }
    assert (await fleet.json("owner-north", "GET", "/api/fleet/audit?limit=3"))["next"] == str(rows[2]["number"])


async def test_history_of_the_fleet_has_the_hubs_own_shape(read_fleet: FleetStory) -> None:
    place = f"/api/fleet/homes/{read_fleet.homes['north']}"
    span = f"start={NOW - 86_400}&end={NOW - 86_100}"
    found = await read_fleet.json(
        "viewer-north", "GET", f"{place}/history?series=plug-1.power_W&series=no.such&{span}&source=fleet&points=300"
    )
    assert found["source"] == "fleet" and [one["device"] for one in found["series"]] == ["plug-1"]
    assert len(found["series"][0]["at"]) > 5
    for query in ("series=plug-1", f"series=a.b&start={NOW}&end={NOW}", "series=a.b&start=x", "series=a.b&points=0"):
        assert (await read_fleet.ask("viewer-north", "GET", f"{place}/history?{query}")).status == 400, query
    energy = await read_fleet.json(
        "viewer-north", "GET", f"{place}/energy?by=day&start={NOW - 86_400}&end={NOW}&source=fleet"
    )
    assert [(one["date"], one["import_Wh"]) for one in energy["days"]] == [("2026-11-29", 0.005)]
    midnight = int(datetime(2026, 11, 30, tzinfo=ZoneInfo(ZONE)).timestamp())  # still the day before in UTC
    query = f"{place}/energy?by=day&start={midnight}&end={midnight + 86_400}&source=fleet"
    assert (await read_fleet.json("viewer-north", "GET", query))["days"] == []


async def test_energy_of_homes_and_its_total(read_fleet: FleetStory) -> None:
    query = "/api/fleet/energy?start=2026-11-28&end=2026-11-30"
    found = await read_fleet.json("both", "GET", query)
    assert found["periods"] == ["2026-11-28", "2026-11-29", "2026-11-30"]
    assert [one["import_Wh"] for one in found["total"]] == [None, 0.01, None]
    assert [one["import_Wh"] for one in found["homes"]] == [[None, 0.005, None]] * 2
    one = await read_fleet.json("both", "GET", f"{query}&q=south&by=month")
    assert one["periods"] == ["2026-11"] and one["total"][0]["import_Wh"] == 0.005 and len(one["homes"]) == 1
    for wrong in ("start=2026-02-30", "start=2026-12-02&end=2026-12-01", "start=1900-01-01&end=2100-01-01"):
        assert (await read_fleet.ask("both", "GET", f"/api/fleet/energy?{wrong}")).status == 400, wrong


async def test_everything_can_be_exported(fleet: FleetStory) -> None:
    body = {"homes": [fleet.homes["north"]], "device": "=plug", "value": True}
    await fleet.json("operator-north", "POST", "/api/fleet/commands", body)
    for content in ("homes", "energy", "events", "commands", "audit"):
        path = f"/api/fleet/export?content={content}"
        csv = await fleet.ask("owner-north", "GET", path)
        assert csv.status == 200 and csv["content-disposition"].endswith('.csv"')
        head, row, *_ = csv.body.decode().splitlines()
        assert head.count(",") == row.count(",") or "{" in row
        assert content != "commands" or "'=plug" in row
        lines = await fleet.ask("owner-north", "GET", f"{path}&format=jsonl")
        assert lines.body.count(b"\n") == csv.body.count(b"\n") - 1 > 0
        if content != "homes":
            continue
        parquet = pytest.importorskip("pyarrow.parquet")
        file = await fleet.ask("owner-north", "GET", f"{path}&format=parquet")
        table = parquet.read_table(io.BytesIO(file.body))
        assert table.num_rows == lines.body.count(b"\n") and list(table.column_names) == head.split(",")


async def test_metrics_need_their_own_token_and_name_no_home(read_fleet: FleetStory) -> None:
    assert (await read_fleet.ask("", "GET", "/metrics")).status == 401
    assert (await read_fleet.ask("owner-north", "GET", "/metrics")).status == 401
    answer = await read_fleet.ask("", "GET", "/metrics", authorization="Bearer scrape")
    text = answer.body.decode()
    assert 'unclouded_fleet_homes{state="well"} 2' in text and "unclouded_fleet_ingest_windows_total 7.0" in text
    assert 'database_up{database="0"} 1' in text and "north" not in text


async def test_while_the_database_is_away_requests_are_refused_with_a_sentence(fleet: FleetStory) -> None:
    await fleet.base.close()
    answer = await fleet.ask("viewer-north", "GET", "/api/fleet/homes")
    assert answer.status == 503 and "database" in answer.json["detail"] and answer["retry-after"] == "5"
    text = (await fleet.ask("", "GET", "/metrics", authorization="Bearer scrape")).body.decode()
    assert 'database_up{database="0"} 0' in text


async def test_a_person_who_asks_a_home_too_often_waits_and_others_do_not(read_fleet: FleetStory) -> None:
    home = read_fleet.homes["north"]
    read_fleet.link.replies[home] = Reply(200, "application/json", b"[]")
    path = f"/api/fleet/homes/{home}/api/devices"
    answers = [await read_fleet.ask("viewer-north", "GET", path) for _ in range(62)]
    assert [one.status for one in answers] == [200] * 60 + [429] * 2
    assert (answers[-1]["retry-after"], answers[-1].json["id"]) == ("1", "api.fleet.asked_too_often")
    assert len(read_fleet.link.asked) == 60
    assert (await read_fleet.ask("both", "GET", path)).status == 200
    read_fleet.clock += 1
    assert (await read_fleet.ask("viewer-north", "GET", path)).status == 200
