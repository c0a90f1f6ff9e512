"""COCO detection labels: one JSON of images, annotations (`bbox` is x, y, width, height in pixels) and categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datasets.formats.labels import Box, Dropped, FormatError, LabelledImage, LabelSet, box_or_reason, write_whole


def write_coco(labels: LabelSet, path: Path) -> None:
    """Write one COCO JSON; category ids are class numbers plus one, as COCO counts."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(labels.images, 1):
        images.append({"id": number, "file_name": image.name, "width": image.width, "height": image.height})
        for box in image.boxes:
            annotations.append(_annotation(len(annotations) + 1, number, labels.classes.index(box.label) + 1, box))
    categories = [{"id": number, "name": name} for number, name in enumerate(labels.classes, 1)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _annotation(number: int, image: int, category: int, box: Box) -> dict[str, Any]:
    x1, y1, x2, y2 = box.xyxy
    size = [x2 - x1, y2 - y1]
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x1, y1, *size],
        "area": size[0] * size[1],
        "iscrowd": 0,
    }


def read_coco(path: Path) -> tuple[LabelSet, tuple[Dropped, ...]]:
    """Read a COCO JSON; crowds, boxes without size and annotations of unknown images or categories are dropped.

    Of what else an annotation holds (outline, key points), only the box is kept, which is reported too.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        categories = {int(c["id"]): str(c["name"]) for c in sorted(document["categories"], key=lambda c: int(c["id"]))}
        images = {int(i["id"]): i for i in document["images"]}
        boxes, dropped = _boxes(document["annotations"], set(images), categories)
        items = tuple(
            LabelledImage(str(i["file_name"]), int(i["width"]), int(i["height"]), tuple(boxes[key]))
            for key, i in images.items()
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{path}: not COCO labels: {type(error).__name__} {error}") from error
    return LabelSet(tuple(categories.values()), items), dropped


def _boxes(
    annotations: list[dict[str, Any]], images: set[int], categories: dict[int, str]
) -> tuple[dict[int, list[Box]], tuple[Dropped, ...]]:
    boxes: dict[int, list[Box]] = {image: [] for image in images}
    dropped = []
    for item in annotations:
        box = _box(item, images, categories)
        if isinstance(box, Box):
            boxes[int(item["image_id"])].append(box)
            dropped += [
                Dropped(f"annotation {item.get('id')}", f"its {key}: boxes alone are kept") for key in _more(item)
            ]
        else:
            dropped.append(Dropped(f"annotation {item.get('id')}", box))
    return boxes, tuple(dropped)


def _more(item: dict[str, Any]) -> list[str]:
    return [key for key in ("segmentation", "keypoints") if item.get(key)]


def _box(item: dict[str, Any], images: set[int], categories: dict[int, str]) -> Box | str:
    if item["image_id"] not in images:
        return f"no image {item['image_id']}"
    if item["category_id"] not in categories:
        return f"no category {item['category_id']}"
    if item.get("iscrowd"):
        return "a crowd, not one thing"
    x, y, w, h = (float(value) for value in item["bbox"])
    return box_or_reason(categories[item["category_id"]], (x, y, x + w, y + h))
