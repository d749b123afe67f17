"""What an administrator of the server does by command: the index made anew, what is looked at and mended."""

from __future__ import annotations


def test_the_index_is_made_anew_by_command(ckan, region):
    done = ckan("index", "rebuild", "--json")
    assert (done.code, done.json["indexed"], done.json["removed"]) == (0, 0, 0)
    assert "diindeks ulang" in ckan("index", "rebuild").out


def test_without_solr_the_command_says_so_and_ends_with_3(ckan, region, configured):
    configured("solr_url", "http://127.0.0.1:9/solr/ckan")
    done = ckan("index", "rebuild")
    assert done.code == 3
    assert "E-SVC-001" in done.err
