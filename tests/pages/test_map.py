"""The map in a real browser: by keyboard, over outlines that the office brings, and on to the cases of a place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Service
from tests.pages.conftest import enter

PLACES = {"north-gate": (23.1100, 113.2500), "south-gate": (23.1100, 113.2502), "far-gate": (23.13, 113.28)}


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


@pytest.fixture(scope="module")
def admin(shared: Service) -> httpx.Client:
    """Somebody with every right, in an office with cameras, two of them side by side, and four cases."""
    person = shared.person("reviewer", "admin", "ops", username="wang")
    for name, (latitude, longitude) in PLACES.items():
        body = {"id": name, "name": name.title(), "url": "rtsp://h/x", "district": name.split("-")[0]}
        person.post("/api/v1/cameras", json={**body, "latitude": latitude, "longitude": longitude}).raise_for_status()
    worker = shared.worker()
    for number, name in enumerate(("north-gate", "north-gate", "south-gate", "far-gate")):
        shared.put(worker, shared.sealer.seal(f"mapped-{number}", camera_id=name)).raise_for_status()
    return person


def test_places_that_fall_together_are_parted_and_one_leads_to_its_cases(
    service: Service, admin: httpx.Client, open_page: Callable[..., Page]
) -> None:
    page = enter(open_page, service, admin, "/map")
    marks = page.locator("#map .mark")
    expect(marks).to_have_count(2)
    page.get_by_role("button", name="North-Gate and 1 more, cases: 3").press("Enter")
    expect(page.get_by_role("button", name="South-Gate, cases: 1")).to_be_visible()
    page.get_by_role("button", name="North-Gate, cases: 2").press("Enter")
    expect(page.locator("#place")).to_contain_text("Illegal parking")
    page.locator("#map").focus()
    page.keyboard.press("0")
    expect(marks).to_have_count(2)
    page.get_by_role("link", name="Cases of this place").press("Enter")
    expect(page.locator("table.list tbody tr")).to_have_count(2)
    expect(page.locator(".place-filter")).to_contain_text("Place: North-Gate")


def test_filters_tables_and_hours_say_the_same_in_both_languages(
    service: Service, admin: httpx.Client, open_page: Callable[..., Page]
) -> None:
    page = enter(open_page, service, admin, "/map", locale="zh-CN")
    expect(page.locator("h1")).to_have_text("案件地图")
    expect(page.locator(".hot [data-place]").first).to_contain_text("North-Gate")
    expect(page.locator(".heat td.shade-6")).to_have_text("4")
    page.get_by_label("区域").select_option("far")
    page.get_by_role("button", name="显示").press("Enter")
    expect(page.locator("table.list tbody tr")).to_have_count(1)
    page.locator("a[data-language=en]").press("Enter")
    expect(page.locator("h1")).to_have_text("Map of cases")
    expect(page.get_by_label("District").first).to_have_value("far")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_office_brings_outlines_and_is_told_what_is_wrong_with_them(
    service: Service, admin: httpx.Client, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "good.geojson"
    bad.write_text("{", encoding="utf-8")
    ring = [[113.24, 23.10], [113.29, 23.10], [113.29, 23.14], [113.24, 23.10]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"name": "Old"}}
    good.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    page = enter(open_page, service, admin, "/map")
    page.locator("summary", has_text="Outlines under the map").click()
    page.locator("#backdrop input").set_input_files(bad)
    page.get_by_role("button", name="Replace").click()
    expect(page.locator("#backdrop .problem")).to_have_text("This is not a JSON file.")
    page.locator("#backdrop input").set_input_files(good)
    page.get_by_role("button", name="Replace").click()
    expect(page.locator("#map .area")).to_have_count(1)
    expect(page.locator("#map .district-name")).to_have_text("Old")


def test_ops_tell_where_a_camera_stands(service: Service, admin: httpx.Client, open_page: Callable[..., Page]) -> None:
    page = enter(open_page, service, admin, "/cameras")
    page.locator("[data-camera=far-gate] [data-position]").click()
    dialog = page.locator("#camera-position")
    dialog.get_by_label("Latitude").fill("23,5")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert admin.get("/api/v1/cameras/far-gate").json()["latitude"] == 23.5
