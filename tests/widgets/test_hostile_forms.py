"""The hundred hostile strings as tables, answers and errors of Workbench and RunMonitor."""

import pyarrow as pa

from widgets import RunMonitor
from widgets._launch_code import Steps
from widgets._launch_edits import columns_of, mends_of, roles_of, table_edits
from widgets._launch_query import first_query
from widgets._workbench_forms import forms_of
from workbench.errors import SchemaError
from workbench.events import RunDone
from workbench.ingestion.mends import Mend
from workbench.query.parser import parse
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.testing.hostile import HOSTILE, hostile_schema


def texts_of(names):
    """A table with columns and values of these names, but those that Arrow has no text for."""
    return pa.table({name: [name] for name in names if "\ud800" not in name})


def test_a_workbench_shows_hostile_tables_answers_and_errors_as_text(harmless):
    for start in range(0, len(HOSTILE), 12):
        names = HOSTILE[start : start + 12]
        forms = forms_of(lambda *_: None, lambda: None)
        schema = hostile_schema(names)
        offered = {"column": columns_of(schema), "role": roles_of(schema), "table": table_edits(schema)}
        offered["mend"] = mends_of(Mend(name, name, name, name) for name in names)
        forms["edit"].offer(**{name: tuple(choices) for name, choices in offered.items()})
        assert len(offered["column"]) == sum(len(table.columns) for table in schema)
        for name, form in forms.items():
            form.put(text="\n".join([first_query(hostile_schema(names)), *names]), table=texts_of(names))
            form.show_error(SchemaError(" ".join(names)))
            harmless(form, [*names, *names, *names])
            assert len(form._payload["meta"]["error"]) < 5_000, name
        assert Steps({}).code()
        monitor = RunMonitor()
        monitor(RunDone(0.0, "failed", " ".join(names)))
        harmless(monitor, [*names, *names, *names])


def test_the_first_query_can_be_read_whatever_the_names():
    for name in HOSTILE:
        columns = (Column("at", Stype.TIMESTAMP), Column("k", Stype.ID))
        facts = Table(f"{name}s", columns, time="at", foreign_keys=(ForeignKey("k", name),))
        query = first_query(Schema((Table(name, (Column(name, Stype.ID),), name), facts)))
        if len(name) > 500 or "\x00" in name or "\ud800" in name:  # nobody can read it, or the parser refuses
            assert query == ""
        else:
            entity = parse(query).entity
            assert (entity.table, entity.column) == (name, name)
