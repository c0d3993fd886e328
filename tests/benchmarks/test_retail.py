"""The retail benchmark answers its three questions from a flat table and audits what it sampled."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import retail  # noqa: E402


def test_every_question_is_chosen_on_val_compared_and_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retail, "RESAMPLES", 5)
    monkeypatch.setattr(sys, "argv", ["retail.py", "--quick", "--json", str(tmp_path / "r.json")])
    retail.main()
    rows = {row["case"]: row for row in json.loads((tmp_path / "r.json").read_text())["rows"]}
    for name, question in retail.QUESTIONS.items():
        audit = rows[f"{name}: audit"]
        assert audit["value"] == 0
        assert audit["edges"] > 1_000
        test = rows[f"{name}: test"]
        on_val = {key.removeprefix("val "): value for key, value in test.items() if key.startswith("val ")}
        assert set(on_val) == ({"suggested", "wide"} if question.wider else {"suggested"})
        best = min if test["unit"] == "mae" else max
        assert on_val[test["plan"]] == best(on_val.values())
        for naive in question.naive:
            row = rows[f"{name}: {naive}"]
            sign = -1 if row["unit"] == "mae" else 1
            assert row["ahead"] == pytest.approx(sign * (test["value"] - row["value"]))
            assert row["must"]
