"""H.264 clips as a street camera would send them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def write_clip(path: Path, pictures: Iterable[Image], fps: float, gop: int, crf: float, preset: str = "slow") -> None:
    """Encode BGR pictures (H, W, 3) to an mp4: fixed GOP, no B-frames, index first; whole or not at all."""
    fresh = path.with_suffix(".part.mp4")
    rate = Fraction(fps).limit_denominator(1000)
    with av.open(str(fresh), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "crf": str(crf),
            "preset": preset,
            "profile": "high",
            "bf": "0",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:threads=1",
        }
        for picture in pictures:
            if not stream.codec_context.is_open:
                stream.height, stream.width = picture.shape[:2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode(None))
    fresh.replace(path)
