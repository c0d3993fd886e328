"""Texts by a callable of the user: stored with the rows, checked at every call."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from workbench.errors import IngestError, SchemaError
from workbench.ingestion.text_encoder import TextEncoder, text_encoders
from workbench.schema import Column, Schema, Stype, Table
from workbench.types import AnyArray

SCHEMA = Schema((Table("notes", (Column("body", Stype.TEXT), Column("n", Stype.NUMERICAL))),))


def lengths(texts: list[str]) -> AnyArray:
    return np.array([[len(text), text.count("a"), 1.0] for text in texts])


class Sentences:
    """As sentence encoders are used."""

    def encode(self, texts: list[str]) -> AnyArray:
        return lengths(texts)[:, :2]


@pytest.mark.parametrize(("encoder", "width"), [(lengths, 3), (Sentences(), 2)])
def test_vectors_are_stored_with_their_rows(encoder: object, width: int, tmp_path: Path) -> None:
    texts = ["banana", None, "", "aä" * 40] * 500
    tables = {"notes": pa.table({"body": texts, "n": range(2000)})}
    wb.ingest(tables, SCHEMA, tmp_path / "s", texts={"notes.body": encoder})
    block = wb.open(tmp_path / "s").features.multi_get([wb.Read("notes", np.arange(2000))])[0]
    expected = lengths([text or "" for text in texts])[:, :width]
    expected[1::4] = 0
    assert (block.column("body") == expected).all()
    assert block.present()[:, 0].tolist() == [text is not None for text in texts]


def test_calls_never_overlap_and_skip_missing_texts() -> None:
    busy, seen = threading.Lock(), []

    def careful(texts: list[str]) -> AnyArray:
        assert busy.acquire(blocking=False)
        seen.append(list(texts))
        busy.release()
        return lengths(texts)

    encoder = TextEncoder.probe("t.c", careful)
    threads = [threading.Thread(target=encoder.encode, args=(pa.array(["x", None]),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [["a probe"], *[["x"]] * 20]
    assert encoder.encode(pa.array([None, None], pa.string()))[0].shape == (2, 3)


def test_vectors_that_are_not_finite_are_missing() -> None:
    encoder = TextEncoder.probe(
        "t.c", lambda texts: np.array([[len(t), np.nan if t == "?" else 1] for t in texts])
    )
    vectors, present = encoder.encode(pa.array(["ab", "?", None]))
    assert vectors.tolist() == [[2, 1], [0, 0], [0, 0]]
    assert present.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (7, "got a int. Allowed: a callable"),
        (lambda texts: np.zeros(len(texts)), r"it gave float64\[1\]\. Allowed: a float array of shape"),
        (lambda texts: [["x"]], r"it gave <U1\[1, 1\]"),
        (lambda texts: 1 / 0, "the encoder failed: ZeroDivisionError"),
    ],
)
def test_what_does_not_encode_is_refused_before_anything_is_read(encoder: object, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        text_encoders(SCHEMA, {"notes.body": encoder})


def test_a_changing_width_is_refused() -> None:
    encoder = TextEncoder.probe("t.c", lambda texts: np.zeros((len(texts), len(texts[0]))))
    with pytest.raises(
        IngestError, match=r"it gave float64\[1, 2\]\. Allowed: a float array of shape \(1, 7\)"
    ):
        encoder.encode(pa.array(["ab"]))


def test_only_text_columns_are_encoded() -> None:
    with pytest.raises(SchemaError, match=r"'notes\.bdy'.*Did you mean 'notes\.body'"):
        text_encoders(SCHEMA, {"notes.bdy": lengths})
    with pytest.raises(SchemaError, match="it is no text column"):
        text_encoders(SCHEMA, {"notes.n": lengths})
