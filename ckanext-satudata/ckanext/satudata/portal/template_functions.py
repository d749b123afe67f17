"""What templates may call, each under the prefix `satudata_`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ckan.common import config
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit
from flask import request
from werkzeug.exceptions import default_exceptions

from ckanext.satudata.api.app import PREFIX
from ckanext.satudata.portal import access, dataset_page, facets, search_page, serving, wording
from satudata_harvesters.connector import registry
from satudata_schemas import contract

_LANGUAGES = (("id", "Bahasa Indonesia"), ("en", "English"))


def all_functions() -> dict[str, Callable[..., Any]]:
    """Template helpers by the name under which templates call them."""
    return {
        "satudata_light": is_light,
        "satudata_asset": serving.asset_url,
        "satudata_api_url": api_url,
        "satudata_other_languages": other_languages,
        "satudata_has_queue": access.has_queue,
        "satudata_is_reviewer": access.is_reviewer,
        "satudata_may_manage": access.may_manage,
        "satudata_dataset_page": dataset_page.dataset_page,
        "satudata_facets": search_page.facet_models,
        "satudata_chosen": search_page.chosen,
        "satudata_cards": search_page.cards,
        "satudata_page_links": search_page.page_links,
        "satudata_label_text": facets.label_text,
        "satudata_sortings": search_page.sortings,
        "satudata_word": word,
        "satudata_own_words": own_words,
        "satudata_connector_title": connector_title,
        "satudata_run_state": run_state,
        "satudata_day": wording.day,
        "satudata_moment": wording.moment,
        "satudata_ago": wording.ago,
        "satudata_number": wording.number,
        "satudata_safe_link": wording.safe_link,
    }


def is_light() -> bool:
    """Whether the present page does without CKAN's styles and scripts."""
    return serving.is_light(request.endpoint)


def api_url(path: str) -> str:
    """Address of a resource of the API."""
    return f"{PREFIX}/v1/{path}"


def word(vocabulary: str, code: str) -> str:
    """The label of a code in the reader's language."""
    return contract.vocabulary(vocabulary).label_of(code, wording.language())


def connector_title(kind: str) -> str:
    """What a connector reads, in a few words."""
    known = registry()
    return known[kind].title.get(wording.language(), kind) if kind in known else kind


def run_state(state: str) -> str:
    """A run's state in words."""
    _ = toolkit._
    return {
        "antre": _("Antre"),
        "berjalan": _("Sedang berjalan"),
        "terputus": _("Terputus, akan dilanjutkan"),
        "selesai": _("Selesai"),
        "gagal": _("Gagal"),
        "dibatalkan": _("Dibatalkan"),
        "ditahan": _("Menunggu keputusan Walidata"),
    }.get(state, state)


def own_words(content: Any) -> bool:
    """Whether an error's text was written for the reader, and is not the web framework's English default."""
    return str(content) not in {error.description for error in default_exceptions.values()}


def other_languages() -> list[dict[str, str]]:
    """The other languages this page can be read in: `{code, name, url}`."""
    configured = config.get("ckan.locales_offered") or ""
    offered = configured.split() if isinstance(configured, str) else list(configured)
    here = re.sub(r"^[/\\]+", "/", ckan_helpers.current_url() or "/")
    return [
        {"code": code, "name": name, "url": ckan_helpers.url_for(here, locale=code)}
        for code, name in _LANGUAGES
        if code != wording.language() and (not offered or code in offered)
    ]
