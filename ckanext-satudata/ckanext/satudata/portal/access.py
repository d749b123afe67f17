"""Who is looking at a page, and what that person may do. Decided anew for every request, from the catalogue's roles."""

from __future__ import annotations

from ckan import model
from ckan.common import current_user
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit
from flask import abort as flask_abort
from flask import g, redirect, request

from ckanext.satudata.catalog import roles


def user_id() -> str | None:
    """Id of the person who is logged in; None for the public."""
    return current_user.id if current_user.is_authenticated else None


def is_reviewer() -> bool:
    """Whether this person is the Walidata; asked once a request."""
    if "satudata_reviewer" not in g:
        person = user_id()
        g.satudata_reviewer = bool(person and roles.is_walidata(model.Session, person))
    return bool(g.satudata_reviewer)


def is_second_reviewer() -> bool:
    """Whether this person is the Pembina Data of a region that has one; asked once a request."""
    if "satudata_pembina" not in g:
        person = user_id()
        g.satudata_pembina = bool(person and roles.has_pembina() and roles.is_pembina(model.Session, person))
    return bool(g.satudata_pembina)


def has_queue() -> bool:
    """Whether datasets wait for a decision of this person: the Walidata's or the Pembina's."""
    return is_reviewer() or is_second_reviewer()


def may_manage(organization_id: str | None) -> bool:
    """Whether this person may see and do what belongs to an OPD: its editors and admins, and the Walidata."""
    person = user_id()
    if not person or not organization_id:
        return False
    return is_reviewer() or bool(roles.acts_for(model.Session, person, organization_id))


def require_login() -> str:
    """Id of the person who is logged in; the public is sent to the login page and comes back here."""
    person = user_id()
    if person is None:
        if request.method == "GET":
            flask_abort(redirect(ckan_helpers.url_for("user.login", came_from=ckan_helpers.current_url()), code=302))
        toolkit.abort(401)
    return str(person)


def require_reviewer() -> str:
    """Id of the Walidata user; 403 for everyone else."""
    person = require_login()
    if not is_reviewer():
        toolkit.abort(403, toolkit._("Halaman ini hanya untuk Walidata."))
    return person


def require_manager(organization_id: str | None) -> str:
    """Id of a person who may act for the OPD; 403 for everyone else."""
    person = require_login()
    if not may_manage(organization_id):
        toolkit.abort(403, toolkit._("Anda tidak berwenang mengelola sumber data OPD ini."))
    return person
