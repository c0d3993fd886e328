"""The command line: each command, its exit codes, and no traceback for an error of the user."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from workbench.cli import main
from workbench.schema import Schema
from workbench.testing.commerce import commerce


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files and, beside it, the dataset that the command made of them."""
    root = tmp_path_factory.mktemp("cli")
    (root / "shop").mkdir()
    for name, table in commerce(200, periods=5).tables.items():
        pq.write_table(table, root / "shop" / f"{name}.parquet")
    assert main(["ingest", str(root / "shop"), str(root / "store")]) == 0
    return root


def test_ingest_says_what_it_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", str(folder / "shop" / "*.parquet"), str(folder / "again"), "--memory", "1GB"]) == 0
    out = capsys.readouterr().out
    assert "user_id -> users" in out
    assert "rows of 4 tables" in out


def test_a_glob_that_the_shell_expanded_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expanded = sorted(map(str, (folder / "shop").glob("*.parquet")))
    assert main(["ingest", *expanded, str(folder / "unquoted")]) == 1
    said = capsys.readouterr().err
    assert "the shell made 4 paths of it" in said
    assert "Quote the glob, as in 'data/*.parquet'." in said
    assert not (folder / "unquoted").exists()


def test_info_prints_tables_and_edges_and_saves_the_schema(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = folder / "schema.json"
    assert main(["info", str(folder / "store"), "--schema", str(schema)]) == 0
    out = capsys.readouterr().out
    assert "users: 200 rows" in out
    assert "orders-user_id->users" in out
    assert Schema.load(schema)["orders"].time == "order_time"
    assert main(["ingest", str(folder / "shop"), str(folder / "third"), "--schema", str(schema)]) == 0


def test_verify_passes_a_whole_dataset_and_names_a_damaged_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ingest", str(folder / "shop"), str(folder / "damaged")])
    assert main(["verify", str(folder / "damaged")]) == 0
    target = next((folder / "damaged" / "graph").rglob("*.*"))
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(bytes(data))
    capsys.readouterr()
    assert main(["verify", str(folder / "damaged")]) == 1
    assert target.name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["info", "no-such-store"], "no-such-store"),
        (["ingest", "no-such-folder/*.parquet", "store"], "no-such-folder"),
        (["demo", "--keys", "0"], "at least 1 key"),
    ],
)
def test_errors_are_one_message_and_exit_code_1(
    arguments: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


def test_wrong_arguments_are_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "ingest" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main(["ingest"])
    assert stopped.value.code == 2


def test_an_interrupt_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.ingestion.tables.read_tables", stop)
    assert main(["ingest", "somewhere", str(tmp_path / "store")]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_module_runs_as_a_program(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "workbench", "info", str(folder / "store")], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert "snapshot 1" in run.stdout


@pytest.mark.parametrize("violations", [0, 3])
def test_demo_hands_its_options_on_writes_json_and_fails_if_the_audit_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, violations: int
) -> None:
    from workbench.demo.job import DemoOptions
    from workbench.demo.result import DemoResult

    def job(options: DemoOptions) -> DemoResult:
        assert options == DemoOptions(tmp_path, 50_000, 2, 5, "cpu")
        keys = {"val": [0.7], "test": [0.7]}
        paths = (tmp_path / "p", tmp_path / "r")
        return DemoResult({}, 0, 0, {}, "auroc", True, keys, 0.5, 0.6, {}, 5, violations, *paths)

    monkeypatch.setattr("workbench.demo.job.run_demo", job)
    options = ["--size", "50000", "--keys", "2", "--audit", "5", "--device", "cpu"]
    code = main(["demo", "--out", str(tmp_path), "--json", str(tmp_path / "d.json"), *options])
    assert code == (1 if violations else 0)
    assert json.loads((tmp_path / "d.json").read_text())["value"]["test"] == 0.7
    assert "gradient boosting" in capsys.readouterr().out
