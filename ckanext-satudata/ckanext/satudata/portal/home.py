"""The front page: a search box, what the catalogue holds, and what changed last."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from ckan import model
from ckan.common import current_user
from ckan.lib import base
from ckan.lib.search import SearchError
from ckan.logic import get_action
from ckan.plugins import toolkit
from flask import Blueprint

from ckanext.satudata.catalog import tables as t
from ckanext.satudata.portal import facets, search_page

blueprint = Blueprint("satudata_home", __name__)

_LATEST = 5


@blueprint.get("/")
def index() -> str:
    """The front page; without a search engine it still stands and says so."""
    found: dict[str, Any] = {"count": 0, "results": [], "search_facets": {}}
    broken = False
    try:
        found = get_action("package_search")(
            {"user": current_user.name, "auth_user_obj": current_user},
            {
                "q": "*:*",
                "rows": _LATEST,
                "sort": "metadata_modified desc",
                "fq": "+dataset_type:dataset",
                "facet.field": ["sd_kategori", "organization", "sd_label"],
                "facet.limit": -1,
            },
        )
    except SearchError:
        broken = True
    values = {field: shown["items"] for field, shown in found["search_facets"].items()}
    topics = sorted(values.get("sd_kategori", []), key=lambda item: -item["count"])
    words = facets.labels("sd_kategori", [item["name"] for item in topics])
    conforming = sum(item["count"] for item in values.get("sd_label", []) if item["name"] == "memenuhi")
    return base.render(
        "satudata/home.html",
        {
            "count": found["count"],
            "organizations": len(values.get("organization", [])),
            "conforming": conforming,
            "sources": _sources(),
            "topics": [(words[item["name"]], item["name"], item["count"]) for item in topics],
            "cards": search_page.cards(found["results"]),
            "broken": broken,
            "title": toolkit._("Cari data pemerintah daerah"),
        },
    )


def _sources() -> int:
    query = sa.select(sa.func.count()).select_from(t.source).where(t.source.c.connector != "formulir")
    return int(model.Session.execute(query).scalar_one())
