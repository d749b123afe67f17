"""What the search page makes of CKAN's result: facets with labels, cards with honest dates, page links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from ckan import model
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit
from flask import request

from ckanext.satudata.catalog.package import to_dataset
from ckanext.satudata.portal import facets, records, wording
from ckanext.satudata.portal.dataset_page import format_name
from ckanext.satudata.portal.records import Standing
from satudata_schemas import contract

#: Facet values shown before "show all"; CKAN asks Solr for up to 50.
SHOWN = 8
_OPEN_AT_FIRST = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet; `url` adds it, or takes it away where it is chosen."""

    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet with its values, those chosen first."""

    field: str
    title: str
    choices: Sequence[Choice]
    open: bool
    all_url: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One search result; of a closed dataset only what the first seven fields hold."""

    title: str
    url: str
    organization: str
    organization_url: str
    access: str
    access_label: str
    private: bool
    topic: str = ""
    excerpt: str = ""
    formats: Sequence[str] = ()
    period: str = ""
    standing: Standing | None = None
    changed: str = ""
    changed_means: str = ""
    checked: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """One link of the pager; without `url` it is the present page or a gap."""

    label: str
    url: str = ""
    current: bool = False


def sortings() -> list[tuple[str, str]]:
    """Ways to sort a result: Solr's expression, empty for relevance, and its label."""
    return [
        ("", str(toolkit._("Paling sesuai"))),
        ("sd_data_changed desc", str(toolkit._("Data terbaru"))),
        ("metadata_modified desc", str(toolkit._("Terakhir berubah"))),
        ("title_string asc", str(toolkit._("Judul A–Z"))),
        ("title_string desc", str(toolkit._("Judul Z–A"))),
    ]


def facet_models(search_facets: Mapping[str, Any], titles: Mapping[str, str], base: str) -> list[Facet]:
    """The facets of a result in their order; one without values is left out, unless a value of it is chosen."""
    shown: list[Facet] = []
    for field, title in titles.items():
        chosen = request.args.getlist(field)
        items = list((search_facets.get(field) or {}).get("items") or [])
        known = {item["name"] for item in items}
        items += [{"name": value, "display_name": value, "count": 0} for value in chosen if value not in known]
        items.sort(key=lambda item: (item["name"] not in chosen, -item["count"], str(item["display_name"])))
        if field == "sd_tahun":
            items.sort(key=lambda item: str(item["name"]), reverse=True)
        if not items:
            continue
        limit = 0 if request.args.get(f"_{field}_limit") == "0" else SHOWN
        labels = facets.labels(field, [item["name"] for item in items])
        choices = [_choice(field, item, labels, chosen, base) for item in (items[:limit] if limit else items)]
        all_url = address(base, add={f"_{field}_limit": "0"}) if limit and len(items) > limit else ""
        shown.append(Facet(field, str(title), choices, bool(chosen) or len(shown) < _OPEN_AT_FIRST, all_url))
    return shown


def chosen(models: Sequence[Facet]) -> list[tuple[str, Choice]]:
    """The chosen values with their facet's title."""
    return [(facet.title, choice) for facet in models for choice in facet.choices if choice.chosen]


def address(
    base: str, *, add: Mapping[str, str] | None = None, remove: tuple[str, str] | None = None, page: int = 1
) -> str:
    """This search with a parameter more or less, back on its first page unless another is named."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != "page" and (key, value) != remove]
    added = list((add or {}).items())
    kept = [pair for pair in kept if pair not in added] + added + ([("page", str(page))] if page > 1 else [])
    return f"{base}?{urlencode(kept)}" if kept else base


def cards(packages: Sequence[Mapping[str, Any]]) -> list[Card]:
    """The results as cards; what the catalogue's records add is read in one query for all of them."""
    standings = records.standings(model.Session, [package["id"] for package in packages])
    lang = wording.language()
    return [_card(package, standings.get(package["id"]), lang) for package in packages]


def page_links(page: int, last: int, base: str) -> list[PageLink]:
    """Links to the first, the neighbouring and the last page."""
    if last < 2:
        return []
    near = sorted({1, last, *range(max(1, page - 1), min(last, page + 1) + 1)})
    links: list[PageLink] = []
    for before, number in zip([0, *near], near, strict=False):
        if number - before > 1:
            links.append(PageLink("…"))
        links.append(
            PageLink(wording.number(number), "" if number == page else address(base, page=number), number == page)
        )
    if page > 1:
        links.insert(0, PageLink(str(toolkit._("Sebelumnya")), address(base, page=page - 1)))
    if page < last:
        links.append(PageLink(str(toolkit._("Berikutnya")), address(base, page=page + 1)))
    return links


def _choice(field: str, item: Mapping[str, Any], labels: Mapping[str, str], chosen: Sequence[str], base: str) -> Choice:
    value = item["name"]
    is_chosen = value in chosen
    url = address(base, remove=(field, value)) if is_chosen else address(base, add={field: value})
    return Choice(labels.get(value) or str(item["display_name"] or value), item["count"], url, is_chosen)


def _card(package: Mapping[str, Any], standing: Standing | None, lang: str) -> Card:
    dataset = to_dataset(package)
    organization = package.get("organization") or {}
    access = dataset.text("hak_akses") or "terbuka"
    card = Card(
        title=package.get("title") or package["name"],
        url=ckan_helpers.url_for("dataset.read", id=package["name"]),
        organization=organization.get("title") or organization.get("name") or "",
        organization_url=_organization_url(organization),
        access=access,
        access_label=contract.vocabulary("hak_akses").label_of(access, lang),
        private=bool(package.get("private")),
    )
    if access == "tertutup":
        return card  # its title, its office and its class are public, nothing else
    topic = dataset.text("kategori")
    formats = dict.fromkeys(format_name(item.get("format")) for item in dataset.resources)
    changed, means = _changed(package, standing)
    return replace(
        card,
        topic=contract.vocabulary("kategori").label_of(topic, lang) if topic else "",
        excerpt=ckan_helpers.markdown_extract(package.get("notes") or "", 190),
        formats=[name for name in formats if name][:6],
        period=wording.period(dataset.text("periode_awal"), dataset.text("periode_akhir")),
        standing=standing,
        changed=changed,
        changed_means=means,
        checked=wording.day(standing.fields["last_seen"]) if standing and standing.fields["last_seen"] else "",
    )


def _organization_url(organization: Mapping[str, Any]) -> str:
    name = organization.get("name")
    return str(ckan_helpers.url_for("organization.read", id=name)) if name else ""


def _changed(package: Mapping[str, Any], standing: Standing | None) -> tuple[str, str]:
    """The most telling date there is, with what it says: never the day on which only the catalogue wrote a row."""
    if standing and standing.fields["source_modified"]:
        return wording.day(standing.fields["source_modified"]), str(toolkit._("Diperbarui di sumber"))
    if standing and standing.fields["data_changed"]:
        return wording.day(standing.fields["data_changed"]), str(toolkit._("Data berubah"))
    return wording.day(package.get("metadata_modified")), str(toolkit._("Metadata berubah"))
