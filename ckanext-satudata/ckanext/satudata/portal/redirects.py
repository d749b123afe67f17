"""Addresses that stay good: the page of an OPD that was merged into another leads to that one."""

from __future__ import annotations

import sqlalchemy as sa
from ckan import model
from ckan.lib import helpers as ckan_helpers
from flask import Blueprint, Response, redirect, request

from ckanext.satudata.catalog import tables as t

blueprint = Blueprint("satudata_redirects", __name__)

_PAGES = frozenset({"organization.read", "organization.about"})


@blueprint.before_app_request
def to_successor() -> Response | None:
    """Send a reader of a merged OPD's page to its successor, for good; everything else goes on."""
    if request.endpoint not in _PAGES or request.method not in {"GET", "HEAD"}:
        return None
    asked = (request.view_args or {}).get("id")
    successor = successor_of(str(asked)) if asked and "\x00" not in str(asked) else None
    if successor is None:
        return None
    return redirect(ckan_helpers.url_for(request.endpoint, id=successor), code=301)  # type: ignore[return-value]


def successor_of(name_or_id: str) -> str | None:
    """Name of the organisation an OPD was merged into, at the end of the chain; None for one that was not merged."""
    group, old = model.Group.__table__, model.Group.__table__.alias()
    merged = (
        sa.select(t.opd.c.merged_into)
        .select_from(t.opd.join(old, old.c.id == t.opd.c.organization_id))
        .where(sa.or_(old.c.name == name_or_id, old.c.id == name_or_id), t.opd.c.merged_into.is_not(None))
    )
    here = model.Session.execute(merged).scalar_one_or_none()
    for _step in range(10):  # a chain of mergers, never a circle
        if here is None:
            return None
        further = model.Session.execute(
            sa.select(t.opd.c.merged_into).where(t.opd.c.organization_id == here)
        ).scalar_one_or_none()
        if further is None:
            return model.Session.execute(sa.select(group.c.name).where(group.c.id == here)).scalar_one_or_none()
        here = further
    return None
