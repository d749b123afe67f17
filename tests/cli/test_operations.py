"""What an administrator of the server does by command: the index made anew, what is looked at and mended."""

from __future__ import annotations

from dataclasses import replace


def test_the_index_is_made_anew_by_command(ckan, region):
    done = ckan("index", "rebuild", "--json")
    assert (done.code, done.json["indexed"], done.json["removed"]) == (0, 0, 0)
    assert "diindeks ulang" in ckan("index", "rebuild").out


def test_without_solr_the_command_says_so_and_ends_with_3(ckan, region, configured):
    configured("solr_url", "http://127.0.0.1:9/solr/ckan")
    done = ckan("index", "rebuild")
    assert done.code == 3
    assert "E-SVC-001" in done.err


def _checks(done):
    return {check["name"]: check for check in done.json["checks"]}


def test_the_doctor_names_what_differs_and_mends_it(ckan, region, act, search_index):
    from ckan import model

    from ckanext.satudata.catalog import index

    org = act("organization_show", id=region.office)["id"]
    made = act("package_create", name=f"{region.office}-satu", title="Satu", owner_org=org,
               notes="Keterangan.", resources=[{"url": "https://data.contoh.go.id/a.csv", "name": "A"}])  # fmt: skip
    while index.drain(model.Session):
        pass
    assert _checks(ckan("doctor", "--json"))["index"]["ok"]
    search_index.clear()

    done = ckan("doctor", "--json")

    assert done.code == 1
    lost = _checks(done)["index"]
    assert (lost["ok"], lost["code"]) == (False, "E-SVC-008")
    assert [(one["kind"], one["package_id"]) for one in lost["examples"]] == [("index_missing", made["id"])]
    assert made["id"] in ckan("doctor").out
    assert "E-SVC-008" in ckan("doctor").err
    assert "index" not in _checks(ckan("doctor", "--quick", "--json"))

    assert "1 dari 1 perbedaan diperbaiki" in ckan("doctor", "--repair").out
    search_index.commit()
    assert _checks(ckan("doctor", "--json"))["index"]["ok"]
    assert [one["id"] for one in search_index.documents()] == [made["id"]]


def test_the_doctor_names_a_broken_connector_by_its_entry_point(ckan, region, monkeypatch):
    from ckanext.satudata.harvest import health
    from satudata_harvesters import connector

    broken = replace(connector.registry(), broken={"rusak": "ImportError"})

    monkeypatch.setattr(health, "registry", lambda: broken)
    check = _checks(ckan("doctor", "--quick", "--json"))["connectors"]
    assert (check["ok"], check["code"]) == (False, "E-SVC-006")
    assert "rusak (ImportError)" in check["detail"]


def test_the_doctor_names_sources_whose_key_is_missing_and_a_full_disk(ckan, region, monkeypatch, act, unique):
    import sqlalchemy as sa
    from ckan import model

    from ckanext.satudata.catalog import tables
    from ckanext.satudata.harvest import health

    model.Session.execute(
        sa.insert(tables.source).values(id=unique, name=unique, title="A", organization_id=region.office,
                                        connector="rest", secrets={"/config/auth/value": "gAAAA-tidak-terbuka"})
    )  # fmt: skip
    model.Session.commit()
    monkeypatch.setattr(health, "LEAST_FREE", 1.1)
    checks = _checks(ckan("doctor", "--quick", "--json"))
    assert (checks["sealed"]["code"], checks["sealed"]["detail"]) == ("E-SVC-016", unique)
    assert checks["disk"]["code"] == "E-SVC-015"


def test_keys_are_replaced_by_command(ckan, region):
    done = ckan("secrets", "rotate", "--retire", "--json")
    assert (done.code, done.json) == (0, {"sealed": 0, "shut": [], "retired": 1})
