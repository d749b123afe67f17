"""Fingerprints: what is a change and what is not."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satudata_schemas.dataset import Dataset, canonical, fingerprint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_dataset_cannot_be_changed():
    dataset = Dataset(title="A")
    with pytest.raises(TypeError):
        dataset["title"] = "B"
    copied = dataset.to_dict()
    copied["title"] = "B"
    assert dataset["title"] == "A"


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=6))
@settings(max_examples=40)
def test_the_order_of_keys_and_nulls_and_unicode_form_do_not_matter(fields):
    turned = {unicodedata.normalize("NFD", key): value for key, value in reversed(fields.items())}
    if len({unicodedata.normalize("NFC", key) for key in fields}) == len(fields):
        assert canonical(turned) == canonical({**fields, "kosong": None})


@given(st.dictionaries(st.text(), JSON, max_size=6))
@settings(max_examples=40)
def test_the_canonical_form_is_json_and_stable(fields):
    assert canonical(json.loads(canonical(fields).decode("utf-8", "surrogatepass"))) == canonical(fields)


def test_sets_are_sorted_and_ordered_lists_are_not():
    assert canonical({"tags": ["b", "a", "b"]}) == canonical({"tags": ["a", "b"]})
    assert canonical({"klasifikasi": ["b", "a"]}) != canonical({"klasifikasi": ["a", "b"]})
    assert canonical({"resources": [{"url": "b"}, {"url": "a"}]}) != canonical(
        {"resources": [{"url": "a"}, {"url": "b"}]}
    )


def test_the_fingerprint_covers_the_other_keys_but_no_volatile_field():
    one = fingerprint(
        {"title": "A", "resources": [{"url": "u", "size": 1}]}, {"views": 1, "x": 1}, {"views", "resources/*/size"}
    )
    two = fingerprint(
        {"title": "A", "resources": [{"url": "u", "size": 2}]}, {"views": 2, "x": 1}, {"views", "resources/*/size"}
    )
    three = fingerprint(
        {"title": "A", "resources": [{"url": "u", "size": 2}]}, {"views": 2, "x": 2}, {"views", "resources/*/size"}
    )
    assert one == two != three
    assert len(one) == 64
    assert int(one, 16)


def test_lone_surrogates_and_nan_have_a_fingerprint_and_endless_nesting_an_error():
    assert fingerprint({"title": "\ud800", "x": float("nan")}, {})
    deep: dict = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="deep"):
        fingerprint({}, deep)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  A ", "A"),
        (5, "5"),
        (None, ""),
        (True, ""),
        ({"en": "E", "id": "I"}, "I"),
        ({"de": "", "fr": "F"}, "F"),
        (["", "L"], "L"),
        ({"a": {}}, ""),
    ],
)
def test_any_value_gives_a_sensible_text(value, text):
    assert Dataset(title=value).text("title") == text
