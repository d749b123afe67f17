"""Writes what is derived from the contract: the form of ckanext-scheming, the API's schemas and DCAT mapping, the
metadata template, the pages of fields and of issue codes.

Run in a checkout: `python -m satudata_schemas.generate` (part of `make generated`); with `--check` it only says
whether they are current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from satudata_schemas import template
from satudata_schemas.generators.dcat import dcat_mapping
from satudata_schemas.generators.form import scheming
from satudata_schemas.generators.openapi import openapi_components
from satudata_schemas.generators.pages import contract_page, issue_page

_PLATFORM = "ckanext-satudata/ckanext/satudata"
#: Path below the repository → what makes its content; equal contracts make equal bytes on every machine.
FILES: Mapping[str, Callable[[], str | bytes]] = {
    f"{_PLATFORM}/dataset_schema.yaml": scheming,
    f"{_PLATFORM}/api/dataset.openapi.json": openapi_components,
    f"{_PLATFORM}/api/dcat_mapping.json": dcat_mapping,
    "docs/contract.md": contract_page,
    "docs/issue-codes.md": issue_page,
    "docs/template/metadata.csv": template.csv_template,
    "docs/template/metadata.xlsx": template.xlsx_template,
    "docs/template/metadata-en.csv": partial(template.csv_template, "en"),
    "docs/template/metadata-en.xlsx": partial(template.xlsx_template, "en"),
}


def write(root: Path, *, check: bool = False) -> list[str]:
    """Writes every generated file below `root` and names those that were not current; with `check` only names them."""
    stale = []
    for name, made in FILES.items():
        path = root / name
        content = made()
        wanted = content if isinstance(content, bytes) else content.encode()
        if not path.is_file() or path.read_bytes() != wanted:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(wanted)
    return stale


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 when all is current or was written, 1 when `--check` found something stale."""
    parser = argparse.ArgumentParser(description="Write what is derived from the contract.")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: here)")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not current")
    options = parser.parse_args(arguments)
    stale = write(options.root, check=options.check)
    for name in stale:
        sys.stdout.write(f"{'not current' if options.check else 'written'}: {name}\n")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
