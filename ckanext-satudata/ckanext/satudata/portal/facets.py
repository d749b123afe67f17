"""Which facets the search page offers, in the order in which people narrow down."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ckan.plugins import toolkit


def dataset_facets(_facets: dict[str, Any], _package_type: str) -> dict[str, Any]:
    """Solr field -> label of each facet on the dataset search page."""
    _ = toolkit._
    return OrderedDict([("organization", _("Organizations")), ("res_format", _("Formats"))])
