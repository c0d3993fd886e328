"""Feature codes: numbers, instants, categories, texts, embeddings, block by block."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import IngestError
from workbench.ingestion.encode import Coder, decode_block, decode_column, sections_of
from workbench.ingestion.layout import group_layout
from workbench.kernels.hash_text import TEXT_WIDTH
from workbench.schema import Column, Stype, Table
from workbench.testing.sizes import cases


def decoded(stype: Stype, array: pa.Array, width: int = 1):
    return decode_column(Column("c", stype), array, width)


def test_numbers_lose_what_no_model_can_use() -> None:
    part = decoded(Stype.NUMERICAL, pa.array([1.5, None, float("nan"), float("-inf"), 1e39, -0.0]))
    assert part.values.tolist() == [1.5, 0, 0, 0, 0, 0]
    assert part.present.tolist() == [True, False, False, False, False, True]
    assert part.dropped == 3


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.int64(), pa.bool_(), pa.float32()])
def test_numbers_of_every_kind(kind: pa.DataType) -> None:
    assert decoded(Stype.NUMERICAL, pa.array([1, 0, None]).cast(kind)).values.tolist() == [1, 0, 0]


def test_instants_are_microseconds() -> None:
    part = decoded(Stype.TIMESTAMP, pa.array([1, None, -5], pa.timestamp("ms")))
    assert part.values.tolist() == [1000, 0, -5000]
    assert part.present.tolist() == [True, False, True]


@settings(max_examples=cases(50, 1000))
@given(st.lists(st.lists(st.one_of(st.none(), st.sampled_from("abcde")), max_size=6), max_size=5))
def test_codes_are_given_in_order_of_appearance(blocks: list[list[str | None]]) -> None:
    coder, seen, codes = Coder(), {}, []
    for block in blocks:
        part = decoded(Stype.CATEGORICAL, pa.array(block, pa.string()))
        codes += coder.code("c", part).tolist()
        assert part.present.tolist() == [value is not None for value in block]
        for value in filter(None, block):
            seen.setdefault(value, len(seen) + 1)
    flat = [value for block in blocks for value in block]
    assert codes == [0 if value is None else seen[value] for value in flat]
    assert coder.dictionary("c") == list(seen)


def test_categories_of_any_type_become_texts() -> None:
    coder = Coder()
    coder.code("flag", decoded(Stype.CATEGORICAL, pa.array([True, False])))
    coder.code("year", decoded(Stype.CATEGORICAL, pa.array([2020, 2019])))
    coder.code("made", decoded(Stype.CATEGORICAL, pa.array(["x", "y"]).dictionary_encode()))
    assert [coder.dictionary(c) for c in ("flag", "year", "made")] == [
        ["true", "false"],
        ["2020", "2019"],
        ["x", "y"],
    ]
    assert coder.dictionary("none") == []


def test_texts_are_hashed_wherever_the_slice_begins() -> None:
    texts = pa.array(["zero", "red thing", None, "", "red thing"])
    whole, part = decoded(Stype.TEXT, texts), decoded(Stype.TEXT, texts.slice(1))
    assert whole.present.tolist() == [True, True, False, True, True]
    assert (whole.values[1:] == part.values).all()
    assert np.linalg.norm(whole.values, axis=1).tolist() == pytest.approx([1, 1, 0, 0, 1])
    assert (whole.values[1] == whole.values[4]).all()


def test_texts_are_not_hashed_where_a_callable_made_the_vectors() -> None:
    assert decoded(Stype.TEXT, pa.array(["x"]), TEXT_WIDTH).values.shape == (1, TEXT_WIDTH)
    with pytest.raises(IngestError, match="have 384 elements, so a callable of yours made them"):
        decoded(Stype.TEXT, pa.array(["x"]), 384)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float64()), pa.list_(pa.float32(), 2), pa.large_list(pa.float32())]
)
def test_embeddings(kind: pa.DataType) -> None:
    part = decoded(Stype.EMBEDDING, pa.array([[1.0, 2.0], None, [float("nan"), 1.0]], kind), 2)
    assert part.values.tolist() == [[1, 2], [0, 0], [0, 0]]
    assert part.present.tolist() == [True, False, False]
    assert part.dropped == 1


WORDS = st.one_of(st.none(), st.sampled_from("abcdefg"))


@settings(max_examples=cases(100, 2000))
@given(st.lists(st.one_of(st.none(), st.lists(WORDS, max_size=6)), max_size=20), st.integers(1, 4))
def test_sets_keep_the_first_distinct_categories(rows: list[list[str | None] | None], width: int) -> None:
    array = pa.array([["z"], *rows], pa.list_(pa.string())).slice(1)
    coder = Coder()
    part = decoded(Stype.MULTICATEGORICAL, array, width)
    codes = coder.code("c", part)
    words = [None, *coder.dictionary("c")]
    series = pd.Series(rows, dtype=object)
    expected = [list(dict.fromkeys(w for w in row or [] if w is not None)) for row in series]
    assert [[words[code] for code in row if code] for row in codes] == [row[:width] for row in expected]
    assert part.dropped == sum(max(0, len(row) - width) for row in expected)
    assert part.present.tolist() == series.notna().tolist()
    assert all((np.diff((row > 0).astype(int)) <= 0).all() for row in codes), "codes first, then zeros"


def test_lists_of_other_values_are_sets_too() -> None:
    for kind in (pa.list_(pa.int16()), pa.large_list(pa.int64()), pa.list_(pa.int8(), 2)):
        part = decoded(Stype.MULTICATEGORICAL, pa.array([[7, 7], None, [3, 7]], kind), 2)
        assert Coder().code("c", part).tolist() == [[1, 0], [0, 0], [2, 1]]


def test_blocks_become_sections_in_layout_order() -> None:
    columns = (Column("e", Stype.EMBEDDING), Column("n", Stype.NUMERICAL), Column("c", Stype.CATEGORICAL),
               Column("m", Stype.NUMERICAL), Column("id", Stype.ID))  # fmt: skip
    layout = group_layout(Table("t", columns), 2, {"c": 3}, {"e": 2})
    block = pa.table({"e": [[1.0, 2.0], None], "n": [3.0, None], "c": ["x", "y"], "m": [5, 6]})
    sections, present = sections_of(layout, decode_block(columns[:4], {"e": 2}, block), Coder())
    assert sections["embedding"].tolist() == [[1, 2], [0, 0]]
    assert sections["numerical"].tolist() == [[3, 5], [0, 6]]
    assert sections["categorical"].tolist() == [[1], [2]]
    assert present.tolist() == [[True, True, True, True], [False, False, True, True]]
