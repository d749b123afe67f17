"""What Solr has acknowledged survives its violent end: the outbox has forgotten it by then."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from deploy import solr, testservices
from deploy.layout import service_account
from tests.platform_fixtures import Index, ckan_schema

pytestmark = pytest.mark.long


def test_documents_survive_a_kill_right_after_they_were_taken():
    services = testservices.start(bound_to_this_process=True)
    try:
        node, account = services.solr, service_account()
        solr.write_core(node.home / "inti", ckan_schema(), account)
        solr.create_core(node, "inti")
        index = Index(node.core_url("inti"))
        index.post("update", [{"index_id": str(n), "id": str(n), "site_id": "uji"} for n in range(300)])
        os.kill(services.pids["solr"], signal.SIGKILL)
        os.waitpid(services.pids["solr"], 0)
        log = Path(services.folder) / "log" / "solr-again.log"
        again = testservices.spawn(node.command, log, account, signal.SIGTERM, bound=True)
        services.pids["solr"] = again.pid
        solr.wait_for_core(node, "inti", 60)
        deadline = time.monotonic() + 20
        while index.select(rows="0")["response"]["numFound"] < 300:
            assert time.monotonic() < deadline, "documents were lost"
    finally:
        testservices.stop(services)
