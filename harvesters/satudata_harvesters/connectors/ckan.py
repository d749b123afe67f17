"""CKAN portals, and gateways that answer like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import msgspec

from satudata_harvesters import strict_json
from satudata_harvesters.connector import Connector, Page, Validators
from satudata_harvesters.credentials import AUTH_SCHEMA
from satudata_harvesters.errors import RecordError, SourceError
from satudata_harvesters.http import Limits
from satudata_harvesters.paging import Bounds, address, number
from satudata_harvesters.response import Response

#: After this many packages in a row that cannot be shown, the portal is taken to be down.
FAILURES_IN_A_ROW = 10
#: A portal that changes faster than we read is left for another time.
SHIFTS = 5
LIST = "list:"


class _Result(msgspec.Struct):
    results: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    result: _Result


_ANSWER = msgspec.json.Decoder(_Answer)


class Ckan(Connector):
    """Packages of a CKAN portal: by `package_search` in the order of their ids, else one by one from `package_list`."""

    kind = "ckan"
    title: ClassVar[Mapping[str, str]] = {"id": "Portal CKAN", "en": "CKAN portal"}
    mapping = "ckan"
    knows_changes = True
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "title": "Alamat portal"},
            "page_size": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 250, "title": "Ukuran halaman"},
            "filter": {"type": "string", "title": "Saringan Solr (fq)", "maxLength": 1000},
            "api_path": {"type": "string", "default": "/api/3/action", "title": "Jalur API"},
            "auth": AUTH_SCHEMA,
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield pages of packages; see `Connector.pages`."""
        if after and after.startswith(LIST):
            yield from self._listed(int(after.removeprefix(LIST)))
            return
        begun = False
        try:
            for page in self._searched(int(after or 0), validators or {}, since):
                begun = True
                yield page
        except SourceError as error:
            # Some gateways offer only the two old actions; theirs is a 404 or 400 for package_search.
            if begun or after or error.status not in {400, 404, 405, 501}:
                raise
            try:
                yield from self._listed(0)
            except SourceError as second:
                raise (error if second.code == "E-TRK-004" else second) from None

    def _action(self, name: str, params: Mapping[str, Any]) -> str:
        base = re.sub(r"/(api(/3?)?(/action)?(/.*)?|dataset(/.*)?)$", "", self.url.partition("?")[0])
        return address(base + self.config.get("api_path", "/api/3/action") + "/" + name, params)

    def _result(self, answer: Response) -> Any:
        return self._judged(answer, answer.json())

    def _judged(self, answer: Response, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("result") is None:
            failed = isinstance(value, dict) and (value.get("success") is False or "error" in value)
            raise SourceError(
                "E-TRK-016" if failed else "E-TRK-015", status=answer.status, url=answer.asked, path="result"
            )
        if value.get("success") is False:
            raise SourceError("E-TRK-016", status=answer.status, url=answer.asked)
        return value["result"]

    def _searched(self, position: int, validators: Mapping[str, Validators], since: str | None) -> Iterator[Page]:
        """Walk `package_search` with pages that overlap by one, which shows when the list has shifted meanwhile."""
        rows = int(self.config.get("page_size", 250))
        bounds = Bounds(self.http.limits, self.url)
        before: Sequence[Any] = []
        already: set[str] = set()
        shifts = 0
        while True:
            key, overlap = f"start={position}", min(position, 1)
            bounds.enter(f"{key} {shifts}")
            known = {} if since or shifts else validators.get(key, {})
            url = self._search_url(position - overlap, rows + overlap, since)
            answer = self.http.request("GET", url, validators=known if "next" in known else None)
            if answer.unchanged:
                following = known["next"]
                total = number(known.get("total"))
                yield Page(key, [], following, not following, unchanged=True, validators=known, total=total)
                if not following:
                    return
                position, before = int(following), []
                continue
            found, total = self._found(answer)
            if before and _ends(found) == _ends(before):
                raise SourceError("E-TRK-017", url=self.url)
            if overlap and before and _ends(found)[:1] != _ends(before)[-1:]:
                shifts += 1
                if shifts > SHIFTS:
                    raise SourceError("E-TRK-017", url=self.url)
                already.update(map(_id, before))
                position, before = max(position - rows, 0), []
                continue
            new = found[overlap:]
            behind = position + len(new)
            if not new and behind < total:
                raise SourceError("E-TRK-019", url=self.url, read=behind, total=total)
            bounds.count(len(new))
            last = behind >= total
            hints = {"next": "" if last else str(behind), "total": str(total)}
            page = self._page(key, new, already, str(behind), last=last)
            yield replace(page, validators={**answer.validators, **hints}, total=total)
            if last:
                return
            position, before = behind, found

    def _page(self, key: str, found: Sequence[Any], already: set[str], checkpoint: str, *, last: bool) -> Page:
        """The packages of a page that were not read before it shifted, and an error for each that is none."""
        errors: tuple[RecordError, ...] = ()
        if already or isinstance(found, list):
            errors = tuple(RecordError("E-TRK-021", url=self.url) for one in found if not isinstance(one, dict))
            found = [one for one in found if isinstance(one, dict) and one.get("id") not in already]
        return Page(key, found, checkpoint, last, errors=errors)

    def _search_url(self, start: int, rows: int, since: str | None) -> str:
        filters = [self.config["filter"]] if self.config.get("filter") else []
        if since:
            filters.append(f"metadata_modified:[{since[:19]}Z TO *]")
        params: dict[str, Any] = {"q": "*:*", "sort": "id asc", "rows": rows, "start": start}
        if filters:
            params["fq"] = " ".join(f"+({part})" for part in filters)
        return self._action("package_search", params)

    def _found(self, answer: Response) -> tuple[Sequence[Any], int]:
        apart = strict_json.apart(answer.body, _ANSWER, lambda told: told.result.results, ("id", "name"))
        result = self._judged(answer, apart[0]) if apart else self._result(answer)
        found = result.get("results") if isinstance(result, dict) else None
        total = number(result.get("count")) if isinstance(result, dict) else None
        if not isinstance(found, list) or total is None:
            raise SourceError("E-TRK-015", url=answer.asked, path="result.results")
        return (apart[1] if apart else found), total

    def _listed(self, position: int) -> Iterator[Page]:
        """Walk `package_list`, asking for each package by itself."""
        names = self._result(self.http.request("GET", self._action("package_list", {})))
        if not isinstance(names, list):
            raise SourceError("E-TRK-015", url=self.url, path="result")
        rows = min(int(self.config.get("page_size", 250)), 50)
        limits = replace(self.http.limits, attempts=min(self.http.limits.attempts, 2))
        total, missing = len(names), 0
        while position < total or position == 0:
            packages = [self._shown(str(name), limits) for name in names[position : position + rows]]
            behind = position + rows
            missing += sum(package is None for package in packages)
            records = [package for package in packages if package]
            if len(packages) >= FAILURES_IN_A_ROW and not any(package is not None for package in packages):
                raise SourceError("E-TRK-019", url=self.url, read=position, total=total)
            last = behind >= total and not missing
            yield Page(f"{LIST}{position}", records, f"{LIST}{min(behind, total)}", last, total=total)
            position = behind
        if missing:
            # What could not be shown is still there: an incomplete run keeps it from being taken for gone.
            raise SourceError("E-TRK-019", url=self.url, read=total - missing, total=total)

    def _shown(self, name: str, limits: Limits) -> dict[str, Any] | None:
        """The package; `{}` when it is gone or closed to us by now, None when it could not be read."""
        try:
            package = self._result(self.http.request("GET", self._action("package_show", {"id": name}), limits=limits))
        except SourceError as error:
            if error.code in {"E-TRK-002", "E-TRK-011", "E-TRK-012"} or error.status == 401:
                raise
            return {} if error.status in {403, 404} else None
        return package if isinstance(package, dict) else None


def _id(package: Any) -> str:
    return str(package.get("id")) if isinstance(package, dict) else ""


def _ends(packages: Sequence[Any]) -> list[str]:
    """The ids of the first and the last package: in the order of ids they tell one page from another."""
    return [_id(packages[0]), _id(packages[-1])] if packages else []
