"""From the source of an office to the public: what comes in, who must look at it first, and who may see it when."""

import csv
import io
import secrets
from collections import Counter
from types import SimpleNamespace

import pytest

from demo.complaints import Complaints
from demo.portal import Portal
from tests.e2e.stack import API, WALIDATA, until

K = 5


@pytest.fixture(scope="module")
def reader(stack):
    """The header of an application that reads what is published."""
    return stack.token(f"pembaca-{secrets.token_hex(3)}", "catalog:read")


# --- a catalogue that is open already ---


@pytest.fixture(scope="module")
def portal(stack, tmp_path_factory):
    """A regency's portal, registered with the Walidata's word and harvested once by the worker."""
    folder, name = tmp_path_factory.mktemp("portal"), f"portal-{secrets.token_hex(4)}"
    application = Portal(datasets=60, seed=secrets.randbits(32))
    with stack.serving(application) as url:
        definition = {
            "name": name, "title": "Portal Kabupaten", "organization": WALIDATA, "connector": "ckan", "url": url,
            "config": {"page_size": 20}, "penayangan": "otomatis",
        }  # fmt: skip
        file = stack.write_source(folder, definition)
        stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")
        run = stack.harvest(name)
        stack.settled()
        yield SimpleNamespace(name=name, application=application, run=run)


def standing(stack, source):
    """Everything the platform answers and keeps of a source, without when it was last seen."""
    [[source_id]] = stack.sql("SELECT id FROM satudata_source WHERE name = %s", source)
    ids = [
        row[0] for row in stack.sql("SELECT package_id FROM satudata_record WHERE source_id = %s", source_id) if row[0]
    ]
    stack.settled()
    documents = stack.platform.index.documents("*:*", rows=10000, fl="*", fq=f"id:({' OR '.join(ids)})")
    return SimpleNamespace(
        ids=set(ids),
        records=sorted(
            stack.sql(
                "SELECT id, identifier, version, hasil, status, fingerprint, score, dataset::text, rest::text"
                " FROM satudata_record WHERE source_id = %s", source_id,
            )
        ),
        changes=stack.sql("SELECT * FROM satudata_change WHERE package_id = ANY(%s) ORDER BY seq", ids),
        answers=sorted(stack.sql("SELECT * FROM satudata_answer WHERE package_id = ANY(%s)", ids)),
        packages=sorted(stack.sql("SELECT id, metadata_modified, state, private FROM package WHERE id = ANY(%s)", ids)),
        documents=sorted(str(sorted(document.items())) for document in documents),
    )  # fmt: skip


def test_a_harvest_publishes_what_is_fit_and_says_what_is_not(stack, portal):
    run, application = portal.run, portal.application
    refused, poor = application.ids("nik_in_notes"), application.ids("no_link") | application.ids("no_title")
    assert (run["state"], run["complete"]) == ("selesai", True)
    assert run["tidak_dimuat"] == len(refused)
    assert run["perlu_perbaikan"] == len(poor - refused)
    assert run["layak"] == len(application.ids() - refused - poor)
    status = Counter(
        row[0]
        for row in stack.sql(
            "SELECT r.status FROM satudata_record r JOIN satudata_source s ON s.id = r.source_id"
            " WHERE s.name = %s AND r.package_id IS NOT NULL", portal.name,
        )
    )  # fmt: skip
    assert status == Counter({"tayang": run["layak"], "draf": run["perlu_perbaikan"]})


def test_what_is_published_is_what_everyone_finds(stack, portal, reader):
    ours = f"source={portal.name}&limit=100"
    assert stack.get(f"{API}/datasets?{ours}", headers=reader).json()["meta"]["total"] == portal.run["layak"]
    ids = standing(stack, portal.name).ids
    public = stack.get("/api/3/action/package_search?rows=1000&fl=id").json()["result"]
    found = {package["id"] for package in public["results"]} & ids
    assert len(found) == portal.run["layak"]


