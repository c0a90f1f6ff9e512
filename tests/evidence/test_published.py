"""What is published of the format is true: the JSON Schema, the test vectors, and the reference page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evidence import grade, schema
from evidence.manifest import Manifest
from evidence.problems import ProblemCode
from evidence.registry import KeyRegistry
from evidence.verify import verify_package
from tests.evidence import support, vectors
from tests.evidence.attacks.forgeries import FORGERIES

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
VECTORS: dict[str, Any] = json.loads(vectors.PUBLISHED.read_bytes())


def test_the_published_schema_is_the_manifest_s() -> None:
    published = (REFERENCE / "evidence-manifest.schema.json").read_text(encoding="utf-8")
    assert published == schema.document(), "python -m evidence.schema docs/reference/evidence-manifest.schema.json"


def test_the_schema_demands_every_field_that_an_honest_manifest_has() -> None:
    published = json.loads(schema.document())
    value = json.loads(support.bag()["manifest.json"])
    parts = {"camera": "Camera", "chain": "ChainPlace", "zone": "Zone", "times": "Times", "subject": "Subject"}
    assert set(published["required"]) == set(value) == set(published["properties"])
    for field, name in parts.items():
        assert set(published["$defs"][name]["required"]) == set(value[field])
    assert published["additionalProperties"] is False


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_verifier_says_of_each_vector_what_is_published(case: dict[str, Any]) -> None:
    registry = KeyRegistry.from_bytes(json.dumps(VECTORS["registry"]).encode())
    report = verify_package(vectors.read(VECTORS, case), registry)
    assert sorted({problem.code.value for problem in report.problems}) == case["codes"]
    assert (report.integrity_ok, report.authentic) == (case["integrity_ok"], case["authentic"])
    assert report.timestamp.state == case["timestamp"]
    assert report.ok == case["name"].startswith("honest")


def test_every_forgery_is_published() -> None:
    names = {case["name"] for case in VECTORS["cases"]}
    assert {attack.__name__ for attack, _ in FORGERIES} - names == {"deep_nesting"}


def page() -> str:
    return (REFERENCE / "evidence-format.md").read_text(encoding="utf-8")


def test_the_page_names_every_problem_code_and_every_reason() -> None:
    named = set(re.findall(r"`([a-z_0-9]+)`", page().replace(" ", "` `")))
    assert {code.value for code in ProblemCode} <= named
    reasons = {value for name, value in vars(grade).items() if name.isupper() and isinstance(value, str)}
    assert reasons <= named


def test_the_page_names_every_field_of_the_manifest() -> None:
    text = page()
    for name, field in Manifest.model_fields.items():
        assert f"`{field.alias or name}`" in text, name
    for part in json.loads(schema.document())["$defs"].values():
        for name in part.get("properties", {}):
            assert re.search(rf"\b{name}\b", text), name
