"""Source files: what they say, and how their mistakes are told."""

from __future__ import annotations

import json

import pytest
import yaml

from satudata_harvesters.errors import ConfigError
from satudata_harvesters.source import Source, http_for, load_source, secret_pointers, template, templates

GOOD = """\
name: garut
title: Portal Satu Data Garut
organization: Diskominfo
connector: rest
url: https://satudata-api.contoh.go.id/datasets
config:
  records: datasets.data
  paging: {style: page, last_page: datasets.last_page}
  auth:
    - {type: header, name: X-API-Key, value: "env:KUNCI_GARUT"}
    - {type: query, name: kunci, value: rahasia-sekali}
mapping:
  identifier: slug
  fields:
    title: judul
defaults:
  kode_wilayah: 32.10
limits: {requests_per_second: 2}
allow_networks: ["10.20.0.0/16:8080"]
"""
SECRET = "rahasia-sekali"


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        load_source(text)
    return [(error.line, error.code, error.params.get("field", "")) for error in caught.value.all()]


def test_a_source_file_is_read(tmp_path):
    (tmp_path / "garut.yaml").write_text(GOOD)
    source = load_source(tmp_path / "garut.yaml")
    assert source == load_source(GOOD) == load_source(str(tmp_path / "garut.yaml"))
    assert source.penayangan == "diperiksa"
    assert source.profile == "transisi"
    assert source.mapper.apply({"slug": "a", "judul": "T"}, source).dataset["title"] == "T"


def test_a_region_code_keeps_its_last_zero():
    assert load_source(GOOD).defaults["kode_wilayah"] == "32.10"


def test_a_source_survives_being_stored_and_written_out():
    source = load_source(GOOD)
    assert Source.from_dict(json.loads(json.dumps(source.to_dict()))) == source
    assert load_source(source.to_yaml()) == source


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("organization", "organisasi"), [(3, "E-CFG-002", "organisasi")]),
        (GOOD.replace("connector: rest", "connector: resst"), [(4, "E-CFG-005", "")]),
        (GOOD.replace("title: judul", "title: judul]"), [(15, "E-CFG-008", "mapping.fields.title")]),
        (GOOD.replace("records:", "record:"), [(7, "E-CFG-002", "config.record")]),
        (GOOD.replace("style: page", "style: halaman"), [(8, "E-CFG-004", "config.paging.style")]),
        (GOOD.replace("name: X-API-Key, ", ""), [(10, "E-CFG-003", "config.auth.0.name")]),
        (GOOD.replace("https://sat", "https://u:p@sat"), [(5, "E-CFG-007", "url")]),
        (GOOD.replace("https://sat", "ftp://sat"), [(5, "E-CFG-009", "")]),
        (GOOD.replace("10.20.0.0/16:8080", "kantor"), [(19, "E-CFG-010", "")]),
        (GOOD.replace("title: Portal Satu Data Garut", "name: lagi"), [(2, "E-CFG-013", "name")]),
        (GOOD.replace("name: garut", "name: Garut Kab"), [(1, "E-CFG-004", "name")]),
        (GOOD + "aggregate: {group_by: [kategori]}\n", [(20, "E-CFG-003", "aggregate.columns")]),
        (GOOD + "aggregate: {columns: [a], group_by: [b]}\n", [(20, "E-CFG-004", "aggregate.group_by.0.field")]),
        (GOOD + "aggregate: {columns: [a], group_by: [a], k: 0}\n", [(20, "E-CFG-004", "aggregate.k")]),
        (GOOD + "template: tidakada\n", [(20, "E-CFG-004", "template")]),
        ("name: x\n", [(1, "E-CFG-003", "connector")]),
        ("- a\n- b\n", [(1, "E-CFG-004", "(berkas)")]),
        ("a: [\nb\n", [(3, "E-CFG-001", "")]),
        ("\n", [(1, "E-CFG-004", "(berkas)")]),
        ("a: !!python/object/apply:os.system [ls]\n", [(1, "E-CFG-001", "")]),
    ],
)
def test_a_mistake_is_told_with_its_line(text, told):
    assert mistakes(text) == told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = GOOD.replace("records:", "record:").replace("style: page", "style: x").replace("name: garut", "name: Garut!")
    assert mistakes(text)[0][0] == 1
    text = GOOD.replace("records:", "record:").replace("style: page", "style: x")
    assert [line for line, _, _ in mistakes(text)] == [7, 8]


def test_a_file_that_multiplies_itself_is_refused():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert mistakes(bomb) == [(1, "E-CFG-001", "")]


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_source(tmp_path / "tidak.yaml")
    assert caught.value.code == "E-CFG-012"


def test_no_mistake_shows_a_secret():
    broken = GOOD.replace("type: query, name: kunci", "type: qery, nama: kunci")
    with pytest.raises(ConfigError) as caught:
        load_source(broken)
    told = json.dumps([error.to_dict() for error in caught.value.all()])
    assert SECRET not in told


def test_secrets_are_found_by_their_marks_and_struck_from_what_is_shown():
    source = load_source(GOOD)
    assert secret_pointers(source) == ["/config/auth/0/value", "/config/auth/1/value"]
    assert SECRET not in json.dumps(source.masked())
    assert source.masked()["config"]["auth"][0]["value"] == "env:KUNCI_GARUT"


def test_a_reference_to_a_secret_is_looked_up_when_it_is_used():
    source = load_source(GOOD)
    http = http_for(source, permitted=["10.20.0.0/16:8080"], environ={"KUNCI_GARUT": "k-1"})
    assert http.auth.headers == {"X-API-Key": "k-1"}
    assert http.limits.requests_per_second == 2
    with pytest.raises(ConfigError) as caught:
        http_for(source, permitted=["10.20.0.0/16:8080"], environ={})
    assert (caught.value.code, caught.value.params["name"]) == ("E-CFG-006", "KUNCI_GARUT")


def test_a_network_the_administrator_does_not_permit_is_refused():
    with pytest.raises(ConfigError) as caught:
        http_for(load_source(GOOD), permitted=["10.20.0.0/16:8081"], environ={"KUNCI_GARUT": "k"})
    assert (caught.value.code, caught.value.params["entry"]) == ("E-CFG-011", "10.20.0.0/16:8080")


@pytest.mark.parametrize("name", templates())
def test_a_ready_made_application_is_a_source_that_lacks_only_what_an_office_knows(name):
    url = "sqlite:aplikasi.db" if template(name)["connector"] == "database" else "https://aplikasi.contoh.go.id/api"
    given = {"name": "uji", "template": name, "organization": "Dinas", "url": url}
    source = Source.from_dict(given)
    assert source.template == name
    assert source.penayangan == "diperiksa"
    assert source.aggregation is None or source.aggregation.k >= 1


def test_what_the_source_says_stands_over_its_template():
    given = {
        "name": "uji",
        "template": "complaints",
        "url": "https://a.go.id",
        "config": {"paging": {"style": "page", "page_size": 50, "size": "n"}},
        "aggregate": {"k": 10},
    }
    source = Source.from_dict(given)
    assert source.aggregation.k == 10
    assert source.aggregation.columns == tuple(template("complaints")["aggregate"]["columns"])
    assert source.config["paging"]["page_size"] == 50
    assert source.config["records"] == "data"


def test_the_example_of_a_source_stays_readable_as_yaml():
    assert list(yaml.safe_load(load_source(GOOD).to_yaml()))[:3] == ["name", "connector", "url"]
