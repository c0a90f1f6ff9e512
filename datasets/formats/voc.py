"""Pascal VOC labels: one XML a picture; corners are pixel numbers from 1, the last pixel included.

The edge x1 is therefore `xmin - 1` and x2 is `xmax`. Fractions are kept: VOC's readers take `float` as well.
"""

from __future__ import annotations

# The labels are local files of our own choosing, and Expat since 2.4.1 bounds entity expansion.
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from datasets.formats.labels import Box, Dropped, FormatError, LabelledImage, LabelSet, box_or_reason, write_whole

_EDGES = (("xmin", 1), ("ymin", 1), ("xmax", 0), ("ymax", 0))


def write_voc(labels: LabelSet, folder: Path) -> None:
    """Write `folder`/NAME.xml for every picture. VOC has no list of classes: `read_voc` is given one."""
    stems = [str(PurePosixPath(image.name).with_suffix("")) for image in labels.images]
    if len(set(stems)) < len(stems):
        raise FormatError(f"{folder}: VOC names labels by the picture's stem, and two pictures share one")
    for stem, image in zip(stems, labels.images, strict=True):
        root = ET.Element("annotation")
        ET.SubElement(root, "filename").text = image.name
        size = ET.SubElement(root, "size")
        for key, value in (("width", image.width), ("height", image.height), ("depth", 3)):
            ET.SubElement(size, key).text = str(value)
        for box in image.boxes:
            _add(root, box)
        ET.indent(root)
        write_whole(folder / f"{stem}.xml", ET.tostring(root, encoding="unicode") + "\n")


def _add(root: ET.Element, box: Box) -> None:
    thing = ET.SubElement(root, "object")
    ET.SubElement(thing, "name").text = box.label
    ET.SubElement(thing, "difficult").text = "0"
    place = ET.SubElement(thing, "bndbox")
    for (key, offset), value in zip(_EDGES, box.xyxy, strict=True):
        ET.SubElement(place, key).text = repr(value + offset)


def read_voc(folder: Path, classes: Sequence[str]) -> tuple[LabelSet, tuple[Dropped, ...]]:
    """Read every XML below a folder; objects of other classes or without size are dropped.

    An object's marks and parts are left out, which is reported too.
    """
    if not folder.is_dir():
        raise FormatError(f"{folder}: no such folder")
    dropped: list[Dropped] = []
    items = [_read(path, tuple(classes), dropped) for path in sorted(folder.rglob("*.xml"))]
    return LabelSet(tuple(classes), tuple(items)), tuple(dropped)


def _read(path: Path, classes: tuple[str, ...], dropped: list[Dropped]) -> LabelledImage:
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - see the import
        width, height = int(_text(root, "size/width")), int(_text(root, "size/height"))
        boxes = []
        for number, thing in enumerate(root.iterfind("object"), 1):
            box = _box(thing, classes)
            if isinstance(box, Box):
                boxes.append(box)
                dropped += [Dropped(f"{path.name}: object {number}", f"its {what}") for what in _more(thing)]
            else:
                dropped.append(Dropped(f"{path.name}: object {number}", box))
        return LabelledImage(_text(root, "filename"), width, height, tuple(boxes))
    except (OSError, ValueError, ET.ParseError) as error:
        raise FormatError(f"{path}: not VOC labels: {error}") from error


def _more(thing: ET.Element) -> list[str]:
    marks = [f"mark {key!r}" for key in ("difficult", "truncated", "occluded") if thing.findtext(key, "0") == "1"]
    pose = thing.findtext("pose", "Unspecified")
    return [
        *marks,
        *([f"pose {pose}"] if pose != "Unspecified" else []),
        *[f"part {p.findtext('name')}" for p in thing.iterfind("part")],
    ]


def _box(thing: ET.Element, classes: tuple[str, ...]) -> Box | str:
    name = _text(thing, "name")
    if name not in classes:
        return f"class {name!r} is not asked for"
    x1, y1, x2, y2 = (float(_text(thing, f"bndbox/{key}")) - offset for key, offset in _EDGES)
    return box_or_reason(name, (x1, y1, x2, y2))


def _text(root: ET.Element, path: str) -> str:
    found = root.findtext(path)
    if found is None:
        raise ValueError(f"no <{path}>")
    return found
