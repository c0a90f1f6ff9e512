"""Overlays, sheet and page: real fonts, the words the law asks for, masks, and the same bytes each time."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from PIL import Image as Pillow

from evidence.derivatives import canvas
from evidence.derivatives.errors import DerivativeError
from evidence.derivatives.facts import case_rows, duration, picture_rows
from evidence.derivatives.fonts import FontFile, find_font
from evidence.derivatives.make import Made, Wishes, derive
from evidence.derivatives.masks import GREY, masked
from evidence.derivatives.page import qr_content
from evidence.derivatives.source import SealedSource, code_of, open_source
from evidence.derivatives.words import LANGUAGES, Language, kind_name
from evidence.verify import verify_package
from streams.frame import Image


def one(source: SealedSource, kind: str, language: Language = "zh") -> Made:
    return next(derive(source, kind, Wishes(language)))  # type: ignore[arg-type]


def picture_of(made: Made) -> Image:
    image = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def glyph(char: str) -> bytes:
    return bytes(find_font().sized(40).getmask(char))


@pytest.mark.parametrize("char", list("违法停车盲道渣土"))
def test_chinese_is_drawn_with_glyphs_of_its_own(char: str) -> None:
    tofu = glyph("\U000f0000")
    assert glyph(char) != tofu
    assert glyph(char) != glyph("一")


def test_a_missing_font_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.derivatives.fonts._FOLDERS", (Path("/nowhere"),))
    with pytest.raises(DerivativeError, match="apt-get install fonts-noto-cjk"):
        find_font()


def test_the_overlay_says_what_the_law_asks_for(source: SealedSource) -> None:
    still = source.stills[0]
    rows = dict(picture_rows(source.manifest, still.at_ns, source.code(still.sha256), "zh"))
    assert rows["时间"].endswith("(UTC+08:00)")
    assert rows["地点"] == "越秀区市场街12号"
    assert rows["方向"] == "由东向西"
    assert rows["设备编号"] == "44010500001320000001"
    assert rows["违法行为"].startswith("机动车违法停放")
    assert rows["管控时段"] == "周一/周六 07:00-19:00"
    assert rows["防伪码"] == code_of(source.manifest_sha256, still.sha256)


def test_every_row_is_said_in_both_languages(source: SealedSource) -> None:
    zh, en = (case_rows(source.manifest, language) for language in LANGUAGES)
    assert len(zh) == len(en)
    assert all(one != other for (one, _), (other, _) in zip(zh, en, strict=True))
    assert kind_name("something_new", "zh") == "something new"
    assert duration(300, "en") == "5 min"


@pytest.mark.parametrize(("kind", "language"), [("overlay", "zh"), ("sheet", "en"), ("pdf", "zh")])
def test_the_same_package_gives_the_same_bytes(source: SealedSource, kind: str, language: Language) -> None:
    assert one(source, kind, language).data == one(source, kind, language).data


def test_the_languages_differ_and_nothing_in_the_package_changed(source: SealedSource) -> None:
    assert one(source, "overlay", "zh").data != one(source, "overlay", "en").data
    assert verify_package(source.folder, None).ok


def test_an_overlay_shows_the_still_with_its_masks_filled(source: SealedSource) -> None:
    image = picture_of(one(source, "overlay"))
    assert image.shape[1] == 960
    inside = image[60:95, 10:80]
    assert np.abs(inside.astype(int) - GREY).max() < 20
    assert image[100:400].std() > 10


def test_a_cut_out_hides_its_part_of_a_mask(source: SealedSource) -> None:
    wide = replace(
        source,
        manifest=source.manifest.model_copy(
            update={
                "camera": source.manifest.camera.model_copy(
                    update={"privacy_masks": (((0, 0), (1, 0), (1, 1), (0, 1)),)}
                )
            }
        ),
    )
    made = [each for each in derive(wide, "overlay", Wishes()) if each.name.startswith("overlay-close_up")]
    assert np.abs(picture_of(made[0])[:300].astype(int) - GREY).max() < 20


def test_masks_leave_what_is_outside_as_it_was() -> None:
    image = np.full((90, 160, 3), 200, np.uint8)
    hidden = masked(image, [((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))])
    assert (hidden[:44, :79] == GREY).all()
    assert (hidden[46:] == 200).all()
    assert (image == 200).all()
    assert masked(image, ()) is image


def test_the_code_is_of_this_picture_in_this_package_alone(source: SealedSource) -> None:
    codes = {source.code(still.sha256) for still in source.stills}
    assert len(codes) == len(source.stills)
    assert code_of("0" * 64, source.stills[0].sha256) not in codes


def test_the_page_carries_its_fonts_and_a_code_that_reads_back(source: SealedSource) -> None:
    made = one(source, "pdf")
    assert made.data.startswith(b"%PDF-")
    assert b"FontFile3" in made.data
    sink = io.BytesIO()
    segno.make(qr_content(source, "https://office.example/verify"), error="m", micro=False).save(
        sink, kind="png", scale=8, border=4
    )
    image = np.asarray(Pillow.open(sink).convert("L"), np.uint8)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(image)
    assert source.manifest_sha256 in text
    assert source.manifest.package_id in text


def test_long_words_break_within_the_column() -> None:
    font: FontFile = find_font()
    lines = canvas.wrapped("越秀区市场街十二号门前人行道 near the corner " * 3, font.sized(20), 200)
    assert len(lines) > 4
    assert all(font.sized(20).getlength(line) <= 200 for line in lines)


def test_nothing_is_derived_from_a_package_that_does_not_hold(source: SealedSource, tmp_path: Path) -> None:
    for path in source.folder.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(source.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes() + (b"x" if path.name == "close_up.jpg" else b""))
    with pytest.raises(DerivativeError, match="does not hold"):
        open_source(tmp_path)
