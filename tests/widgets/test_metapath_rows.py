"""What a view is told of metapaths."""

from widgets._metapath_draft import MetapathDraft
from widgets._metapath_rows import metapath_rows
from workbench.plan.draw import Draw
from workbench.testing.graphs import toy_shop


def test_positions_speak_of_the_schema():
    draft = MetapathDraft.of(toy_shop().schema, "users", None).go("orders")
    draft = draft.walk("products-rev_product_id->orders", Draw(0.5, cap=3)).static(0, True)
    rows = metapath_rows(draft)
    schema = draft.schema
    assert schema.node_types[rows["seed"]] == "users"
    assert schema.node_types[rows["end"]] == "products"
    assert [schema.edge_types[i] for i in rows["chain"]] == list(draft.chain)
    assert {schema.edge_types[i] for i in rows["ways_on"]} == set(draft.ways())
    (row,) = rows["paths"]
    assert (row["cells"], row["static"]) == ([16, 0.5], True)
    assert row["notes"][0] == ""
    assert "3" in row["notes"][1]


def test_before_the_first_step_there_is_only_the_seeds_type():
    rows = metapath_rows(MetapathDraft.of(toy_shop().schema, "products", None))
    assert (rows["active"], rows["chain"], rows["paths"], rows["seed"]) == (None, [], [], rows["end"])
