"""fleet.toml: what is read, and mistakes that name their key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import ConfigError
from unclouded.fleet.configuration import VARIABLE, FleetConfiguration, find_fleet, load_fleet, read_fleet

GOOD = """
[nats]
servers = ["tls://fleet.example:4222"]
[[base]]
dsn = "dbname=fleet"
[web]
url = "https://fleet.example"
listen = "0.0.0.0:443"
certificate_file = "tls/web.pem"
key_file = "tls/web.key"
"""


def test_what_is_left_out_has_a_default() -> None:
    fleet = FleetConfiguration(Path("/fleet"), read_fleet(GOOD, "fleet.toml"))
    assert fleet.connect == fleet.servers == ("tls://fleet.example:4222",)
    assert (fleet.dsn, fleet.keys, fleet.nats_authority) == ("dbname=fleet", Path("/fleet/keys"), "")
    assert fleet.keep_days == {"raw": 400, "minute": 800, "events": 800}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('servers = ["tls://fleet.example:4222"]', "servers = []", "$.nats.servers"),
        ("tls://fleet.example:4222", "nats://fleet.example:4222", "$.nats.servers"),
        ("tls://fleet.example:4222", "http://fleet.example", "$.nats.servers"),
        ("tls://fleet.example:4222", "tls://fleet.example:99999", "$.nats.servers"),
        ('dsn = "dbname=fleet"', "", "$.base.dsn"),
        ('dsn = "dbname=fleet"', 'dsn = "x"\ndsn_file = "y"', "$.base.dsn"),
        ("[web]", '[[base]]\ndsn = "dbname=other"\n[web]', "$.base.shard"),
        ("https://fleet.example", "http://fleet.example", "$.web.url"),
        ("https://fleet.example", "https://fleet.example/path", "$.web.url"),
        ("0.0.0.0:443", "443", "$.web.listen"),
        ("0.0.0.0:443", "0.0.0.0:99999", "$.web.listen"),
        ('key_file = "tls/web.key"', "", "$.web.certificate_file"),
        ("[web]", '[web]\nmetrics_listen = "9464"', "$.web.metrics_listen"),
        ("[web]", '[web]\nmetrics_listen = "0.0.0.0:9464"', "$.web.metrics_listen"),  # others would read them
        ("[web]", "[web]\nanswer = 42", "`$.web`"),
        ("[web]", "[keep]\nraw_days = -1\n[web]", "`$.keep.raw_days`"),
        ("[web]", "[keep]\nraw_days = 1.5\n[web]", "`$.keep.raw_days`"),
        ("[[base]]", "[base]", "`$.base`"),
        ("[nats]", "[nats", "fleet.toml"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_its_key(old: str, new: str, key: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        read_fleet(GOOD.replace(old, new), "fleet.toml")
    assert key in str(error.value) and str(error.value).startswith("fleet.toml")


@given(st.text(max_size=100))
def test_any_text_is_a_configuration_or_one_error(text: str) -> None:
    with pytest.raises(ConfigError):
        read_fleet(text, "fleet.toml")


def test_a_fleet_is_found_by_option_variable_or_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet.toml").write_text(GOOD)
    for given_one, env in ((str(tmp_path), {}), (str(tmp_path / "fleet.toml"), {}), (None, {VARIABLE: str(tmp_path)})):
        assert find_fleet(given_one, env).folder == tmp_path
    monkeypatch.chdir(tmp_path)
    assert find_fleet(None, {}).folder == tmp_path
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError, match="fleet init"):
        find_fleet(None, {VARIABLE: str(tmp_path / "none")})


def test_a_dsn_with_a_password_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "fleet.toml").write_text(GOOD.replace('dsn = "dbname=fleet"', 'dsn_file = "dsn"'))
    fleet = load_fleet(tmp_path)
    with pytest.raises(ConfigError, match="dsn_file"):
        _ = fleet.dsn
    (tmp_path / "dsn").write_text("dbname=fleet password=secret\n")
    assert fleet.dsn == "dbname=fleet password=secret"
    (tmp_path / "dsn").write_text("postgresql:/fleet:secret@db.example/fleet\n")  # a slash is missing
    with pytest.raises(ConfigError, match="cannot be read") as error:
        _ = fleet.dsn
    assert "secret" not in str(error.value)
