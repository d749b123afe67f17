from __future__ import annotations

from typing import Any

import pytest

from satudata_schemas import contract
from satudata_schemas.assess import Assessment, assess
from satudata_schemas.dataset import Dataset
from satudata_schemas.profile import Profile
from satudata_schemas.reference import Reference


@pytest.fixture(scope="session")
def codes() -> Reference:
    return Reference.load()


@pytest.fixture(scope="session")
def judge(codes):
    """Assesses under `transisi` unless a profile is named."""

    def judged(dataset: Dataset | dict[str, Any], profile: str | Profile = "transisi", **more: Any) -> Assessment:
        chosen = profile if isinstance(profile, Profile) else Profile.load(profile)
        return assess(dataset, chosen, reference=codes, **more)

    return judged


@pytest.fixture
def complete() -> Dataset:
    """A statistical dataset that meets all four principles."""
    fields = {field.name: field.example for field in contract.fields().values() if field.example is not None}
    return Dataset(
        fields,
        identifier="dukcapil-17",
        owner_org="disdukcapil",
        walidata="diskominfo",
        name="jumlah-penduduk",
        resources=[
            {
                "name": "Jumlah penduduk 2024",
                "url": "https://data.contoh.go.id/penduduk-2024.csv",
                "format": "csv",
                "tahun_data": "2024",
                "kamus_data": [{"nama": "kode_kecamatan", "tipe_data": "kode"}, {"nama": "jumlah", "satuan": "orang"}],
            }
        ],
    )


@pytest.fixture
def least() -> Dataset:
    """The least that `transisi` lets through."""
    return Dataset(
        identifier="1", title="Luas Panen", owner_org="dinas-pertanian", resources=[{"url": "https://contoh.go.id/a"}]
    )


def found(assessment: Assessment, code: str) -> list[Any]:
    """The issues of one code."""
    return [issue for issue in assessment.issues if issue.code == code]
