"""HopDriver: a subgraph out of many ``sample_hop`` calls. The contract that every store follows.

The driver is the slow, plain twin of the fused kernel; a sharded or remote store is sampled by it as
it stands. Both give the same bits, which is what the following fixes.

**Cutoffs.** What a node sees is what was visible at its cutoff, v. A seed's is its anchor (joint: the anchor
that all share), less 1 us in ``strict`` plans, but for FOREVER. Others have their seed's; or in plans with
``cutoff='path'`` the time of the edge that they were drawn over, itself included: a node drawn over an edge
of a temporal step whose table has times gets ``min(parent's cutoff, edge time)``, any other its parent's.

**Visible** edges of a node are those of which all of the following holds, in stored order, which is the
order of their rows; let there be n of them.

* Their row is visible at v and not older than the window: ``v - window < time <= v``, ``end > v`` or no
  end. A static step waives this, but in the ``fact`` layout the row is the neighbour itself.
* The neighbour's row is visible at v, whatever the step.
* They are not hidden from the node's seed (joint: from any seed).

**How many.** ``take`` is fanout, or n for ``ALL``; with a fraction it is ``ceil(fraction * n)`` (of the
float product), at most the fanout. With replacement there are exactly ``fanout`` draws if n > 0.

**Draws.** Draw d, attempt a of a node has index ``d + a * 2^32`` under the node's key: an integer below a
bound (``kernels/rng.py``), or a share u in [0, 1), 53 bits (``kernels/hop_draws.py``).

* ``take >= n`` without replacement: all, in stored order; ``WEIGHTED``: all that weigh more than 0.
* ``RECENT``: the last ``take``, in stored order.
* ``UNIFORM``: Floyd's algorithm. For j in n-take .. n-1: draw t below j + 1; take rank t, or rank j if t
  is taken already. With replacement: rank "draw d below n" for each d.
* ``WEIGHTED``, ``DECAY``: an edge weighs its column's number, or ``2 ** (time / half_life)``, of which
  only ratios matter. Let M be the inclusive mass up to an edge and W the mass of all n. For each draw d
  there are attempts a = 0, 1, ...: the first edge with ``M > u * W``. With replacement the first
  attempt that finds an edge counts (there are none where W is 0). Without, one whose edge was not
  drawn before; a node has at most ``4 * take + 16`` attempts in all. From the draw on for which they
  do not suffice, each draw d is made by a *scan*: u at attempt ``2^31``, weights of the edges that are
  left added up in stored order (ages from the latest of them on), the first whose sum exceeds u times
  the total, else the last that weighs anything. The draws end where the total is 0.

Masses come from prefix sums over all edges of the node (``kernels/mass.py``): with the mass B before the
first visible edge the target is ``B + u * (M of the last - B)``, or its logarithm. Where the visible edges do
not stand side by side, the sums are too coarse (too many half-lives), or rounding swallowed the window
(``M of the last <= B``), they are summed up over the visible edges alone. Nodes for which that or a scan
was needed are counted in ``slow_draws``.

**Nodes.** Local ids count up per node type in the order of discovery. Seeds come first, in order,
duplicates kept. A drawn neighbour that is there already, for the same seed (joint: for any) and with the
same cutoff, keeps its local id, the first one if a seed was given twice; otherwise it is appended.
``tree``: every draw is appended. ``max_nodes``: a draw that would append a node where its seed (joint: the
batch) has as many nodes of all types, seeds included, is dropped, in the order of the draws.

**Steps** run in plan order. A step of hop h expands, for its dst type,

* in fanout plans, the nodes first discovered in hop h - 1 (hop 1: the seeds), in the order of local ids;
* in metapath plans, the distinct nodes that its parent step drew (hop 1: the seeds), in the order in
  which that step first drew them, whether or not they were there before.

Edges are appended in the order (step, expanded node, draw). A metapath plan marks each with the step's
paths and, unless it is a tree, does not append an edge (same ends, same row) twice: the later step's
paths are added to its mask.

**More edges** than were drawn belong to the forms ``bidirectional`` and ``induced``: ``complete.py``.

**Keys.** Disjoint: one key per seed, from (request key, name of the seed type, seed, anchor). Joint: one
key for all, from (request key, every input id, seed and anchor in order). The key of a node at a step
is ``node_key(seed key, plan.salts[step], node)``. No key depends on a position, so thread and shard
counts change nothing, and neither does, in disjoint mode, the rest of the batch.

**batch.** Disjoint: position of the seed over all seed sets. Joint: seeds have their position, other
nodes -1.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from workbench.errors import BudgetError, explain
from workbench.kernels import rng
from workbench.stores.complete import complete
from workbench.stores.door import check_request
from workbench.stores.growing import Growing, HopStore
from workbench.stores.memory import Arenas, OverBudgetError
from workbench.stores.request import SampleRequest, joined
from workbench.stores.subgraph import SampledSubgraph
from workbench.types import UInt64Array


@cache
def name_salt(name: str) -> int:
    """64-bit FNV-1a of a name: the salt of a node type in seed keys."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def request_keys(request: SampleRequest) -> UInt64Array:
    """uint64[seeds] in disjoint mode, uint64[1] in joint mode: the keys that all draws derive from."""
    sets = request.seed_sets
    if request.plan.disjoint:
        parts = [
            rng.seed_keys(request.key, name_salt(seeds.node_type), seeds.ids, seeds.anchors) for seeds in sets
        ]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.uint64), *parts])
    columns = [joined([getattr(seeds, name) for seeds in sets]) for name in ("input_ids", "ids", "anchors")]
    return np.array([rng.joint_key(request.key, *columns)], np.uint64)


class HopDriver:
    """Samples subgraphs from any store that answers ``sample_hop``.

    Parameters
    ----------
    store : HopStore
    """

    def __init__(self, store: HopStore) -> None:
        self.store = store
        self._arenas = Arenas()

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """Sample one batch, one ``sample_hop`` per step.

        Raises
        ------
        IdError, AnchorError, FanoutError, StoreError
        BudgetError
            If there is no memory for the edges that the plan's form adds.
        """
        check_request(self.store, request, snapshot)
        drawn = Growing(self.store, request, request_keys(request)).run()
        try:
            return complete(self.store, drawn, self._arenas)
        except OverBudgetError as error:
            asked = f"a subgraph with subgraph={request.plan.subgraph!r} was asked for"
            got, allowed = f"it needs {error.asked:,} more bytes", f"{error.room:,} bytes that are left"
            do = "Use a smaller fanout or fewer seeds per batch"
            raise BudgetError(explain(asked, got, allowed, do)) from None
