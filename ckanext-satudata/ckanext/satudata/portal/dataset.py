"""The address of a dataset's page. CKAN's own view asks once for every file which views it has; none is shown here.

CKAN's own address of a file leads nowhere for those who may not open the file.
"""

from __future__ import annotations

from typing import Any

from ckan.common import config, current_user
from ckan.lib import base
from ckan.lib import helpers as ckan_helpers
from ckan.logic import NotAuthorized, NotFound, get_action
from ckan.plugins import toolkit
from flask import Blueprint, Response, request

from ckanext.satudata.portal import chart, table_part

blueprint = Blueprint("satudata_dataset", __name__)


@blueprint.get("/dataset/<id>")
def read(id: str) -> str | Response:  # noqa: A002 - CKAN's name of the parameter
    """A dataset's page; under its id it leads to its name. What a reader may not see does not exist for that reader."""
    context = {"user": current_user.name, "auth_user_obj": current_user, "for_view": True}
    try:
        package = get_action("package_show")(context, {"id": id})
    except NotFound:
        toolkit.abort(404, toolkit._("Dataset ini tidak ditemukan."))
    except NotAuthorized:
        if config.get("ckan.auth.reveal_private_datasets") and current_user.is_anonymous:
            return ckan_helpers.redirect_to("user.login", came_from=ckan_helpers.current_url())
        toolkit.abort(404, toolkit._("Dataset ini tidak ditemukan."))
    if id == package["id"] != package["name"]:
        return ckan_helpers.redirect_to("dataset.read", id=package["name"])
    return base.render("package/read.html", {"pkg_dict": package, "dataset_type": package["type"]})


@blueprint.get("/dataset/<id>/grafik.svg")
def chart_file(id: str) -> Any:  # noqa: A002 - CKAN's name of the parameter
    """The chart of a table made of an application's rows, for those who may open its files."""
    context = {"user": current_user.name, "auth_user_obj": current_user}
    try:
        package = get_action("package_show")(context, {"id": id})
    except (NotFound, NotAuthorized):
        toolkit.abort(404, toolkit._("Dataset ini tidak ditemukan."))
    may_open = any(resource.get("url") for resource in package.get("resources", ()))
    drawn = table_part.drawing(package["id"]) if may_open else None
    if drawn is None:
        return toolkit.abort(404, toolkit._("Dataset ini tidak ditemukan."))
    answer = Response(chart.draw(drawn), mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    answer.set_etag(chart.etag(drawn))
    return answer.make_conditional(request)


_FILES = frozenset({"resource.download", "dataset_resource.download"})


@blueprint.before_app_request
def check_file() -> None:
    """404 for a file that is not this reader's to open: CKAN would lead to an address that we have taken away."""
    if request.endpoint not in _FILES:
        return
    context = {"user": current_user.name, "auth_user_obj": current_user}
    try:
        resource = get_action("resource_show")(context, {"id": (request.view_args or {}).get("resource_id")})
    except (NotFound, NotAuthorized):
        return  # CKAN's view says so
    if not resource.get("url"):
        toolkit.abort(
            404, toolkit._("Metadata dapat dibaca siapa saja. Berkasnya dapat diminta kepada OPD pemilik data.")
        )
