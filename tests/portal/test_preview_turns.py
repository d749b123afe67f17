"""The form answers at once where no further preview may be made, and keeps what was entered."""

from __future__ import annotations


def test_the_form_comes_back_with_what_was_entered(loaded_ckan, monkeypatch):
    from ckanext.satudata.harvest import previewing
    from ckanext.satudata.portal import access, sources

    address = "https://data.contoh.example/katalog"
    given = {"title": "Portal Uji", "organization": "dinas", "kind": "ckan", "schedule": "manual", "url": address}
    monkeypatch.setattr(access, "require_login", lambda: "seorang")
    monkeypatch.setattr(sources, "_organizations", lambda: [{"id": "d", "name": "dinas", "title": "Dinas"}])
    told = {
        "method": "POST",
        "data": given,
        "environ_overrides": {"CKAN_LANG": "id", "CKAN_CURRENT_URL": "/sumber-data/baru"},
    }
    sent = loaded_ckan.flask.test_request_context("/sumber-data/baru", **told)
    with sent, previewing.turn("seorang"):
        answer = loaded_ckan.flask.make_response(sources.preview())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    page = answer.get_data(as_text=True)
    assert "E-SRC-015" in page
    assert address in page
