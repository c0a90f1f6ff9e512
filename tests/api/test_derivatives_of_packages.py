"""The office makes derivatives of what it has: signed, once, and a share copy only when something can hide people."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import httpx
import numpy as np
import pytest

from api.packages.retention import OfficeRetention
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.hiding import Seen
from evidence.derivatives.share import Sharing
from evidence.derivatives.statement import parse_statement, problems_of
from evidence.manifest import parse
from evidence.retention import RetentionPolicy
from evidence.signing import KeyRegistry
from streetwarden import office_derivatives
from streetwarden.office_derivatives import LocalDeriver
from streetwarden.settings import Settings
from tests.api.conftest import Service
from tests.api.scene import SealedBag, Sealer, signer


@pytest.fixture
def service(start_service: Callable[..., Service], tmp_path: Path) -> Service:
    """A service on whose machine no detector loads."""
    return start_service(deriver=LocalDeriver(Settings(data_dir=tmp_path, model="no-such-model")))


@pytest.fixture
def bag(service: Service) -> SealedBag:
    made = service.sealer.seal("incident-1")
    assert service.put(service.worker(), made).status_code == 201
    return made


def ask(client: httpx.Client, bag: SealedBag, kind: str, language: str = "zh") -> httpx.Response:
    body = {"kind": kind, "language": language}
    return client.post(f"/api/v1/packages/{bag.package_id}/derivatives", json=body)


def listed(client: httpx.Client, bag: SealedBag) -> list[str]:
    items = client.get(f"/api/v1/packages/{bag.package_id}/derivatives").json()["items"]
    return [item["name"] for item in items]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "overlay",
            ["overlay-close_up-en.jpg", "overlay-panorama_confirmed-en.jpg", "overlay-panorama_first-en.jpg"],
        ),
        ("sheet", ["sheet-en.jpg"]),
        ("pdf", ["page-en.pdf"]),
        ("h264", []),
    ],
)
def test_each_kind_is_made_once_and_its_statement_holds_by_the_published_keys(
    service: Service, bag: SealedBag, kind: str, names: list[str]
) -> None:
    reviewer = service.person("reviewer", "auditor")
    first = ask(reviewer, bag, kind, "en")
    assert first.status_code == 200, first.text
    assert [item["name"] for item in first.json()["items"]] == names
    assert ask(reviewer, bag, kind, "en").json() == first.json()
    registry = KeyRegistry.model_validate(reviewer.get("/api/v1/keys").json())
    manifest = bag.files["manifest.json"]
    for item in first.json()["items"]:
        data, statement = reviewer.get(item["url"]).content, reviewer.get(item["statement_url"]).content
        parsed = parse_statement(statement, item["name"])
        assert not problems_of(parsed, data, parse(manifest), hashlib.sha256(manifest).hexdigest(), registry)
    assert "package.derived" in reviewer.get("/api/v1/audit").text


def test_without_a_detector_there_is_no_share_copy_and_nothing_of_one(service: Service, bag: SealedBag) -> None:
    reviewer = service.person("reviewer")
    answer = ask(reviewer, bag, "share")
    assert answer.status_code == 422
    assert "people and plates cannot be hidden" in answer.json()["detail"]
    assert listed(reviewer, bag) == []
    assert not list(service.office.store.incoming.iterdir())


def test_a_share_copy_that_breaks_down_halfway_leaves_nothing(
    service: Service, bag: SealedBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise DerivativeError("the detector broke down")

    walker = Seen("person", (32.0, 224.0, 96.0, 320.0))
    monkeypatch.setattr(office_derivatives, "detector", lambda _settings: (lambda _image: [walker], "sees a walker"))
    # How long a clip takes to be hidden is no matter of this test.
    monkeypatch.setattr(Sharing, "clip", lambda *_: b"hidden")
    with monkeypatch.context() as patched:
        patched.setattr(Sharing, "still", broken)
        reviewer = service.person("reviewer")
        assert ask(reviewer, bag, "share").status_code == 422
    assert listed(reviewer, bag) == []
    assert ask(reviewer, bag, "share").status_code == 200
    assert listed(reviewer, bag) == ["share-clip.mp4", "share-panorama_confirmed.jpg", "share-panorama_first.jpg"]
    url = f"/api/v1/packages/{bag.package_id}/derivatives/share-panorama_first.jpg"
    assert is_hidden(reviewer.get(url).content)
    assert not is_hidden(bag.files["data/stills/panorama_first.jpg"])


def is_hidden(jpeg: bytes) -> bool:
    """Whether the kerb's marks, behind the walker, are gone: a cell of 16 pixels has one colour."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return float(image[290:302, 34:46].std(axis=(0, 1)).max()) < 4


def test_an_h265_original_gets_a_clip_that_browsers_play(service: Service) -> None:
    bag = Sealer("hevc").seal("incident-1")
    assert service.put(service.worker(), bag).status_code == 201
    reviewer = service.person("reviewer")
    (item,) = ask(reviewer, bag, "h264").json()["items"]
    with av.open(io.BytesIO(reviewer.get(item["url"]).content), "r") as clip:
        assert clip.streams.video[0].codec_context.name == "h264"
        assert len(list(clip.decode(video=0))) == 60


def test_only_the_office_may_ask_and_only_for_what_there_is(service: Service, bag: SealedBag) -> None:
    assert ask(service.machine(), bag, "sheet").status_code == 403
    assert ask(service.person("ops"), bag, "sheet").status_code == 403
    reviewer, url = service.person("reviewer"), f"/api/v1/packages/{bag.package_id}/derivatives"
    assert ask(reviewer, bag, "nonsense").status_code == 422
    assert ask(reviewer, bag, "sheet").status_code == 200
    for name in ("sheet-en.jpg", "statement.json", "..%2f..%2fsecret.key"):
        assert reviewer.get(f"{url}/{name}").status_code in {404, 422}
    assert reviewer.get("/api/v1/packages/nobodys/derivatives").status_code == 404


def test_what_was_made_of_a_package_goes_with_it(service: Service, bag: SealedBag) -> None:
    reviewer = service.person("reviewer")
    ask(reviewer, bag, "sheet")
    assert service.office.store.derivatives(bag.package_id).is_dir()
    service.clock.advance(days=60)
    policy = RetentionPolicy.model_validate({"name": "short", "keep_days": {"raw": 30}})
    OfficeRetention(service.office, policy, signer(), "root").run()
    assert not service.office.store.derivatives(bag.package_id).exists()
    assert ask(service.person("reviewer"), bag, "sheet").status_code == 404
