"""Products are found by maker, model, kind, id, Zigbee manufacturer and key; the pages of the docs list them all."""

import re
import string
from functools import cache
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from shipped_tables import TABLES
from unclouded.app.products.search import ProductSearch
from unclouded.app.products.supported_pages import FOLDER, INDEX, supported_pages
from unclouded.app.protocols import profile_library
from unclouded.cli import cli
from unclouded.core.views.facts import ProductsView

DOCS = Path(__file__).parents[3] / "docs"
SEARCH = ProductSearch(profile_library())


def ids(found: ProductsView) -> list[str]:
    return [one.product for one in found.products]


# --- search -------------------------------------------------------------------------------------------


@cache
def every() -> ProductsView:
    return SEARCH.find(limit=10_000)


def test_without_words_every_product_of_every_table_is_listed() -> None:
    listed = {(one.profile, one.product) for one in every().products}
    assert {(table.name, product) for table in TABLES for product in table.products or ("",)} <= listed
    assert {"meross/mss310", "emporia/vue_utility", "tuya/breaker"} <= {profile for profile, _ in listed}
    assert every().total == len(every().products) == sum(kind.count for kind in every().kinds)


def test_simulators_and_profiles_of_unknown_products_are_no_products() -> None:
    assert not [one for one in every().products if one.product.startswith("unclouded")]
    assert not {"tuya/generic", "tuya_gateway/sub_device"} & {one.profile for one in every().products}


def test_a_product_is_found_by_maker_and_model_in_any_order_and_case() -> None:
    assert ids(SEARCH.find("AUBESS 20a")) == ids(SEARCH.find("20A aubess")) == ["2iepauebcvo74ujc"]


@pytest.mark.parametrize("prefix", ["", "_TZE204_", "_tze200_"])
def test_a_zigbee_device_is_found_by_its_id_and_by_the_name_of_its_manufacturer(prefix: str) -> None:
    first = SEARCH.find(f"{prefix}81yrt3lo").products[0]
    assert first.product == "81yrt3lo" and first.zigbee == "_T…_81yrt3lo"


def test_an_id_that_is_a_word_comes_first() -> None:
    found = SEARCH.find("mss310")
    assert found.total > 3 and ids(found)[:2] == ["mss310", "mss310"]  # on Wi-Fi, and on its console


def test_what_has_the_word_in_its_name_comes_before_what_has_it_in_a_key() -> None:
    found = SEARCH.find("eco", limit=10_000).products
    by_name = ["eco" in f"{one.product} {one.title} {one.also}".casefold() for one in found]
    assert True in by_name and False in by_name and by_name == sorted(by_name, reverse=True)


def test_a_key_of_a_point_finds_the_products_that_have_it_also_where_it_is_packed() -> None:
    found = SEARCH.find("reactive_power", limit=10_000)
    expected = {table.name for table in TABLES if any("reactive_power" in row.key for row in table.rows)}
    packed = {table.name for table in TABLES if any(row.decode == "phase_full" for row in table.rows)}
    assert expected and packed and expected | packed <= {one.profile for one in found.products}


def test_kinds_are_counted_whichever_is_chosen() -> None:
    every, plugs = SEARCH.find("energy_import_Wh"), SEARCH.find("energy_import_Wh", kind="plug")
    assert plugs.kinds == every.kinds and plugs.total == {one.name: one.count for one in every.kinds}["plug"]
    assert {one.kind for one in plugs.products} == {"plug"} and len(plugs.products) == 50


def test_a_product_says_how_sure_its_scales_are() -> None:
    by_confidence = {one.confidence: one.sources for one in every().products}
    assert by_confidence["confirmed"] == "scales confirmed by two sources"
    assert by_confidence["disputed"].startswith("sources disagree on ")
    assert by_confidence[""] == ""


@given(st.text(st.sampled_from(string.printable + "äß…_T"), max_size=40), st.integers(1, 20))
@settings(max_examples=15, deadline=None)
def test_any_text_is_searched_for_and_the_limit_holds(text: str, limit: int) -> None:
    found = SEARCH.find(text, limit=limit)
    assert len(found.products) == min(found.total, limit) and found.total == sum(one.count for one in found.kinds)


def test_a_longer_text_finds_no_more() -> None:
    shorter = {(one.profile, one.product) for one in SEARCH.find("plug", limit=10_000).products}
    longer = {(one.profile, one.product) for one in SEARCH.find("plug schedule", limit=10_000).products}
    assert longer and longer < shorter


# --- the verb -----------------------------------------------------------------------------------------


def test_the_command_line_prints_what_was_found() -> None:
    ran = CliRunner().invoke(cli, ["products", "aubess", "20a"])
    assert ran.exit_code == 0
    assert "2iepauebcvo74ujc  Aubess 20A (plug)" in ran.stdout and "power_W, " in ran.stdout
    assert "profile catalogue/plug/2iepauebcvo74ujc: 19 points; scales of " in ran.stdout


def test_as_json_each_product_is_a_line() -> None:
    ran = CliRunner().invoke(cli, ["products", "--kind", "pump", "--limit", "2", "--json"])
    lines = [msgspec.json.decode(line) for line in ran.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["pump", "pump"] and lines[0]["points"]
    assert "4 more" in ran.stderr


def test_where_nothing_is_found_the_exit_code_is_1_and_there_is_a_hint() -> None:
    ran = CliRunner().invoke(cli, ["products", "nosuchthing"])
    assert ran.exit_code == 1 and ran.stdout == "" and "dump DEVICE --profile" in ran.stderr


def test_a_kind_that_does_not_exist_is_named_with_those_that_do() -> None:
    error = CliRunner().invoke(cli, ["products", "--kind", "toaster"]).exception
    assert "toaster" in str(error) and "breaker" in str(error)
    ran = CliRunner().invoke(cli, ["products", "--kind", "list"])
    assert re.search(r"^plug +\d+  Plug$", ran.stdout, re.MULTILINE)


# --- the pages ----------------------------------------------------------------------------------------


def test_the_pages_of_the_docs_are_those_of_the_profiles() -> None:
    pages = supported_pages()
    assert {f"{FOLDER}/{path.name}" for path in (DOCS / FOLDER).glob("*")} | {INDEX} == set(pages)
    for name, page in pages.items():
        assert (DOCS / name).read_text("utf-8") == page, f"{name}: run python3 dev.py docs"
        assert len(page.encode()) < 300_000  # what repositories still show


def test_every_product_stands_in_its_page_and_every_link_leads_somewhere() -> None:
    for one in every().products:
        assert f"`{one.product}`" in page_of(one.kind) if one.product else one.profile in page_of(one.kind)
    for path in [DOCS / INDEX, *(DOCS / FOLDER).glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


PAGES: dict[str, str] = {}


def page_of(kind: str) -> str:
    return PAGES.setdefault(kind, (DOCS / FOLDER / f"{kind}.md").read_text("utf-8"))
