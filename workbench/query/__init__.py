"""Predictive queries: what to predict, for whom, and the labelled seeds that follow.

    PREDICT target FOR [EACH] table.key [= id | IN (id, ...)] [WHERE condition] [ASSUMING condition]

    target       an aggregate (regression), or a condition (binary)
    aggregate    COUNT | SUM | AVG | MIN | MAX (table.column | table.* [WHERE condition], start, end [, unit])
    condition    operand  = != < <= > >= value | operand [NOT] IN (value, ...) | operand IS [NOT] NULL,
                 joined by AND, OR, NOT and parentheses
    operand      an aggregate, or a column of the entity (inside an aggregate: of the aggregated table)
    value        1, -2.5, 'text', TRUE, FALSE, 2024-01-31, '2024-01-31 12:00', or another operand
    unit         seconds, minutes, hours, days (the default), weeks, months, years

A window is ``(anchor + start, anchor + end]``; months are those of the calendar. The target and ASSUMING
look forward (``start >= 0``), WHERE looks back (``end <= 0``, ``start`` may be ``-INF``). The aggregated
table has a time column and exactly one foreign key to the entity table.

A row (entity, anchor) has a label if the entity exists at the anchor (``time <= anchor < end_time``;
where features are frozen, also ``time <= until``), WHERE and ASSUMING hold, and the target is known:
COUNT and SUM of no rows are 0, AVG, MIN and MAX of none are unknown, as in SQL. NaN and infinity are
missing values; sums are those of float64, and one that leaves its range is an error. Keys after ``FOR``
name whom to predict for; training uses everyone.

WHERE is asked as of the anchor: a time that is later was filled in afterwards and is unknown, and
the entity's end time cannot be named. Columns without a history are read as the tables hold them;
``Task.describe()`` names them. Dates without a clock mean midnight UTC: an anchor at 00:00 sees what
is dated that day, and a window that begins there does not count it.

Keywords are read in any case; names that are keywords or hold odd characters are written in double quotes.

    text -parser-> ast.Query -resolve-> ResolvedQuery -boundaries, labels-> Task -> SeedTable
"""
