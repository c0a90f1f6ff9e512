"""Signing keys over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.keys import service
from api.keys.schemas import KeyEntry, KeyRegistry, RevocationIn

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("")
def list_keys(office: OfficeDep) -> KeyRegistry:
    """The published registry: what a third party needs to verify packages."""
    return service.read_registry(office)


@router.put("/{key_id}", responses={201: {"model": KeyEntry, "description": "New"}})
def put_key(office: OfficeDep, who: PrincipalDep, key_id: Identifier, entry: KeyEntry, response: Response) -> KeyEntry:
    """Register a worker's public key; the same key again changes nothing."""
    known, created = service.register(office, who, key_id, entry)
    response.status_code = 201 if created else 200
    return known


@router.post("/{key_id}/revocation")
def revoke_key(office: OfficeDep, who: PrincipalDep, key_id: Identifier, why: RevocationIn) -> KeyEntry:
    """End a key."""
    return service.revoke(office, who, key_id, why.reason)
