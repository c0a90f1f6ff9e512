"""Learning without forgetting: beside the labels, a student agrees with a frozen teacher on the classes both know.

Z. Li, D. Hoiem: Learning without Forgetting, ECCV 2016; on every anchor of a detect head, as soft scores and as
distributions of the box edges. Labels of teachers say what is certain; this says how certain, and where nothing is.
Anchors inside a labelled object of a class that the teacher does not know are left out: there it must not be followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

CLASS_GAIN = 0.5  # ultralytics' own gains of the class and the edge loss
EDGE_GAIN = 1.5
SEEN = 0.2  # teacher's score from which its box is one
BINS = 16


class Retention:
    """An ultralytics detection criterion with the teacher's part added.

    `teacher`: a detection model with the student's head, of which the class rows `rows` are trusted. `shared`: the
    maps of the first layers, when teacher and student have these in common, so that they are computed once. `every`:
    the teacher is asked on one batch in so many, with that much more weight, which saves its time.
    """

    def __init__(
        self,
        criterion: Any,
        teacher: Any,
        rows: Sequence[int],
        weight: float,
        *,
        bfloat16: bool,
        shared: SharedLayers | None = None,
        every: int = 1,
    ) -> None:
        self._criterion = criterion
        self._teacher = as_teacher(teacher)
        self._shared = shared
        self._rows = list(rows)
        self._weight = weight
        self._bfloat16 = bfloat16
        self._every = every
        self._seen = 0

    def __call__(self, preds: Any, batch: dict[str, Any]) -> Any:
        """Loss (3,) times the batch size, and its parts to print."""
        loss, items = self._criterion(preds, batch)
        student = preds[1] if isinstance(preds, tuple) else preds
        if not student["scores"].requires_grad:
            return loss, items
        self._seen += 1
        if self._seen % self._every:
            return loss, items
        wanted = self._look(batch["img"])
        known = ~inside_unknown(student, self._teacher.stride, batch, self._rows)
        class_loss, edge_loss = disagreement(student, wanted, known, self._rows)
        extra = torch.stack([torch.zeros_like(class_loss), CLASS_GAIN * class_loss, EDGE_GAIN * edge_loss])
        return loss + self._every * self._weight * len(batch["img"]) * extra, items

    def _look(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        with torch.no_grad(), torch.autocast(pictures.device.type, torch.bfloat16, enabled=self._bfloat16):
            shared = self._shared
            answer: dict[str, Any] = self._teacher(pictures) if shared is None else shared.answer(self._teacher)
        return {name: answer[name].float() for name in ("scores", "boxes")}


class SharedLayers:
    """What the student's first `count` layers, which stay frozen, last gave."""

    def __init__(self, student: Any, count: int) -> None:
        self._maps: list[Any] = [None] * count
        kept = {*student.save, count - 1}
        for index in sorted(kept & set(range(count))):
            student.model[index].register_forward_hook(self._keeper(index))

    def answer(self, teacher: Any) -> Any:
        """The teacher's answer to the pictures that the student saw last."""
        maps, last = list(self._maps), self._maps[-1]
        for layer in teacher.model[len(maps) :]:
            sources = [layer.f] if isinstance(layer.f, int) else layer.f
            inputs = [last if source == -1 else maps[source] for source in sources]
            last = layer(inputs[0] if isinstance(layer.f, int) else inputs)
            maps.append(last)
        return last

    def _keeper(self, index: int) -> Any:
        def keep(_module: object, _inputs: object, output: torch.Tensor) -> None:
            self._maps[index] = output.detach()

        return keep


def begin_alike(first: Any, second: Any, layers: int) -> bool:
    """Whether the first `layers` layers of two models are the same but for the rounding of a stored checkpoint."""
    ours, theirs = first.model[:layers].state_dict(), second.model[:layers].state_dict()
    return ours.keys() == theirs.keys() and all(
        torch.allclose(value.float(), theirs[name].float(), rtol=2e-3, atol=1e-5) for name, value in ours.items()
    )


def as_teacher(model: Any) -> Any:
    """The model frozen, with the raw answers of its head."""
    model.eval().requires_grad_(requires_grad=False)
    model.model[-1].training = True
    return model.to(memory_format=torch.channels_last)


def disagreement(
    student: dict[str, torch.Tensor], teacher: dict[str, torch.Tensor], known: torch.Tensor, rows: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Class and edge loss between two heads' raw answers (`scores` (B, C, A), `boxes` (B, 64, A)), on `known` (B, A).

    Classes: cross entropy with the teacher's scores, weighing most where the two differ (X. Li et al.: Generalized
    Focal Loss, NeurIPS 2020), over the sum of the teacher's scores. Edges: Kullback-Leibler divergence of the edge
    distributions where the teacher sees something, weighted by its score.
    """
    wanted = teacher["scores"][:, rows].sigmoid()
    given = student["scores"][:, rows]
    focus = (wanted - given.detach().sigmoid()).square() * known[:, None]
    entropy = functional.binary_cross_entropy_with_logits(given, wanted, reduction="none")
    total = (wanted * known[:, None]).sum().clamp(min=1)
    weight = wanted.amax(dim=1) * known
    weight = torch.where(weight > SEEN, weight, torch.zeros_like(weight))
    return (focus * entropy).sum() / total, _edge_loss(student["boxes"], teacher["boxes"], weight)


def _edge_loss(given: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    picture, anchor = weight.nonzero(as_tuple=True)
    if not len(picture):
        return given.sum() * 0
    ours = given[picture, :, anchor].view(-1, 4, BINS).log_softmax(dim=2)
    theirs = wanted[picture, :, anchor].view(-1, 4, BINS).log_softmax(dim=2)
    apart = functional.kl_div(ours, theirs, reduction="none", log_target=True).sum(dim=2).mean(dim=1)
    chosen = weight[picture, anchor]
    return (apart * chosen).sum() / chosen.sum()


def inside_unknown(
    student: dict[str, Any], stride: torch.Tensor, batch: dict[str, Any], rows: Sequence[int]
) -> torch.Tensor:
    """Mask (B, A): anchors whose centre lies in a labelled object of a class that is not in `rows`."""
    points = anchor_points(student["feats"], stride)
    height, width = batch["img"].shape[2:]
    mask = torch.zeros(len(batch["img"]), len(points), dtype=torch.bool, device=points.device)
    unknown = ~torch.isin(batch["cls"].view(-1).long().cpu(), torch.tensor(list(rows)))
    scale = torch.tensor([width, height, width, height], dtype=torch.float32)
    for picture, box in zip(batch["batch_idx"][unknown].long(), batch["bboxes"][unknown] * scale, strict=True):
        inside = ((points - box[:2].to(points)).abs() <= box[2:].to(points) / 2).all(dim=1)
        mask[picture] |= inside
    return mask


def anchor_points(maps: Sequence[torch.Tensor], stride: torch.Tensor) -> torch.Tensor:
    """Centres (A, 2) in input pixels of the cells of a head's maps (B, C, H, W), in the order of its answers."""
    points = []
    for cells, step in zip(maps, stride.tolist(), strict=True):
        rows, columns = torch.meshgrid(torch.arange(cells.shape[2]), torch.arange(cells.shape[3]), indexing="ij")
        points.append(torch.stack([columns, rows], dim=2).view(-1, 2).to(cells.device) * step + step / 2)
    return torch.cat(points)
