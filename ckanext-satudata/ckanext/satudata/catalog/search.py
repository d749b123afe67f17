"""Searching the catalogue: one request to Solr over a kept connection; the answers come out as they were rendered.

Knows nothing of HTTP requests or tokens: who reads comes in as a `Reader`, what is asked as a `Query`, both already
checked. The reader's words are text and nothing else: no operator, no field, no local parameter.
"""

from __future__ import annotations

import base64
import http.client
import re
import socket
import threading
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BufferedReader
from typing import Any, cast

import orjson
from ckan.common import config

#: Seconds Solr has to answer.
TIMEOUT = 1.6
#: Words of a query beyond this number are not looked for.
MAX_WORDS = 32
FACET_LIMIT = 100
#: Bytes of an answer that are read at once; a page of full datasets has a hundred thousand.
PIECE = 128 * 1024
#: Bytes of a query that are asked for in the address; Jetty takes 8 kB by default.
LONGEST_ADDRESS = 6000
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class SearchUnavailable(RuntimeError):  # noqa: N818 - a state, not a mistake
    """Solr does not answer."""


class CursorRefused(ValueError):  # noqa: N818
    """Solr does not know this cursor."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: `labels` say what may be found, the rest how much of it is read.

    `own` are OPDs whose datasets are read in full, `granted` OPDs whose `terbatas` datasets are; `everything` is the
    Walidata's reading of the whole catalogue.
    """

    labels: tuple[str, ...] = ("public",)
    own: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    everything: bool = False

    def reads_full(self, owner_org: str, access: str) -> bool:
        """Whether a dataset of this owner and access class is read in full."""
        return self.everything or owner_org in self.own or (access == "terbatas" and owner_org in self.granted)

    @property
    def reads_public_only(self) -> bool:
        """Whether every dataset is read as the public reads it."""
        return not (self.everything or self.own or self.granted)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `filters` are Solr field -> any of these values; `clauses` ready filter queries."""

    reader: Reader
    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    clauses: Sequence[str] = ()
    sort: str = "metadata_modified desc"
    limit: int = 20
    cursor: str = "*"
    facets: Sequence[str] = ()
    hidden: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A page: `bodies` are the datasets' JSON as rendered; `cursor` leads on, None at the end."""

    bodies: list[bytes]
    total: int
    cursor: str | None
    facets: Mapping[str, list[tuple[str, int]]]


def search(query: Query) -> Result:
    """One page of datasets; raises `SearchUnavailable`, and `CursorRefused` for a cursor Solr does not know."""
    answer, documents = _taken_apart(_asked(_parameters(query)))
    found = answer["response"]
    bodies = _bodies(documents, query.reader)
    onward = answer.get("nextCursorMark")
    return Result(
        bodies=bodies,
        total=found["numFound"],
        cursor=None if onward == query.cursor or len(found["docs"]) < query.limit else onward,
        facets=_facets(answer, query.facets),
    )


def select(parameters: Sequence[tuple[str, str]]) -> Any:
    """Solr's answer to `/select`, decoded."""
    return orjson.loads(_asked(parameters))


def _asked(parameters: Sequence[tuple[str, str]]) -> bytes:
    return _ask("&".join(_pair(*pair) for pair in parameters))


#: How Solr begins the line of a field that it sends as it is kept; what was rendered has no line break within.
_KEPT = re.compile(rb' *"(sd_answer_(?:public|full))":')


def _taken_apart(content: bytes) -> tuple[Any, list[dict[str, Any]]]:
    """Solr's answer, and its documents with rendered answers as bytes: they are neither read nor written again."""
    rest: list[bytes] = []
    kept: list[bytes] = []
    for line in content.split(b"\n"):
        begin = _KEPT.match(line)
        if begin is None:
            rest.append(line)
        else:
            body, comma = (line[begin.end() : -1], b",") if line.endswith(b"},") else (line[begin.end() :], b"")
            rest.append(b'"%b":%d%b' % (begin[1], len(kept), comma))
            kept.append(body)
    answer = orjson.loads(b"\n".join(rest))
    documents = [
        {name: kept[value] if name.startswith("sd_answer_") else value for name, value in document.items()}
        for document in answer["response"]["docs"]
    ]
    return answer, documents


def _pair(name: str, value: str) -> str:
    """One parameter as an address writes it; what is asked with every search is written once."""
    return _usual_pair(name, value) if name not in _OWN_TO_EACH else urllib.parse.urlencode([(name, value)])


@lru_cache(maxsize=1024)
def _usual_pair(name: str, value: str) -> str:
    return urllib.parse.urlencode([(name, value)])


#: Parameters that differ from search to search.
_OWN_TO_EACH = frozenset({"q", "cursorMark", "hidden"})


def escaped(text: str) -> str:
    """Words as nothing but words: characters with a meaning to Solr's parsers are escaped, operators lowered."""
    words = text.split()[:MAX_WORDS]
    return " ".join(_OPERATORS.get(word, _SPECIAL.sub(r"\\\g<0>", word)) for word in words)


def any_of(field_name: str, values: Iterable[str]) -> str:
    """A filter query: the field has one of these values, whatever characters they have."""
    quoted = " OR ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return f"{field_name}:({quoted})"


