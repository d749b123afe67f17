"""Cursors: where a reader goes on, signed and bound to the search they belong to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import urllib.parse

from flask import request

from ckanext.satudata.api import answering, settings
from ckanext.satudata.api.problems import Problem, bad_parameter

_SIGNATURE = 16
#: Longest cursor that can be one of ours: Solr's mark holds a sort value, of which a title may be the longest.
_LONGEST = 8192


def sealed(mark: str, binding: str) -> str:
    """A mark as an opaque cursor; `binding` names the search it belongs to."""
    content = mark.encode()
    return base64.urlsafe_b64encode(_sign(content, binding) + content).rstrip(b"=").decode()


def opened(cursor: str, binding: str) -> str:
    """The mark in a cursor; raises the 400 for one that was altered or belongs to another search."""
    problem: Problem = bad_parameter("cursor", "E-API-425")
    if len(cursor) > _LONGEST:
        raise problem
    try:
        # Strict, because base64 otherwise ignores what it does not know, and an altered cursor would pass.
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise problem from error
    signature, mark = content[:_SIGNATURE], content[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(mark, binding)) or sealed(mark.decode(), binding) != cursor:
        raise problem
    return mark.decode()


def following(cursor: str) -> str:
    """The present address with another cursor."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return answering.here().partition("?")[0] + "?" + urllib.parse.urlencode([*kept, ("cursor", cursor)])


def _sign(content: bytes, binding: str) -> bytes:
    key = hashlib.sha256(b"satudata api cursor\n" + settings.secret()).digest()
    return hmac.new(key, binding.encode() + b"\n" + content, hashlib.sha256).digest()[:_SIGNATURE]
