"""`assess`: judging anew what is stored."""

from __future__ import annotations


def test_a_source_is_judged_anew_by_command(ckan, added, region):
    run = ckan("harvest", "portal-uji", "--json").json
    done = ckan("assess", "portal-uji", "--json")
    assert done.code == 0, done.err
    assert (done.json["trigger"], done.json["updated"]) == ("assess", 0)
    assert done.json["layak"] == run["layak"]
    assert "Dinilai" in ckan("assess", "portal-uji").out


def test_all_sources_are_judged_also_what_people_made_by_hand(ckan, added, region, act):
    ckan("harvest", "portal-uji", "--json")
    act("package_create", name="dibuat-tangan", title="Dibuat dengan tangan", owner_org=region.office)
    told = ckan("assess", "--all", "--json").json
    assert min(one["read"] for one in told) == 1
    assert len(told) == 2
    assert all(one["state"] == "selesai" for one in told)


def test_it_wants_a_name_or_all(ckan, region):
    for arguments in ((), ("portal-uji", "--all")):
        done = ckan("assess", *arguments)
        assert (done.code, "E-CLI-007" in done.err) == (2, True)
