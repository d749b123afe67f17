"""What other portals run reads us whole: a plain CKAN with unmodified harvesters, ckanapi, rdflib."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from satudata_schemas import contract
from tests.stock_ckan import stock_ckan

pytestmark = pytest.mark.long

DATASETS = 120
FACADE = "/api/satudata/v1/nasional"
#: What ckanext-dcat's own profile calls it -> what we and the national portal call it.
SAME = {
    "publisher_name": "produsen_data_name", "modified": "tanggal_mutakhir", "temporal_start": "periode_awal",
    "temporal_end": "periode_akhir", "contact_name": "kontak_nama_unit", "contact_email": "kontak_surel",
}  # fmt: skip
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def stock(services, tmp_path_factory):
    with stock_ckan(services, tmp_path_factory.mktemp("polos")) as plain:
        plain.act([("organization_create", {"name": "pusat", "title": "Pusat"})])
        yield plain


@pytest.fixture
def catalogue(web, office, make_office):
    """A page and a bit of datasets; the first has every field that a dataset may have and everybody may see."""
    ours_to_say = {"identifier", "resources", "owner_org"}
    whole = {
        name: field.example
        for name, field in contract.fields().items()
        if field.example is not None and not (field.computed or field.private or name in ours_to_say)
    }
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


def add_source(stock, url, kind, **config):
    name = f"sumber-{kind.replace('_', '-')}"
    source = {
        "name": name, "title": name, "url": url, "source_type": kind, "frequency": "MANUAL", "owner_org": "pusat",
        "config": json.dumps(config),
    }  # fmt: skip
    stock.act([("harvest_source_create", source)])
    return name


def taken(stock):
    """What the stock CKAN has, by name, without its sources."""
    [found] = stock.act([("package_search", {"q": "type:dataset", "rows": 1000})])
    return {one["name"]: one for one in found["results"]}


def extras(package):
    return {one["key"]: one["value"] for one in package["extras"]}


def test_a_stock_harvester_takes_the_national_facade_whole_and_finds_nothing_new_the_second_time(catalogue, stock):
    ours = everything(catalogue)
    name = add_source(stock, f"{catalogue}{FACADE}", "ckan")
    first = stock.harvest(name)
    theirs = taken(stock)
    assert theirs.keys() == ours.keys()
    assert first["stats"]["errored"] == 0, first
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
    again = stock.harvest(name)["stats"]
    assert (again["added"], again["updated"], again["errored"], again["deleted"]) == (0, 0, 0, 0)
    assert {key: one["metadata_modified"] for key, one in taken(stock).items()} == before


def test_ckanapi_dumps_the_facade(catalogue, tmp_path):
    ours = everything(catalogue)
    target = tmp_path / "dump.jsonl"
    command = [str(Path(sys.prefix) / "bin" / "ckanapi"), "dump", "datasets", "--all", "-O", str(target)]
    path = f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"  # it starts workers of its own name
    subprocess.run([*command, "-r", f"{catalogue}{FACADE}"], check=True, timeout=300, env={**os.environ, "PATH": path})
    dumped = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert {one["name"]: extras(one) for one in dumped} == {name: extras(one) for name, one in ours.items()}


def test_a_stock_dcat_harvester_takes_the_catalogue_whole(catalogue, stock):
    ours = everything(catalogue)
    name = add_source(stock, f"{catalogue}/api/satudata/v1/catalog.ttl", "dcat_rdf", rdf_format="text/turtle")
    first = stock.harvest(name)
    theirs = {extras(one)["identifier"]: one for one in taken(stock).values() if "dcat" in source_of(one)}
    assert theirs.keys() == {one["id"] for one in ours.values()}, first["stats"]
    for one in ours.values():
        other, national = theirs[one["id"]], extras(one)
        assert (other["title"], other["notes"]) == (one["title"], one["notes"])
        assert {tag["name"] for tag in other["tags"]} == {tag["name"] for tag in one["tags"]}
        assert [(r["access_url"], r["name"], r["format"]) for r in other["resources"]] == [
            (r["url"], r["name"], r["format"]) for r in one["resources"]
        ]
        read, said = extras(other), {name: national[ours_] for name, ours_ in SAME.items() if ours_ in national}
        assert {name: read.get(name) for name in said} == said
        assert read.get("spatial_uri", "").rpartition("/")[2] == national.get("kode_wilayah", "")
        assert f"kategori/{national['kategori']}" in read["theme"]
    again = stock.harvest(name)["stats"]
    assert (again["added"], again["errored"], again["deleted"]) == (0, 0, 0)
    later = {extras(one)["identifier"]: one for one in taken(stock).values() if "dcat" in source_of(one)}
    changed = [set(content(one).items()) ^ set(content(theirs[id_]).items()) for id_, one in later.items()]
    assert set().union(*changed) == set()


def content(package):
    """A package without what ckanext-dcat writes at each harvest, changed or not: it updates every dataset it reads."""
    resources = [[r.get(key) for key in ("access_url", "name", "format", "license")] for r in package["resources"]]
    # A list is written in the order in which a graph gives its members, which is none.
    lists = {
        key: str(sorted(value.strip("[]").split(", "))) for key, value in extras(package).items() if value[:1] == "["
    }
    said = {key: value for key, value in extras(package).items() if not key.startswith("harvest_")} | lists
    core = {key: package[key] for key in ("id", "title", "notes", "url")}
    return core | said | {"tags": str(sorted(tag["name"] for tag in package["tags"])), "resources": str(resources)}


def source_of(package):
    return extras(package).get("harvest_source_title", "")