def test_a_second_harvest_changes_nothing(stack, portal):
    before = standing(stack, portal.name)

    run = stack.harvest(portal.name)

    assert (run["state"], run["complete"], run["read"]) == ("selesai", True, portal.run["read"])
    assert (run["created"], run["updated"], run["missing"], run["withdrawn"]) == (0, 0, 0, 0)
    assert (run["layak"], run["perlu_perbaikan"], run["tidak_dimuat"]) == tuple(
        portal.run[name] for name in ("layak", "perlu_perbaikan", "tidak_dimuat")
    )
    after = standing(stack, portal.name)
    assert len(before.documents) == portal.run["layak"] + portal.run["perlu_perbaikan"]
    assert after == before


# --- an application about people ---


class Complaint:
    """One complaints application and the dataset it became."""

    def __init__(self, stack, application, name):
        self.stack, self.application, self.source = stack, application, name
        [row] = stack.sql("SELECT package_id, name, status FROM satudata_record WHERE identifier = %s", name)
        self.id, self.name, self.status = row
        shown = stack.platform.index.documents(f"id:{self.id}", fl="validated_data_dict")
        assert shown, "the dataset is not in the index"
        csv_file = "SELECT id, url FROM resource WHERE package_id = %s AND upper(format) = 'CSV'"
        [[self.resource, self.file]] = stack.sql(csv_file, self.id)

    def status_for_the_public(self, reader):
        """Where somebody who is not signed in can get hold of it: place -> yes or no."""
        stack, title = self.stack, "Jumlah Aduan Warga"
        search = stack.get("/dataset/", params={"q": title})
        found = stack.get("/api/3/action/package_search", params={"q": f"id:{self.id}"}).json()["result"]
        listed = stack.get(f"{API}/datasets", params={"source": self.source}, headers=reader).json()
        ours = [item for item in listed["data"] if item["id"] == self.id]
        assert search.status_code == 200
        assert listed["meta"]["total"] == len(listed["data"])
        return {
            "search page": f"/dataset/{self.name}" in search.text,
            "dataset page": stack.get(f"/dataset/{self.name}").status_code == 200,
            "resource page": stack.get(f"/dataset/{self.name}/resource/{self.resource}").status_code == 200,
            "CKAN's search": found["count"] == 1,
            "CKAN's list": self.name in stack.get("/api/3/action/package_list").json()["result"],
            "CKAN's show": stack.get("/api/3/action/package_show", params={"id": self.id}).status_code == 200,
            "API list": len(ours) == 1,
            "API show": stack.get(f"{API}/datasets/{self.id}", headers=reader).status_code == 200,
            "file": stack.get(self.path).status_code == 200,
        }

    @property
    def path(self):
        """The path of the file."""
        return f"/dataset/{self.id}/resource/{self.resource}/download/{self.file.rpartition('/')[2]}"


@pytest.fixture(scope="module")
def complaints(stack, tmp_path_factory):
    """A complaints application, harvested once by the worker."""
    folder, name = tmp_path_factory.mktemp("aduan"), f"aduan-{secrets.token_hex(4)}"
    application = Complaints(key=secrets.token_hex(16), count=3000, population=2000, seed=secrets.randbits(64))
    with stack.serving(application) as url:
        definition = {
            "name": name, "title": "Aduan Warga", "organization": WALIDATA, "template": "complaints",
            "connector": "rest", "url": f"{url}/api/v1/laporan",
            "config": {"auth": {"type": "header", "name": "X-API-Key", "value": application.key}},
        }  # fmt: skip
        stack.satudata("source", "add", name, "--file", str(stack.write_source(folder, definition)))
        run = stack.harvest(name)
        assert (run["state"], run["read"], run["layak"]) == ("selesai", 3000, 1)
        stack.settled()
        yield Complaint(stack, application, name)