_SPECIAL = re.compile(r'[+\-&|!(){}\[\]^"~*?:\\/<>=@$;,]')
_OPERATORS = {"AND": "and", "OR": "or", "NOT": "not", "TO": "to"}
_FIELDS = "title^4 name^4 tags^2 groups^2 text"
_PUBLIC = "sd_answer_public"
_FULL = "sd_answer_full"


def _parameters(query: Query) -> list[tuple[str, str]]:
    asked = [
        ("wt", "json"),
        ("indent", "true"),
        ("omitHeader", "true"),
        ("rows", str(query.limit)),
        ("cursorMark", query.cursor),
        ("sort", f"{query.sort},index_id asc"),
        ("fl", _shown(query.reader)),
        ("fq", _within(query.reader)),
    ]
    text = escaped(query.text)
    if text:
        asked += [("defType", "edismax"), ("q", text), ("qf", _FIELDS), ("mm", "2<-1 5<80%"), ("tie", "0.1")]
        # How many words have to be met is for `mm` to say: under "AND" a stop word, too, would have to be met.
        asked += [("uf", "-*"), ("lowercaseOperators", "false"), ("q.op", "OR"), ("sow", "true")]
    else:
        asked.append(("q", "*:*"))
    asked += [("fq", any_of(name, values)) for name, values in query.filters.items()]
    asked += [("fq", clause) for clause in query.clauses]
    if query.hidden:
        asked += [("fq", "*:* -{!terms f=id v=$hidden}"), ("hidden", ",".join(query.hidden))]
    if query.facets:
        asked += [("facet", "true"), ("facet.mincount", "1"), ("facet.limit", str(FACET_LIMIT))]
        asked += [("facet.field", name) for name in query.facets]
    return asked


def _within(reader: Reader) -> str:
    """What a reader may find, in one filter, which Solr keeps."""
    everything = f"+site_id:{_quoted(str(config.get('ckan.site_id')))} +dataset_type:dataset +state:active"
    return everything if reader.everything else f"{everything} +{any_of('permission_labels', reader.labels)}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shown(reader: Reader) -> str:
    """Fields to be sent; rendered answers as they are kept, not as text within JSON."""
    if reader.reads_public_only:
        return f"{_PUBLIC}:[json]"
    both = f"{_PUBLIC}:[json],{_FULL}:[json]"
    return both if reader.everything else f"{both},sd_labels,sd_hak_akses"


def _bodies(documents: Sequence[Mapping[str, Any]], reader: Reader) -> list[bytes]:
    chosen = (_chosen(document, reader) for document in documents)
    return [body for body in chosen if body]


def _chosen(document: Mapping[str, Any], reader: Reader) -> Any:
    """The answer for this reader; what everyone reads whole is kept once, for the public."""
    if _FULL in document and (reader.everything or _reads_full(document, reader)):
        return document[_FULL]
    return document.get(_PUBLIC)


def _reads_full(document: Mapping[str, Any], reader: Reader) -> bool:
    owners = (label.removeprefix("member-") for label in document.get("sd_labels", ()) if label.startswith("member-"))
    access = document.get("sd_hak_akses", "")
    return any(reader.reads_full(owner, access) for owner in owners)


def _facets(answer: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    counted = answer.get("facet_counts", {}).get("facet_fields", {})
    return {name: list(zip(counted.get(name, [])[::2], counted.get(name, [])[1::2], strict=True)) for name in names}


class _Answer(http.client.HTTPResponse):
    """Reads an answer in few pieces: after each, another thread may have its turn."""

    def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
        super().__init__(sock, *more, **named)
        self.fp.close()
        self.fp = cast("BufferedReader", sock.makefile("rb", PIECE))


_kept = threading.local()


def _ask(body: str) -> bytes:
    """Ask Solr over this thread's connection; a connection that Solr has closed meanwhile is opened once more."""
    url = str(config.get("solr_url")).rstrip("/")
    for attempt in (1, 2):
        connection, path, headers = _connection(url)
        try:
            if len(body) < LONGEST_ADDRESS:  # one packet, where a body is sent in another
                connection.request("GET", f"{path}/select?{body}", headers=headers)
            else:
                connection.request("POST", f"{path}/select", body, {**headers, "Content-Type": FORM})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            _kept.opened = None
            connection.close()
            if attempt == 2 or isinstance(error, TimeoutError):
                raise SearchUnavailable from error
            continue
        return _checked(response.status, content)
    raise SearchUnavailable


def _checked(status: int, content: bytes) -> bytes:
    if status == 200:
        return content
    if status == 400 and b"cursorMark" in content:
        raise CursorRefused
    if status == 400:
        raise ValueError(f"Solr refused a query: {content[:500]!r}")
    raise SearchUnavailable(f"Solr answers {status}")


def _connection(url: str) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    opened = getattr(_kept, "opened", None)
    if opened is None or opened[0] != url:
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {}
        user = parts.username or config.get("solr_user")
        if user:
            secret = parts.password or config.get("solr_password") or ""
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
        connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT)
        connection.response_class = _Answer
        _kept.opened = opened = (url, connection, parts.path, headers)
    return opened[1], opened[2], opened[3]
