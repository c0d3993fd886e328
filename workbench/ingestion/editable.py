"""Which datasets can be edited and appended to: those whose columns are stored as they are read."""

from __future__ import annotations

from workbench.errors import IngestError, explain
from workbench.stores.dataset import Dataset


def check_editable(dataset: Dataset) -> None:
    """Refuse what new rows could not be encoded for as the old ones were.

    Raises
    ------
    IngestError
        If columns are stored in codes, or texts were encoded by the user's own encoder, which is not stored.
    """
    manifest = dataset.manifest
    coded = [f"{group.group}.{each.name}" for group in manifest.groups for each in group.columns if each.code]
    texts = list(manifest.report.get("texts", []))
    if not coded and not texts:
        return
    asked = f"rows of {dataset.path} were to be changed or added"
    got = f"{', '.join([*coded, *texts])} are stored in codes, or by an encoder of texts of your own"
    raise IngestError(explain(asked, got, do="Ingest all tables anew, with the new rows among them"))
