"""Predictive queries: what to predict, for whom, and the labelled seeds that follow; see ``docs/queries.md``.

    PREDICT target [CLASSIFY | RANK TOP k | FORECAST n TIMEFRAMES]
    FOR [EACH] table.key [= id | IN (id, ...)] [WHERE condition] [ASSUMING condition]

    target       column | aggregate | condition
    aggregate    function(value [VIA path] [WHERE condition] [, start|-INF, end [, unit]])
    function     COUNT SUM AVG MIN MAX COUNT_DISTINCT FIRST LAST LIST_DISTINCT
    value        table.* | table.column | a calculation of columns of one table: + - * / and parentheses
    path         table.foreign_key [-> table.foreign_key ...]
    condition    operand = != < <= > >= value | operand [NOT] IN (value, ...) | operand IS [NOT] NULL,
                 operand [NOT] LIKE | CONTAINS | STARTS WITH | ENDS WITH 'text', joined by AND, OR, NOT
    operand      an aggregate, or a column of the entity (inside an aggregate: of the aggregated table)
    value        1, -2.5, 'text', TRUE, FALSE, 2024-01-31, '2024-01-31 12:00', or another operand
    unit         seconds, minutes, hours, days (the default), weeks, months, years

A window is ``(anchor + start, anchor + end]``; months are those of the calendar. The target and ASSUMING
look forward (``start >= 0``), WHERE looks back (``end <= 0``, ``start`` may be ``-INF``, and no window
means all rows up to the anchor). The aggregated table has exactly one foreign key to the entity table, or
a path is named.

A row (entity, anchor) has a label if the entity exists at the anchor (``time <= anchor < end_time``;
where features are frozen, also ``time <= until``), WHERE and ASSUMING hold, and the target is known:
COUNT, COUNT_DISTINCT and SUM of no rows are 0, other aggregates of none are unknown. NaN and infinity are
missing values; sums are those of float64, and one that leaves its range is an error. Keys after ``FOR``
name whom to predict for; training uses everyone.

A query whose target names columns of the entity and no aggregate is static: it learns from the rows that
have a value, predicts those that have none, and the columns are no features. Its anchors are FOREVER.

WHERE is asked as of the anchor: a time that is later was filled in afterwards and is unknown, and
the entity's end time cannot be named. Columns without a history are read as the tables hold them;
``Task.describe()`` names them. Dates without a clock mean midnight UTC: an anchor at 00:00 sees what
is dated that day, and a window that begins there does not count it.

Keywords are read in any case; names that are keywords or hold odd characters are written in double quotes.

    text -parser-> ast.Query -resolve-> ResolvedQuery -boundaries, labels-> Task -> SeedTable
"""
