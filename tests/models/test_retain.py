"""A student that agrees with its teacher pays nothing; where it disagrees it pays, except where it must not follow."""

from __future__ import annotations

import pytest
import torch

from models.retain import anchor_points, disagreement, inside_unknown

ANCHORS = 4


def answers(score: float) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    boxes = torch.randn(1, 64, ANCHORS, generator=generator)
    return {"scores": torch.full((1, 3, ANCHORS), score), "boxes": boxes}


def known(*here: bool) -> torch.Tensor:
    return torch.tensor([here])


def test_agreement_costs_nothing() -> None:
    class_loss, edge_loss = disagreement(answers(1.0), answers(1.0), known(True, True, True, True), [0, 1])
    assert class_loss.item() == pytest.approx(0, abs=1e-6)
    assert edge_loss.item() == pytest.approx(0, abs=1e-6)


def test_forgetting_costs_and_an_unknown_class_does_not() -> None:
    forgot, other = answers(1.0), answers(1.0)
    forgot["scores"] = torch.full((1, 3, ANCHORS), -3.0)
    other["scores"] = torch.tensor([1.0, 1.0, -9.0])[None, :, None].expand(1, 3, ANCHORS)
    everywhere = known(True, True, True, True)
    assert disagreement(forgot, answers(1.0), everywhere, [0, 1])[0].item() > 0.1
    assert disagreement(other, answers(1.0), everywhere, [0, 1])[0].item() == pytest.approx(0, abs=1e-6)


def test_the_teacher_is_not_followed_inside_what_it_does_not_know() -> None:
    forgot = answers(-3.0)
    nowhere = known(False, False, False, False)
    assert disagreement(forgot, answers(1.0), nowhere, [0, 1])[0].item() == 0
    student = {"feats": [torch.zeros(1, 8, 2, 2)]}
    batch = {
        "img": torch.zeros(1, 3, 16, 16),
        "cls": torch.tensor([[2.0], [0.0]]),
        "bboxes": torch.tensor([[0.25, 0.25, 0.4, 0.4], [0.75, 0.75, 0.4, 0.4]]),
        "batch_idx": torch.tensor([0.0, 0.0]),
    }
    mask = inside_unknown(student, torch.tensor([8.0]), batch, [0, 1])
    assert mask.tolist() == [[True, False, False, False]]


def test_anchors_are_the_centres_of_the_cells() -> None:
    points = anchor_points([torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 1)], torch.tensor([8.0, 16.0]))
    assert points.tolist() == [[4, 4], [12, 4], [8, 8]]
