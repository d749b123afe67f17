"""What the dataset's form stores of what a person sends: nothing empty, nothing refused, nothing lost that it does not
show. What binds a dataset is decided by assessment, never here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ckan.plugins.toolkit import StopOnError, missing

from ckanext.satudata.catalog.package import column, decoded, encoded, is_empty
from satudata_schemas import contract

Flat = dict[Any, Any]
_NAME_CELL = re.compile(r"kamus_data-\d+-nama")


def validators() -> dict[str, Callable[..., Any]]:
    """Validators the schema of ckanext-scheming names, for CKAN to register."""
    return {
        "satudata_given": given,
        "satudata_text": text,
        "satudata_list": texts,
        "satudata_json": from_json,
        "satudata_truth": truth,
    }


def given(key: Any, data: Flat, _errors: Flat, _context: Any) -> None:
    """Take away what is empty, and leave all else as it came."""
    value = data.get(key)
    if value is missing or is_empty(value):
        data.pop(key, None)
        raise StopOnError


def text(key: Any, data: Flat, errors: Flat, context: Any) -> None:
    """The text of an extra: a text as it is, all else as JSON."""
    given(key, data, errors, context)
    data[key] = encoded(data[key])


def texts(key: Any, data: Flat, errors: Flat, context: Any) -> None:
    """A list as the text of an extra; one text is a list of one, what is neither is kept as it came."""
    given(key, data, errors, context)
    value = data[key]
    read = decoded(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple):
        data[key] = [item for item in read if not is_empty(item)]
    elif isinstance(value, str):
        data[key] = [value]
    text(key, data, errors, context)


def from_json(value: Any) -> Any:
    """What a hidden input carries through the form, as it was."""
    return decoded(value) if isinstance(value, str) else value


def truth(value: Any) -> Any:
    """What a list of yes and no sends, as the truth value it stands for."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def keep_unshown(current: Mapping[str, Any], sent: dict[str, Any]) -> None:
    """Give a resource that was sent back by the form the keys the form does not show, its source's id among them."""
    shown = {name for name, field in contract.resource_fields().items() if field.in_form}
    for key, value in current.items():
        if key not in shown and key not in sent:
            sent[key] = value
    _keep_unshown_of_columns(current.get("kamus_data"), sent)


def _keep_unshown_of_columns(before: Any, sent: dict[str, Any]) -> None:
    """A column is known by its name. The form sends each of its cells as `kamus_data-0-nama`."""
    known = contract.column_fields()
    shown = [column(item) for item in before or [] if isinstance(item, Mapping)]
    columns = {item["nama"]: item for item in shown if item.get("nama")}
    for key in [key for key in sent if _NAME_CELL.fullmatch(key)]:
        for name, value in columns.get(sent[key], {}).items():
            if name not in known:
                sent[f"{key.removesuffix('nama')}{name}"] = value
