"""The line to Solr: what is posted in one request, what Solr makes of it, and what it holds.

A request has a deadline well below a run's lease, so that a Solr that hangs costs a worker its patience and not its
run. What Solr cannot take is found by halving, so that one document never keeps the others.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests
from ckan.common import config
from ckan.lib.search.common import make_connection

log = logging.getLogger(__name__)

#: seconds Solr has for a batch. Never a shorter one to connect: the body, too, is sent under that one's rule, and Solr
#: takes megabytes no faster than it reads them.
TIMEOUT = 15.0
#: so many refusals without one acceptance mean that it is Solr that is ill, and no document
MOST_REFUSALS = 64
#: how Solr says that a failed write (a full disk) has closed its index until it is started anew
_CLOSED = ("IndexWriter is closed", "AlreadyClosedException")

Document = Mapping[str, Any]


class IndexUnavailable(RuntimeError):  # noqa: N818 - a state, not a mistake
    """Solr does not answer, or not as Solr does; the outbox keeps what was to be sent."""


def index_id(package_id: str) -> str:
    """The key of a package's document, as CKAN makes it."""
    return hashlib.md5(f"{package_id}{config.get('ckan.site_id')}".encode(), usedforsecurity=False).hexdigest()


def send(
    documents: Sequence[Document], gone: Sequence[str], *, timeout: float = TIMEOUT, within: float | None = None
) -> dict[str, str]:
    """Post documents and the removal of packages; ids that Solr cannot take, with its reason.

    Searches see them `within` so many seconds, else as soon as Solr is set to. Raises IndexUnavailable where Solr is
    away, or takes nothing at all of what it is given.
    """
    sending = _Sending(timeout, within)
    sending.send(list(documents), list(gone))
    return sending.refused


@dataclass(slots=True)
class _Sending:
    timeout: float
    within: float | None
    refused: dict[str, str] = field(default_factory=dict)
    accepted: bool = False
    refusals: int = 0

    def send(self, documents: list[Document], gone: list[str]) -> None:
        if not documents and not gone:
            return
        status, text = post(_body(documents, gone), timeout=self.timeout, within=self.within)
        if status == 200:
            self.accepted = True
            return
        self._refusal(status, text)
        if gone and documents:
            self.send([], gone)
            self.send(documents, [])
        elif len(documents) > 1:
            middle = len(documents) // 2
            self.send(documents[:middle], [])
            self.send(documents[middle:], [])
        elif documents:
            self._alone(documents[0], status, text)
        else:
            raise _unavailable(status, text)

    def _refusal(self, status: int, text: str) -> None:
        self.refusals += 1
        if status in (401, 403, 404) or (self.refusals > MOST_REFUSALS and not self.accepted):
            raise _unavailable(status, text)

    def _alone(self, document: Document, status: int, text: str) -> None:
        if status != 400 and not self.accepted:
            # It may be Solr and not this document: known once another has passed.
            probe, told = post(_body([], ["tidak-ada"]), timeout=self.timeout)
            if probe != 200 or any(word in text for word in _CLOSED):
                raise _unavailable(status, text or told)
        reason = _reason(text) or f"HTTP {status}"
        log.warning("Solr cannot take %r: %r", document["id"], reason)
        self.refused[document["id"]] = reason


def _unavailable(status: int, text: str) -> IndexUnavailable:
    return IndexUnavailable(f"Solr answers {status}: {_reason(text)}")


_FIELD = re.compile(r"""(?:Error adding field '|in field="|undefined field:? "?)([\w.\-]+)""")


def _reason(text: str) -> str:
    """What kind of mistake Solr names, and in which field; never the value, which may be anybody's."""
    field_named = _FIELD.search(text)
    try:
        told = dict(zip(*[iter(orjson.loads(text)["error"]["metadata"])] * 2, strict=False))
        kind = str(told.get("root-error-class") or told.get("error-class") or "")
    except (ValueError, KeyError, TypeError):
        kind = ""
    return " ".join(part for part in (kind.rpartition(".")[2], field_named[1] if field_named else "") if part)


def _body(documents: Iterable[Document], gone: Iterable[str]) -> bytes:
    parts = [b'"add":{"doc":' + _json(document) + b"}" for document in documents]
    removed = [index_id(id_) for id_ in gone]
    if removed:
        parts.append(b'"delete":' + orjson.dumps(removed))
    return b"{" + b",".join(parts) + b"}"


def _json(document: Document) -> bytes:
    return orjson.dumps({str(key): value for key, value in document.items() if value is not None}, default=str)


def post(body: bytes, *, timeout: float = TIMEOUT, within: float | None = None) -> tuple[int, str]:
    """Post a body to the update handler: (status, text). Searches see what it holds `within` so many seconds."""
    asked: dict[str, str] = {}
    if config.get("ckan.search.solr_commit"):
        asked["commit"] = "true"
    elif within is not None:
        asked["commitWithin"] = str(round(within * 1000))
    answer = _request(
        "POST", "update", timeout, params=asked, data=body, headers={"Content-Type": "application/json"}
    )  # fmt: skip
    return answer.status_code, answer.text


def commit() -> None:
    """Put all that was posted into the index proper, and make it visible to searches."""
    post(b'{"commit":{}}', timeout=60)


def show(*, timeout: float = TIMEOUT) -> None:
    """Make all that was posted visible to searches; back when it is. Raises IndexUnavailable."""
    status, text = post(b'{"commit":{"softCommit":true,"waitSearcher":true}}', timeout=timeout)
    if status != 200:
        raise _unavailable(status, text)


def held(fields: Sequence[str], *, size: int = 5000) -> Iterator[dict[str, Any]]:
    """Every document of this site in the order of its package's id, with these fields, read in pages of `size`.

    Searches see what was posted before the last commit. Raises IndexUnavailable.
    """
    mark = "*"
    while True:
        asked = {
            "q": "*:*", "sort": "id asc,index_id asc",
            "fq": f'+site_id:"{config.get("ckan.site_id")}" +entity_type:package',
            "fl": ",".join(fields), "rows": str(size), "cursorMark": mark, "wt": "json",
        }  # fmt: skip
        answer = _request("POST", "select", 60, data=asked)
        if answer.status_code != 200:
            raise _unavailable(answer.status_code, answer.text)
        found = orjson.loads(answer.content)
        yield from found["response"]["docs"]
        if found["nextCursorMark"] == mark:
            return
        mark = found["nextCursorMark"]


def some(ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The documents of these packages, by package id, with these fields."""
    asked = {"q": "*:*", "fq": f"{{!terms f=index_id}}{','.join(map(index_id, ids))}", "fl": ",".join(fields),
             "rows": str(len(ids)), "wt": "json"}  # fmt: skip
    answer = _request("POST", "select", 60, data=asked)
    if answer.status_code != 200:
        raise _unavailable(answer.status_code, answer.text)
    return {document["id"]: document for document in orjson.loads(answer.content)["response"]["docs"]}


def _request(method: str, path: str, timeout: float, **more: Any) -> requests.Response:
    connection = make_connection()
    try:
        return connection.get_session().request(
            method, f"{connection.url.rstrip('/')}/{path}", auth=connection.auth,
            timeout=timeout, **more,
        )  # fmt: skip
    except requests.RequestException as error:
        raise IndexUnavailable(type(error).__name__) from error
