"""A sealed package verifies, and says who sealed it and what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rfc8785

from evidence.errors import ManifestError
from evidence.manifest import parse, plain
from evidence.package import bag_files
from evidence.verify import verify_package
from tests.evidence import support
from tests.evidence.support import write


def test_an_honest_package_holds_in_memory_and_on_disk(tmp_path: Path) -> None:
    files = support.bag()
    for source in (files, write(files, tmp_path / "bag")):
        report = verify_package(source, support.registry())
        assert (report.integrity_ok, report.authentic, report.problems) == (True, True, ())
        assert report.manifest == support.manifest()
        assert report.manifest_sha256 == support.sha256(files["manifest.json"])


def test_without_a_registry_authenticity_is_left_open() -> None:
    report = verify_package(support.bag(), None)
    assert (report.ok, report.integrity_ok, report.authentic) == (True, True, None)


def test_the_manifest_is_canonical_json_with_nanoseconds_as_strings() -> None:
    data = support.bag()["manifest.json"]
    value = json.loads(data)
    assert rfc8785.dumps(value) == data
    assert value["sealed_at_ns"] == str(support.SEALED_AT_NS)
    assert value["zone"]["class"] == "prohibited"
    assert parse(data) == support.manifest()


def test_a_manifest_must_list_exactly_the_files() -> None:
    with pytest.raises(ValueError, match="exactly"):
        bag_files(support.manifest(), {**support.payload(), "data/stills/more.jpg": b"x"}, support.signer())


def test_a_figure_without_canonical_form_is_refused_at_sealing() -> None:
    with pytest.raises(ManifestError, match="canonical"):
        support.manifest(host={"memory": 2**60}).to_bytes()


def test_plain_makes_any_health_figure_fit() -> None:
    health = {"since_ns": 5, "bytes_read": 2**60, "rate": float("nan"), "drops": {"queue full": 3}, "codec": None}
    made = plain(health)
    assert made == {
        "since_ns": "5",
        "bytes_read": str(2**60),
        "rate": "nan",
        "drops": {"queue full": 3},
        "codec": None,
    }
    support.manifest(stream_health=made).to_bytes()


def test_the_report_reads_as_json() -> None:
    told = json.loads(json.dumps(verify_package(support.bag(), support.registry()).to_json()))
    assert told["ok"] is True
    assert told["summary"]["camera_id"] == "kerb-1"
