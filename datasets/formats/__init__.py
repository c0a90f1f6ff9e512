"""Label formats in and out: YOLO, COCO and Pascal VOC, one file a format, through one form of our own.

`read_*` gives a `LabelSet` and everything it had to leave out; `write_*` refuses what its format cannot hold.
"""

from datasets.formats.coco import read_coco, write_coco
from datasets.formats.labels import Box, Dropped, FormatError, LabelledImage, LabelSet
from datasets.formats.voc import read_voc, write_voc
from datasets.formats.yolo import read_yolo, write_yolo

__all__ = [
    "Box",
    "Dropped",
    "FormatError",
    "LabelSet",
    "LabelledImage",
    "read_coco",
    "read_voc",
    "read_yolo",
    "write_coco",
    "write_voc",
    "write_yolo",
]
