"""From tables to a dataset on disk: read, check, order, encode, commit.

The package is ``ingestion`` because the verb is public: ``workbench.ingest`` is ``build.ingest``.
"""
