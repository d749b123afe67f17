"""From an address to published datasets by four commands, without a line written by hand."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from satudata_harvesters import cli


@pytest.fixture
def satudata(capsys):
    """The pure command: `satudata("connect", …)` gives its exit code and what it said."""

    def typed(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(list(map(str, arguments)))
        return ended.value.code or 0, capsys.readouterr().out

    return typed


def test_what_connect_writes_is_previewed_added_harvested_and_published_unedited(
    ckan, region, portal, tmp_path, satudata, query
):
    network = f"127.0.0.1/32:{urlsplit(portal.url).port}"
    region.permit(network)
    path = tmp_path / "sumber.yaml"

    assert satudata("connect", portal.url, "--output", path, "--name", "portal-uji", "--allow-network", network)[0] == 0
    assert satudata("preview", path, "--allow-network", network)[0] in {0, 1}
    added = ckan("source", "add", "portal-uji", "--file", path, "--organization", region.office)
    assert added.code == 0, added.err
    run = ckan("harvest", "portal-uji", "--json").json
    assert (run["state"], run["complete"], run["read"]) == ("selesai", True, 30)

    joined = "SELECT p.name FROM satudata_record r JOIN package p ON p.id = r.package_id"
    names = [row["name"] for row in query(f"{joined} WHERE r.status = 'menunggu'")]
    assert len(names) == run["layak"] > 0
    approved = ckan("dataset", "approve", *names, "--as", region.walidata, "--json")
    assert {one["status"] for one in approved.json} == {"tayang"}
