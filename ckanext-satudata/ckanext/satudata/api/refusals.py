"""What the other rooms refuse, as problems; and the one transaction of a request that changes something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from ckanext.satudata.api import database
from ckanext.satudata.api.problems import Fault, Problem, Unavailable, preferred_language
from ckanext.satudata.catalog.erase import EraseRefused
from ckanext.satudata.catalog.roles import NotAllowed
from ckanext.satudata.harvest import messages
from ckanext.satudata.harvest.errors import Refused

#: Codes whose meaning HTTP has a word for; what else is refused is 422.
_NOT_FOUND = frozenset({"E-SRC-001", "E-RUN-001", "E-TIN-001"})
_NOT_PERMITTED = frozenset({"E-SRC-005", "E-SRC-006", "E-SRC-012", "E-SRC-013", "E-RUN-004"})
_IN_THIS_STATE = frozenset({"E-SRC-002", "E-SRC-010", "E-SRC-011", "E-RUN-002", "E-RUN-003", "E-RUN-009"})


@contextmanager
def changing() -> Iterator[Session]:
    """One transaction, committed at the end; a refusal of the catalogue or of a harvest becomes a problem."""
    session = database.session()
    try:
        yield session
        session.commit()
    except Refused as refused:
        session.rollback()
        raise_problem(refused)
    except EraseRefused as refused:
        session.rollback()
        raise_problem(refused)
    except NotAllowed as error:
        session.rollback()
        raise Problem(403, "E-API-439") from error
    except database.GONE as error:
        raise Unavailable("postgres") from error
    except BaseException:
        session.rollback()
        raise


def raise_problem(refused: Refused | EraseRefused) -> NoReturn:
    """Raise the problem that a refusal is to a client."""
    mistakes = getattr(refused, "errors", ())
    faults = [fault(one.code, one.params, getattr(one, "pointer", "") or "") for one in mistakes]
    raise Problem(
        _status(refused.code), _title(refused.code), faults=(faults or [fault(refused.code, refused.params)])[:50]
    ) from refused


def fault(code: str, params: Any = None, pointer: str = "") -> Fault:
    """One thing that is wrong, in the words of the code."""
    message, remedy = messages.render(code, params, preferred_language(), pointer)  # type: ignore[arg-type]
    return Fault(code, pointer, detail=f"{message} {remedy}".strip())


def _status(code: str) -> int:
    if code in _NOT_FOUND:
        return 404
    if code in _NOT_PERMITTED:
        return 403
    return 409 if code in _IN_THIS_STATE else 422


def _title(code: str) -> str:
    return {404: "E-API-404", 403: "E-API-439", 409: "E-API-409"}.get(_status(code), "E-API-435")
