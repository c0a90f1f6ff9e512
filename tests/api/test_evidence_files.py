"""Evidence is served whole or in parts, only what the manifest lists, and every look is written down."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from evidence.signing import KeyRegistry
from evidence.transport import unpack_bag
from evidence.verify import verify_package
from tests.api.conftest import Service
from tests.api.scene import SealedBag

CLIP = "data/originals/clip.mp4"
STILL = "data/stills/panorama_first.jpg"


@pytest.fixture
def bag(service: Service) -> SealedBag:
    made = service.sealer.seal("incident-1")
    assert service.put(service.worker(), made).status_code == 201
    return made


def url(bag: SealedBag, path: str) -> str:
    return f"/api/v1/packages/{bag.package_id}/files/{path}"


def looks(service: Service) -> list[dict[str, Any]]:
    items = service.person("auditor").get("/api/v1/audit").json()["items"]
    return [row for row in reversed(items) if row["action"] == "evidence.viewed"]


@pytest.mark.parametrize(("path", "media_type"), [(CLIP, "video/mp4"), (STILL, "image/jpeg")])
def test_a_file_comes_as_it_was_sealed(service: Service, bag: SealedBag, path: str, media_type: str) -> None:
    answer = service.person("reviewer").get(url(bag, path))
    assert answer.status_code == 200
    assert answer.content == bag.files[path]
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"].startswith("inline")


def test_what_a_browser_should_not_show_is_saved_instead(service: Service, bag: SealedBag) -> None:
    answer = service.person("reviewer").get(url(bag, "manifest.json"))
    assert answer.content == bag.files["manifest.json"]
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_clip_is_served_in_parts(service: Service, bag: SealedBag) -> None:
    client, whole = service.person("reviewer"), bag.files[CLIP]
    for asked, start, end in (("0-99", 0, 99), ("100-", 100, len(whole) - 1), ("-50", len(whole) - 50, len(whole) - 1)):
        answer = client.get(url(bag, CLIP), headers={"Range": f"bytes={asked}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
        assert answer.content == whole[start : end + 1]
    beyond = client.get(url(bag, CLIP), headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "signature.json", "bag-info.txt", "data/stills/none.jpg", "data/stills", "", "../../secret.key",
        "%2e%2e/%2e%2e/secret.key", "data%2Fstills%2F..%2F..%2Fsignature.json", "%00",
    ],
)  # fmt: skip
def test_nothing_else_is_served(service: Service, bag: SealedBag, path: str) -> None:
    answer = service.person("reviewer").get(url(bag, path))
    assert answer.status_code in {404, 422}, answer.text


def test_a_look_is_written_down_once_with_who_and_why(service: Service, bag: SealedBag) -> None:
    client = service.person("reviewer", username="chen")
    for part in ("bytes=0-", "bytes=100-199", "bytes=200-"):
        client.get(url(bag, CLIP), headers={"Range": part})
    client.get(url(bag, STILL), params={"purpose": "appeal 12"})
    found = [(row["actor"], row["subject"], row["reason"], row["after"]) for row in looks(service)]
    package, name = f"package:{bag.package_id}", {"unit": None, "name": "Chen"}
    assert found == [
        ("chen", package, "review", {"file": CLIP} | name), ("chen", package, "appeal 12", {"file": STILL} | name),
    ]  # fmt: skip


@pytest.mark.parametrize("part", ["bytes=1-", "bytes=-500", "bytes=1-, 0-0"])
def test_who_asks_for_the_rest_alone_looks_too(service: Service, bag: SealedBag, part: str) -> None:
    client = service.person("reviewer", username="chen")
    for _ in range(2):
        client.get(url(bag, CLIP), headers={"Range": part})
    assert [row["after"]["file"] for row in looks(service)] == [CLIP]
    service.clock.advance(minutes=11)
    client.get(url(bag, CLIP), headers={"Range": part})
    assert len(looks(service)) == 2


def test_the_whole_package_can_be_checked_without_the_service(service: Service, bag: SealedBag, tmp_path: Path) -> None:
    client = service.person("auditor")
    archive = client.get(f"/api/v1/packages/{bag.package_id}/bag")
    assert archive.headers["content-type"] == "application/zip"
    unpack_bag(io.BytesIO(archive.content), tmp_path / "bag")
    registry = KeyRegistry.from_bytes(client.get("/api/v1/keys").content)
    assert verify_package(tmp_path / "bag", registry).ok
    assert [row["after"]["file"] for row in looks(service)] == ["bag"]


def test_an_unknown_package_is_not_found(service: Service) -> None:
    client = service.person("reviewer")
    for path in ("", "/bag", f"/files/{CLIP}"):
        assert client.get(f"/api/v1/packages/nothing{path}").status_code == 404


def test_who_has_no_business_with_evidence_does_not_see_it(service: Service, bag: SealedBag) -> None:
    for client in (service.person("ops"), service.machine()):
        assert client.get(url(bag, STILL)).status_code == 403
    assert looks(service) == []
