"""Webhooks over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import Identifier, OfficeDep, PrincipalDep
from api.webhooks import service
from api.webhooks.schemas import WebhookIn, WebhookList, WebhookView

router = APIRouter(prefix="/webhooks", tags=["events"])


@router.get("")
def list_webhooks(office: OfficeDep) -> WebhookList:
    """All webhooks, how far they were told, and what stops them."""
    return WebhookList(items=[WebhookView.model_validate(hook) for hook in service.list_all(office)])


@router.post("", status_code=201)
def create_webhook(office: OfficeDep, who: PrincipalDep, told: WebhookIn) -> WebhookView:
    """Tell another system what happens to cases from now on: signed CloudEvents, in order, at least once."""
    return WebhookView.model_validate(service.create(office, who, told))


@router.delete("/{name}", status_code=204)
def remove_webhook(office: OfficeDep, who: PrincipalDep, name: Identifier) -> None:
    """End a webhook."""
    service.remove(office, who, name)
