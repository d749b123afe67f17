"""What other portals run reads us whole: a plain CKAN with unmodified harvesters, ckanapi, rdflib."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from satudata_schemas import contract
from tests.stock_ckan import stock_ckan

pytestmark = pytest.mark.long

DATASETS = 120
FACADE = "/api/satudata/v1/nasional"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def stock(services, tmp_path_factory):
    with stock_ckan(services, tmp_path_factory.mktemp("polos")) as plain:
        plain.act([("organization_create", {"name": "pusat", "title": "Pusat"})])
        yield plain


@pytest.fixture
def catalogue(web, office, make_office):
    """A page and a bit of datasets; the first has every field that a dataset may have and everybody may see."""
    whole = {
        name: field.example
        for name, field in contract.fields().items()
        if field.example is not None and not field.computed and not field.private and name not in {"identifier", "resources", "owner_org"}
    }  # fmt: skip
    office.put("lengkap", index=False, **{**whole, "hak_akses": "terbuka"})
    for number in range(DATASETS - 1):
        office.put(f"d{number}", index=False, kategori="04", kode_wilayah="32.04", satuan="orang", tags=["penduduk"])
    make_office.catch_up()
    return web


def facade(web, action, **query):
    address = f"{web}{FACADE}/api/3/action/{action}?{urllib.parse.urlencode(query)}"
    with _direct.open(address, timeout=60) as answer:
        return json.load(answer)["result"]


def everything(web):
    found = facade(web, "package_search", rows=1000)["results"]
    assert len(found) == DATASETS
    return {one["name"]: one for one in found}


def harvest(stock, url, kind, config):
    name = f"sumber-{kind.replace('_', '-')}"
    source = {
        "name": name, "title": name, "url": url, "source_type": kind, "frequency": "MANUAL", "owner_org": "pusat",
        "config": json.dumps(config),
    }  # fmt: skip
    stock.act([("harvest_source_create", source)])
    stock.harvest(name)
    return name


def taken(stock):
    """What the stock CKAN has, by name, without its sources."""
    [found] = stock.act([("package_search", {"q": "type:dataset", "rows": 1000})])
    return {one["name"]: one for one in found["results"]}


def extras(package):
    return {one["key"]: one["value"] for one in package["extras"]}


def test_a_stock_harvester_takes_the_national_facade_whole_and_finds_nothing_new_the_second_time(catalogue, stock):
    ours = everything(catalogue)
    name = harvest(stock, f"{catalogue}{FACADE}", "ckan", {"default_tags": []})
    theirs = taken(stock)
    assert theirs.keys() == ours.keys()
    for one, other in ((ours[key], theirs[key]) for key in ours):
        assert {key: one[key] for key in ("id", "title", "notes", "license_id")} == {
            key: other[key] for key in ("id", "title", "notes", "license_id")
        }
        assert {tag["name"] for tag in one["tags"]} == {tag["name"] for tag in other["tags"]}
        assert [(r["url"], r["name"], r["format"]) for r in one["resources"]] == [
            (r["url"], r["name"], r["format"]) for r in other["resources"]
        ]
        national = extras(one)
        assert {key: value for key, value in extras(other).items() if key in national} == national
    before = {key: one["metadata_modified"] for key, one in theirs.items()}
    stock.harvest(name)
    assert {key: one["metadata_modified"] for key, one in taken(stock).items()} == before


def test_ckanapi_dumps_the_facade(catalogue, tmp_path):
    ours = everything(catalogue)
    target = tmp_path / "dump.jsonl"
    command = [str(Path(sys.prefix) / "bin" / "ckanapi"), "dump", "datasets", "--all", "-O", str(target)]
    subprocess.run([*command, "-r", f"{catalogue}{FACADE}"], check=True, timeout=300)
    dumped = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert {one["name"]: extras(one) for one in dumped} == {name: extras(one) for name, one in ours.items()}
