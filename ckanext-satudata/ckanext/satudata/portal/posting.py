"""What pages that change something have in common: a checked token, one transaction, refusals in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from ckan import model
from ckan.config.middleware.flask_app import csrf
from ckan.lib import helpers as ckan_helpers
from ckan.plugins import toolkit
from flask import Blueprint, Response, redirect, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import MethodNotAllowed

from ckanext.satudata.catalog.roles import NotAllowed
from ckanext.satudata.harvest import messages
from ckanext.satudata.harvest.errors import Refused
from ckanext.satudata.portal import wording


def guard(blueprint: Blueprint) -> Blueprint:
    """Check the form token of every POST to this blueprint; the same blueprint is returned.

    CKAN's own check is switched off for a view, for the whole process, by the first anonymous request to it
    (`csrf.exempt` in `ckan_before_request`); this one is not.
    """

    @blueprint.before_request
    def check_token() -> None:
        request.environ["__no_cache__"] = True  # what stands here depends on who reads it
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            csrf.protect()

    return blueprint


def action(blueprint: Blueprint, rule: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Register a view that changes something: POST only.

    A GET is answered 405 by a rule of its own; without one CKAN's static files would answer 404.
    """

    def register(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def posted(**values: str) -> Response:
            if request.method != "POST":
                raise MethodNotAllowed(["POST"])
            return view(**values)

        blueprint.add_url_rule(rule, view_func=posted, methods=["GET", "POST"])
        return view

    return register


@contextmanager
def changing() -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any error; who may not do it gets a 403."""
    session = model.Session
    try:
        yield session
        session.commit()
    except NotAllowed:
        session.rollback()
        toolkit.abort(403, toolkit._("Tindakan ini hanya untuk Walidata."))
    except BaseException:
        session.rollback()
        raise


def told(refused: Refused) -> str:
    """A refusal as two sentences with its code: what is wrong, what to do."""
    message, remedy = messages.render(refused.code, refused.params, wording.language())
    return f"{message} {remedy} ({refused.code})".replace("  ", " ")


def see_other(endpoint: str, **values: str) -> Response:
    """Lead the browser to a page after a change, so that a reload does not repeat it."""
    return redirect(ckan_helpers.url_for(endpoint, **values), code=303)  # type: ignore[return-value]


def say(message: str, *, good: bool = True) -> None:
    """A message on the next page."""
    (ckan_helpers.flash_success if good else ckan_helpers.flash_error)(message)
