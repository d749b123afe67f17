"""Servers and clients for the tests of the readers; nothing here needs a service."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from satudata_harvesters.http import Http, Limits
from satudata_harvesters.source import Source
from tests.harvesters.site import Handler, Site, site

#: Short enough for a test, long enough for a slow machine to answer a local request.
QUICK = Limits(connect=2, read=2, deadline=5, attempts=1, backoff=0)


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], Site]]:
    """`serve(handler)` starts a server that lives as long as the test."""
    with contextlib.ExitStack() as stack:
        yield lambda handler: stack.enter_context(site(handler))


@pytest.fixture
def client() -> Callable[..., Http]:
    """`client(site, …)`: a client for these servers that does not sleep; what it would sleep is in `.slept`."""

    def make(*sites: Site, **options: Any) -> Http:
        slept: list[float] = []
        limits = options.pop("limits", {})
        http = Http(
            replace(QUICK, **limits) if isinstance(limits, dict) else limits,
            [one.network for one in sites],
            sleep=slept.append,
            **options,
        )
        http.slept = slept  # type: ignore[attr-defined]
        return http

    return make


@pytest.fixture
def source_at() -> Callable[..., Source]:
    """`source_at(site, "ckan", …)`: a source on a server of this test."""

    def make(at: Site, connector: str, **more: Any) -> Source:
        return Source.from_dict(
            {"name": "uji", "connector": connector, "url": at.url, "allow_networks": [at.network], **more}
        )

    return make
