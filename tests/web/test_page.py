"""Files of the page: served, compressed once, cacheable; no other files are served."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi import ask
from unclouded.web.page import Page
from unclouded.web.static_files import accepts_gzip

SCRIPT = b"export const kettle = 'on';" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built page, and a secret file next to it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Home</title>" + " " * 500)
    (folder / "assets" / "index-Ab3.js").write_bytes(SCRIPT)
    (folder / ".built-from").write_text("a hash")
    (tmp_path / "secret.txt").write_text("kettle key")
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/now",
        "/history",
        "/devices",
        "/devices/kettle",
        "/devices/a%C3%A9",
        "/decode",
        "/rules",
        "/settings",
        "/hub",
    ],
)
async def test_every_path_of_the_page_serves_the_same_file(built: Path, place: str) -> None:
    answer = await ask(Page(built), "GET", place)
    assert answer.status == 200 and answer.body.startswith(b"<!doctype html>")
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert answer["cache-control"] == "no-cache"


async def test_a_hashed_file_is_cacheable_and_compressed(built: Path) -> None:
    answer = await ask(Page(built), "GET", "/assets/index-Ab3.js", {"Accept-Encoding": "br, gzip"})
    assert answer.status == 200 and answer["content-encoding"] == "gzip"
    assert len(answer.body) < len(SCRIPT) and gzip.decompress(answer.body) == SCRIPT
    assert "immutable" in answer["cache-control"] and answer["vary"] == "Accept-Encoding"
    assert answer["content-type"].startswith("text/javascript")
    plain = await ask(Page(built), "GET", "/assets/index-Ab3.js")
    assert plain.body == SCRIPT and not plain["content-encoding"] and plain["etag"] != answer["etag"]


async def test_an_unchanged_page_is_answered_with_304(built: Path) -> None:
    page = Page(built)
    first = await ask(page, "GET", "/")
    again = await ask(page, "GET", "/", {"If-None-Match": f'"old", W/{first["etag"]}'})
    assert again.status == 304 and not again.body and again["etag"] == first["etag"]
    assert again["content-security-policy"]
    (built / "index.html").write_text("<!doctype html><title>New home</title>")
    after = await ask(page, "GET", "/", {"If-None-Match": first["etag"]})
    assert after.status == 200 and b"New home" in after.body


async def test_the_policy_forbids_foreign_content_and_framing(built: Path) -> None:
    answer = await ask(Page(built), "GET", "/")
    policy = answer["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert "base-uri 'none'" in policy and "form-action 'self'" in policy
    assert answer["x-content-type-options"] == "nosniff" and answer["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/assets/../../secret.txt", "/.built-from", "/assets/", "/assets/no.js", "/a/b", "/assets/\0"],
)
async def test_other_paths_are_not_found(built: Path, path: str) -> None:
    assert (await ask(Page(built), "GET", path)).status == 404


@given(path=st.text(min_size=1, max_size=30))
async def test_no_path_discloses_files_outside_the_folder(path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder.parent / "secret.txt").write_text("kettle key")
    answer = await ask(Page(folder), "GET", "/" + path.encode("utf-8", "replace").decode())
    assert answer.status in (404, 503) and b"kettle key" not in answer.body


async def test_a_missing_build_is_answered_with_instructions(tmp_path: Path) -> None:
    answer = await ask(Page(tmp_path / "none"), "GET", "/")
    assert answer.status == 503 and b"python3 dev.py setup" in answer.body


async def test_the_page_supports_get_and_head_only(built: Path) -> None:
    answer = await ask(Page(built), "POST", "/", body={})
    assert answer.status == 405 and answer["allow"] == "GET, HEAD"


async def test_the_certificate_can_be_downloaded_if_there_is_one(built: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    there = await ask(Page(built, tmp_path / "ca.pem"), "GET", "/ca.pem")
    assert there.status == 200 and there["content-type"] == "application/x-x509-ca-cert"
    assert (await ask(Page(built), "GET", "/ca.pem")).status == 404


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False), ("gzip", True), ("br;q=1.0, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000, *", False),
        ("*", True), ("*;q=0", False), ("identity", False),
    ],
)  # fmt: skip
def test_gzip_is_used_only_if_accepted(accepted: str, takes: bool) -> None:
    assert accepts_gzip(accepted) is takes


@pytest.fixture
def documented(built: Path, tmp_path: Path) -> Page:
    """The page with a documentation beside it."""
    site = tmp_path / "documentation"
    (site / "lines").mkdir(parents=True)
    for name in ("index.html", "store.html", "lines/meter.html", "lines/index.html", ".buildinfo"):
        (site / name).write_text(f"<title>{name}</title>")
    return Page(built, documentation=site)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/docs/", "index.html"),
        ("/docs/store.html", "store.html"),
        ("/docs/lines/meter.html", "lines/meter.html"),
        ("/docs/lines/", "lines/index.html"),
    ],
)
async def test_the_documentation_is_served_with_a_policy_of_its_own(documented: Page, path: str, file: str) -> None:
    answer = await ask(documented, "GET", path)
    assert answer.status == 200 and answer.body == f"<title>{file}</title>".encode()
    assert (
        "script" not in answer["content-security-policy"] and "default-src 'self'" in answer["content-security-policy"]
    )
    assert answer["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/docs/../secret.txt", "/docs/%2e%2e/secret.txt", "/docs/.buildinfo", "/docs/none.html", "/docs//"]
)
async def test_nothing_else_is_served_as_documentation(documented: Page, path: str) -> None:
    answer = await ask(documented, "GET", path)
    assert answer.status == 404 and b"kettle key" not in answer.body


async def test_docs_without_a_slash_leads_to_the_index(documented: Page) -> None:
    answer = await ask(documented, "GET", "/docs")
    assert answer.status == 307 and answer["location"] == "/docs/"


async def test_a_tree_without_built_documentation_says_how_to_build_it(built: Path, tmp_path: Path) -> None:
    answer = await ask(Page(built, documentation=tmp_path / "none"), "GET", "/docs/store.html")
    assert answer.status == 503 and b"python3 dev.py site" in answer.body


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("manifest.webmanifest", "application/manifest+json"),
        ("sw.js", "text/javascript; charset=utf-8"),
        ("icon-192.png", "image/png"),
    ],
)
async def test_what_installs_the_page_is_asked_for_each_time(built: Path, name: str, kind: str) -> None:
    (built / name).write_bytes(b"x" * 100)
    answer = await ask(Page(built), "GET", f"/{name}")
    assert answer.status == 200 and answer["content-type"] == kind and answer["cache-control"] == "no-cache"
