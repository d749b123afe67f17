"""One distribution from three rooms: `schemas/`, `harvesters/` and `ckanext-satudata/`.

`pip install .` gives the rule book and the readers without CKAN; `.[ckan]` adds the platform; `.[dev]` what the tests
and linters need. `ckanext` stays a PEP 420 namespace: it must never get an `__init__.py`.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

#: folder -> the packages it holds
ROOMS = {
    "schemas": find_packages("schemas"),
    "harvesters": find_packages("harvesters"),
    "ckanext-satudata": [
        "ckanext.satudata",
        *(f"ckanext.satudata.{name}" for name in find_packages("ckanext-satudata/ckanext/satudata")),
    ],
}
DATA = ".csv .css .html .ini .js .json .mako .md .mo .po .svg .txt .typed .woff2 .xml .yaml .yml"


def data_files(folder: str, package: str) -> list[str]:
    """Files of a package that are not modules, relative to it; CKAN reads the revisions of alembic from disk, too."""
    root = HERE / folder / package.replace(".", "/")
    found = [path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [str(path) for path in found if path.suffix in DATA.split() or path.parts[0] == "migration"]


top_packages = {
    "schemas": "satudata_schemas",
    "harvesters": "satudata_harvesters",
    "ckanext-satudata": "ckanext.satudata",
}

setup(
    packages=[name for names in ROOMS.values() for name in names],
    package_dir={name: f"{folder}/{name.replace('.', '/')}" for folder, names in ROOMS.items() for name in names},
    package_data={package: data_files(folder, package) for folder, package in top_packages.items()},
    install_requires=[
        "certifi>=2024.7",
        "click>=8.1",
        "duckdb>=1.2",
        "jmespath>=1.0",
        "jsonschema>=4.23",
        "msgspec>=0.19",
        "openpyxl>=3.1",
        "PyYAML>=6.0",
        "python-calamine>=0.4",
        "rdflib>=7.1",
        "requests>=2.32",
        "urllib3>=2.6.3",
    ],
    extras_require={
        "ckan": [
            "backports.zstd>=1.0; python_version < '3.14'",
            "ckan[requirements]==2.12.0",
            "ckanext-scheming==3.1.0",
            "cryptography>=44",
            "cronsim>=2.6",
            "flask-compress>=1.17",
            "granian>=2.5",
            "orjson>=3.10",
            "rapidfuzz>=3.9",
            "PyJWT>=2.13",
            "supervisor>=4.3",
        ],
        "database": [
            "psycopg2>=2.9",
            "PyMySQL>=1.1",
            "SQLAlchemy>=2.0",
        ],
        "dev": [
            "build",
            "hypothesis",
            "mypy",
            "pandas>=2.2",
            "pip-audit",
            "pytest",
            "pytest-xdist",
            "ruff",
            "schemathesis>=4.10",
            "selenium",
            "types-PyYAML",
            "types-jsonschema",
            "types-requests",
            "uv",
        ],
    },
    entry_points={
        "console_scripts": ["satudata = satudata_harvesters.cli:main"],
        "ckan.plugins": ["satudata = ckanext.satudata.plugin:SatudataPlugin"],
        "babel.extractors": ["ckan = ckan.lib.extract:extract_ckan"],
    },
)
