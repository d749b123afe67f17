"""What a fuzzer makes of the OpenAPI document: no 5xx, no undocumented status, no answer that breaks its schema."""

from __future__ import annotations

from collections import Counter

import pytest

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
BASE = "/api/satudata/v1"


@pytest.fixture
def everyone(client_of):
    from ckanext.satudata.api.clients import SCOPES

    return client_of(*SCOPES)


def _as_text(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.mark.long
def test_generated_requests_meet_only_documented_answers(loaded_ckan, app, office, everyone, addressed, monkeypatch):
    import hypothesis
    import schemathesis
    from ckan.common import config
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.config import SchemathesisConfig
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    for media in ("application/x-ndjson", "text/csv", f"{_OPEN_XML}.spreadsheetml.sheet"):
        schemathesis.serializer(media)(_as_text)
    for name in ("rate_limit", "anonymous_rate_limit"):
        monkeypatch.setitem(config, f"ckanext.satudata.api.{name}", 10**9)
    office.put("2", hak_akses="tertutup", dasar_pengecualian="UU 14/2008 Pasal 17 huruf h")
    settings = SchemathesisConfig.from_dict({"generation": {"mode": "all", "database": "none"}})
    schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", loaded_ckan.wsgi, config=settings)
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
        response_headers_conformance,
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {everyone.token}", "Accept-Encoding": "identity"}
    met: Counter[int] = Counter()
    broken = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:

            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            @hypothesis.settings(
                max_examples=25, deadline=None, database=None, derandomize=True,
                suppress_health_check=list(hypothesis.HealthCheck),
            )  # fmt: skip
            def probe(case):
                for name, value in (case.path_parameters or {}).items():
                    if met.total() % 2 and name in addressed.things and isinstance(value, str):
                        case.path_parameters[name] = addressed.things[name]
                met[case.call_and_validate(headers=headers, checks=checks).status_code] += 1

            try:
                probe()
            except (FailureGroup, Failure) as failure:
                broken.append(f"{operation.label}: {failure}")
            except hypothesis.errors.Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label  # nothing it could be asked wrongly
    assert not broken, "\n\n".join(broken)
    assert met.total() > 1000
    assert {200, 400, 404, 409, 410, 412, 422} <= set(met), met