@pytest.fixture(scope="module")
def waiting(stack, complaints, reader):
    """Where it stood and what the public could see before the Walidata had looked, and what applications of offices."""
    offices = {
        "everything": [],
        "the owner": ["--organization", WALIDATA],
        "another": ["--organization", "dinas-kesehatan"],
    }
    inside = {}
    for who, confined in offices.items():
        header = stack.token(f"dalam-{secrets.token_hex(3)}", "catalog:read", "dataset:read", confined=confined)
        inside[who] = stack.get(f"{API}/datasets/{complaints.id}", headers=header).status_code
    return SimpleNamespace(status=complaints.status, public=complaints.status_for_the_public(reader), inside=inside)


@pytest.fixture(scope="module")
def approved(stack, complaints, waiting):
    """The dataset, approved by a command of the Walidata."""
    [said] = stack.satudata("dataset", "approve", complaints.name, "--as", "walidata")
    assert said["status"] == "tayang"
    return complaints


def test_until_the_walidata_approves_nobody_else_sees_it(waiting):
    assert waiting.status == "menunggu"
    assert [place for place, there in waiting.public.items() if there] == []
    assert waiting.inside == {"everything": 200, "the owner": 200, "another": 404}


def test_only_the_walidata_approves(stack, complaints, waiting, reader):
    ended = stack.ckan("satudata", "dataset", "approve", complaints.name, "--as", "operator")
    assert (ended.code, ended.out) == (2, "")
    assert "[E-CLI-002]" in ended.err


def test_what_the_walidata_approves_is_seen_by_everyone(approved, reader):
    def everywhere():
        return all(approved.status_for_the_public(reader).values())

    until(everywhere, "the approved dataset is seen in every place", 10)


def test_the_file_holds_every_cell_that_is_large_enough_and_no_other(stack, approved):
    answer = stack.get(approved.path)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8"))))[1:]
    served = {(category, district, month): int(count) for category, _code, district, month, *_, count in rows}
    counted = Counter()
    for (category, district, month), count in approved.application.cells().items():
        counted[category, "Tidak diketahui" if district == "-" else district, month] += count
    assert min(counted.values()) < K < max(counted.values())
    assert served == {cell: count for cell, count in counted.items() if count >= K}


def test_the_page_says_which_application_it_comes_from_and_what_is_left_out(stack, approved):
    page = stack.get(f"/dataset/{approved.name}").text
    assert "Aduan Warga" in page
    assert "kurang dari 5 tidak ditampilkan" in page


# --- the API ---


def test_a_list_comes_in_the_envelope(stack, portal, reader):
    body = stack.get(f"{API}/datasets?source={portal.name}&limit=10", headers=reader).json()
    assert set(body) == {"data", "meta", "links"}
    assert len(body["data"]) == 10
    assert body["meta"]["total"] == portal.run["layak"]
    following = stack.get(body["links"]["next"].removeprefix(stack.platform.site_url), headers=reader).json()
    assert {item["id"] for item in following["data"]}.isdisjoint(item["id"] for item in body["data"])


def test_one_dataset_is_what_the_list_said(stack, portal, reader):
    [listed] = stack.get(f"{API}/datasets?source={portal.name}&limit=1", headers=reader).json()["data"]
    answer = stack.get(f"{API}/datasets/{listed['id']}", headers=reader)
    assert answer.status_code == 200
    assert answer.json()["title"] == listed["title"]
    again = stack.get(f"{API}/datasets/{listed['id']}", headers={**reader, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer bukan.sebuah.token"}], ids=["no token", "no such token"]
)
@pytest.mark.parametrize("path", ["/datasets", "/datasets/tidak-ada"])
def test_without_a_token_nothing_is_told(stack, path, headers):
    answer = stack.get(API + path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"]


def test_a_person_s_token_of_ckan_is_taken(stack, complaints):
    made = stack.ckan("user", "token", "add", "walidata", f"uji-{secrets.token_hex(3)}", "-q")
    token = made.out.strip().splitlines()[-1].strip()
    answer = stack.get("/api/3/action/package_show", params={"id": complaints.id}, headers={"Authorization": token})
    assert answer.status_code == 200
