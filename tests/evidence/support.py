"""Honest packages, and the tools of somebody who alters them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.camera_file import CameraFile
from evidence.chain import Head, next_place
from evidence.manifest import Manifest, package_id_for
from evidence.package import bag_files
from evidence.signing import Ed25519Signer, KeyRegistry, Signer

SEALED_AT_NS = 1_780_000_000_123_456_789
VALID_FROM = datetime(2026, 1, 1, tzinfo=UTC)
CLIP = b"the camera's own bytes, first part"
STILL = b"a picture made of them"
CAMERA_FILE = CameraFile(
    legal_review_no="L-2026-17",
    legal_review_date=date(2026, 1, 5),
    technical_review_no="T-2026-17",
    technical_review_date=date(2026, 1, 9),
    published_where="office notice 2026-3",
    published_date=date(2026, 2, 1),
    sign_photo_ref="signs/kerb-1.jpg",
    maintenance_valid_until=date(2026, 12, 31),
    verification_valid_until=date(2026, 12, 31),
)


def signer(seed: int = 1) -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


ed25519 = signer


def registry(*seeds: int) -> KeyRegistry:
    keys = KeyRegistry()
    for seed in seeds or (1,):
        keys = keys.with_key(signer(seed).entry(VALID_FROM, "office"))
    return keys


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def payload() -> dict[str, bytes]:
    return {"data/originals/clip.mp4": CLIP, "data/stills/panorama_first.jpg": STILL}


def manifest(incident_id: str = "incident-1", head: Head | None = None, **changes: object) -> Manifest:
    """A small, complete, honest manifest over `payload()`."""
    files = [
        {
            "role": "original", "path": "data/originals/clip.mp4", "bytes": len(CLIP), "sha256": sha256(CLIP),
            "media_type": "video/mp4", "purpose": "clip", "codec": "h264", "size_wh": (1920, 1080), "packets": 750,
            "start_pts_ns": 0, "end_pts_ns": 30_000_000_000, "start_at_ns": SEALED_AT_NS - 30_000_000_000,
            "tool": "remux",
        },
        {
            "role": "derived", "path": "data/stills/panorama_first.jpg", "bytes": len(STILL), "sha256": sha256(STILL),
            "media_type": "image/jpeg", "purpose": "panorama_first", "parent": "data/originals/clip.mp4",
            "parent_sha256": sha256(CLIP), "parent_offset_ns": 1_000_000_000, "pts_ns": 1_000_000_000,
            "at_ns": SEALED_AT_NS - 29_000_000_000, "size_wh": (1920, 1080), "crop_xyxy": None, "tool": "decode",
        },
    ]  # fmt: skip
    fields: dict[str, object] = {
        "package_id": package_id_for(incident_id),
        "incident_id": incident_id,
        "part": 1,
        "camera": {"id": "kerb-1", "device_number": "44010500001320000001", "codec": "h264"},
        "chain": next_place(head),
        "key_id": signer().key_id,
        "sealed_at_ns": SEALED_AT_NS,
        "violation": {"kind": "illegal_parking", "codes": ({"code": "09009", "standard_ref": "GB/T 47678.5-2026"},)},
        "zone": {
            "id": "far-kerb", "version": 3, "class": "prohibited", "polygon": ((0.1, 0.1), (0.9, 0.1), (0.5, 0.8)),
            "limit_seconds": 15.0, "hours": None,
        },
        "times": {
            "started": {"pts_ns": 1_000_000_000, "at_ns": SEALED_AT_NS - 29_000_000_000},
            "confirmed": {"pts_ns": 16_000_000_000, "at_ns": SEALED_AT_NS - 14_000_000_000},
            "ended": None,
            "clock": {"time_source": "host", "offset_ns": 12_000_000, "method": "ntp", "measured_at_ns": SEALED_AT_NS},
        },
        "subject": {
            "class_name": "car", "track_id": 7, "score": 0.875, "box_xyxy": (-3.5, 10.25, 220.0, 180.0),
            "frame_size_wh": (1920, 1080),
            "positions": ({"pts_ns": 1_000_000_000, "xyxy": (-3.5, 10.25, 220.0, 180.0), "score": 0.8},),
        },
        "made_by": {
            "software": "streetwarden 0.1.0", "model_name": "street", "model_sha256": "ab" * 32,
            "thresholds": {"score": 0.25},
        },
        "host": {"machine": "x86_64"},
        "stream_health": {"state": "streaming"},
        "gaps": (),
        "grade": "lead",
        "reasons": ("camera_file_incomplete",),
        "files": tuple(files),
    }  # fmt: skip
    return Manifest.model_validate(fields | changes)


def bag(
    incident_id: str = "incident-1", head: Head | None = None, signer: Signer | None = None, **changes: object
) -> dict[str, bytes]:
    """All files of an honest package."""
    by = signer or ed25519()
    return bag_files(manifest(incident_id, head, **{"key_id": by.key_id} | changes), payload(), by)


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """The package as a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def rebag(files: Mapping[str, bytes], changed: Manifest, seed: int = 1) -> dict[str, bytes]:
    """What a forger with a key makes: a changed manifest, signed again, with all of BagIt's files made anew."""
    parts = {name: data for name, data in files.items() if name.startswith("data/")}
    return bag_files(changed, parts, signer(seed))


def head_of(files: Mapping[str, bytes], sequence: int) -> Head:
    return Head(sequence, sha256(files["manifest.json"]))
