"""Official statistics of BPS: the variables of a domain, or the dynamic table of one of them.

Read from client code and one recorded answer; never tried live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar

from satudata_harvesters import values
from satudata_harvesters.connector import Page, Validators
from satudata_harvesters.connectors.rest import Rest
from satudata_harvesters.credentials import AUTH_SCHEMA, secret
from satudata_harvesters.errors import SourceError
from satudata_harvesters.response import Response

API = "https://webapi.bps.go.id/v1/api"
#: The lists a cell's key is put together from, in this order, with the name their labels get in a row.
_DIMENSIONS = (("vervar", ""), ("var", "variabel"), ("turvar", "turunan"), ("tahun", "tahun"), ("turtahun", "periode"))


class Bps(Rest):
    """Variables of the BPS web API (`domain` 0000 national, 3500 province, 3578 city), or one's table as rows."""

    kind = "bps"
    title: ClassVar[Mapping[str, str]] = {"id": "WebAPI BPS", "en": "BPS web API"}
    mapping = "bps"
    config_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "required": ["domain", "key"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "default": API, "title": "Alamat WebAPI"},
            "domain": {"type": "string", "pattern": "^[0-9]{4}$", "title": "Domain (kode wilayah BPS)"},
            "key": {"type": "string", "secret": True, "title": "Kunci aplikasi"},
            "variable": {"type": "string", "pattern": "^[0-9]{1,9}$", "title": "Variabel, bila tabelnya yang dibaca"},
            "auth": AUTH_SCHEMA,
            "ca": {"type": "string", "title": "Sertifikat CA (PEM)"},
        },
    }

    @classmethod
    def check(cls, config: Mapping[str, Any]) -> None:
        """Nothing the schema could not say."""

    def pages(
        self, after: str | None = None, validators: Mapping[str, Validators] | None = None, since: str | None = None
    ) -> Iterator[Page]:
        """Yield variables with their `domain`, or the rows of a table; see `Connector.pages`."""
        key = secret(str(self.config["key"]), "config.key")
        base = f"{self.config.get('url') or API}/list/model".replace("//list", "/list")
        place = f"lang/ind/domain/{self.config['domain']}"
        if "variable" in self.config:
            described: dict[str, Any] = {"url": f"{base}/data/{place}/var/{self.config['variable']}/key/{key}"}
        else:
            paging = {"style": "page", "last_page": "data[0].pages", "total": "data[0].total"}
            described = {"url": f"{base}/var/{place}/page/{{page}}/key/{key}", "records": "data[1]", "paging": paging}
        shared = {name: self.config[name] for name in ("auth", "ca", "domain", "variable") if name in self.config}
        reader = _Described({**shared, **described}, self.http)
        for page in reader.pages(after, validators, since):
            records = [{"domain": self.config["domain"], **record} for record in page.records]
            yield replace(page, records=page.records if "variable" in self.config else records)


class _Described(Rest):
    kind = ""  # no connector of its own: it must not take the word `rest`

    def _check(self, value: Any, answer: Response) -> None:
        """BPS answers 200 with a status of its own; what is not there is a status too, and no failure."""
        told = value[0] if isinstance(value, list) and value else value
        if not isinstance(told, dict) or str(told.get("status")).upper() != "OK":
            failed = isinstance(told, dict) and "status" in told
            raise SourceError(
                "E-TRK-016" if failed else "E-TRK-015", status=answer.status, url=answer.asked, path="status"
            )

    def _records(self, value: Any, answer: Response) -> list[Any]:
        if "variable" in self.config:
            return table_rows(value)
        available = str(value.get("data-availability", "available"))
        if available != "available" and not value.get("data"):
            return []
        return super()._records(value, answer)


def table_rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of a dynamic table: a label for each dimension, `nilai` (None where the source writes "-") and `satuan`.

    A cell's key is its dimensions' codes joined without separator and of differing lengths, so keys are built from the
    lists and looked up, never taken apart. The last code is tried as it is, then with two digits.
    """
    told = answer[0] if isinstance(answer, list) and answer else answer
    cells = told.get("datacontent") if isinstance(told, dict) else None
    if not isinstance(cells, dict):
        return []
    lists = [(name, label, _codes(told.get(name))) for name, label in _DIMENSIONS]
    lists[3] = ("tahun", "tahun", _codes(told.get("tahun") or told.get("tphr")))
    named = [(label or _row_label(told), codes) for _, label, codes in lists if codes]
    unit = next((values.text(item.get("unit")) for item in told.get("var") or [] if isinstance(item, dict)), None)
    rows = []
    for chosen in product(*(codes for _, codes in named)):
        found = _cell(cells, [code for code, _ in chosen])
        if found is not None:
            row = {label: text for (label, _), (_, text) in zip(named, chosen, strict=True)}
            rows.append({**row, "nilai": values.number(found), "satuan": unit})
    return rows


def _codes(raw: Any) -> list[tuple[str, str]]:
    items = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return [(str(item.get("val")), str(item.get("label"))) for item in items]


def _row_label(told: Mapping[str, Any]) -> str:
    return (values.text(told.get("labelvervar")) or "kelompok").lower().replace(" ", "_")


def _cell(cells: Mapping[str, Any], codes: list[str]) -> Any:
    # Some tables key their cells by the year alone.
    keys = ("".join(codes), "".join([*codes[:-1], codes[-1].zfill(2)]), codes[-1]) if codes else ()
    return next((cells[key] for key in keys if key in cells), None)
