"""A stall by its state: one of the styles, perhaps under lamps, with people around it."""

from __future__ import annotations

from datasets.scenes import crowd, market, mesh, vending
from datasets.scenes.mesh import Mesh
from datasets.scenes.shapes import Rng

USUAL = {
    "cart": vending.cart,
    "cloth": vending.cloth,
    "table": vending.table,
    "spill": vending.spill,
    "trike": vending.trike,
}
STYLES = {**USUAL, **market.MAKERS}
LAMPS = "*"


def stall(state: str, rng: Rng) -> Mesh:
    """A stall; `state` is one of `STYLES` or empty for any usual one, `*` behind it hangs lamps.

    A further `+N` is a vendor and N - 1 customers around it.
    """
    style, _, people = state.partition("+")
    name = style.removesuffix(LAMPS)
    body = STYLES[name or str(rng.choice(sorted(USUAL)))](rng)
    if style.endswith(LAMPS):
        body = mesh.join([body, market.lamps(rng, body)])
    if not people:
        return body
    low, high = body.vertices.min(0), body.vertices.max(0)
    reach = (min(float(high[0] - low[0]) / 2, 0.9), min(float(high[1] - low[1]) / 2, 1.2))
    return mesh.join([body, *crowd.around(rng, reach, int(people) - 1)])
