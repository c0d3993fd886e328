"""The small world has what its docstring says: loader tests rely on it."""

import numpy as np

from workbench.testing.small_world import small_world


def test_world_4_has_every_kind_of_table():
    world = small_world()
    schema, graph = world.graph.schema, world.graph
    assert [graph.times(name) is not None for name in schema.node_types] == [True, False, False]
    folded = [table.name for table in schema if table.edge is not None]
    assert [graph.times(name) is not None for name in folded] == [True, False]
    assert set(schema.node_types) - set(world.features.groups), "a node type without columns"
    assert set(folded) & set(world.features.groups), "an edge table with columns"
    assert len(world.seeds) == 100
    assert len(np.unique(world.seeds.anchor_time)) == 5
    assert world.sampler.disjoint
    assert not world.joint.disjoint


def test_a_world_is_a_function_of_its_number():
    first, again = small_world(9), small_world(9)
    assert np.array_equal(first.seeds.node_id, again.seeds.node_id)
    assert all(
        np.array_equal(a.data, b.data)
        for a, b in zip(first.features.blocks, again.features.blocks, strict=True)
    )
