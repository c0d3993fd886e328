"""A schema, and random draws, fanouts and metapaths that are possible in it."""

from dataclasses import fields

from hypothesis import strategies as st

from workbench.plan.draw import UNLIMITED, Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.schema import Column, EdgeType, ForeignKey, Schema, Stype, Table
from workbench.stores.steps import Strategy

DAY = 86_400_000_000
ID = Column("id", Stype.ID, "int64")
AMOUNT = Column("amount", Stype.NUMERICAL, "double")
KEYS = (ForeignKey("user_id", "users"), ForeignKey("item_id", "items"))
SHOP = Schema(
    (
        Table("users", (ID, AMOUNT), "id", None, None, (ForeignKey("friend_id", "users"),)),
        Table("items", (ID,), "id"),
        Table("orders", (ID, AMOUNT), "id", "at", None, KEYS),
        Table("ratings", (ID, AMOUNT), None, "at", None, KEYS, ("user_id", "item_id")),
    )
)
BUYS, BOUGHT = EdgeType("orders", "user_id", "users"), EdgeType("users", "rev_user_id", "orders")
OF, IN = EdgeType("orders", "item_id", "items"), EdgeType("items", "rev_item_id", "orders")
FRIEND = EdgeType("users", "friend_id", "users")
TIMED = tuple(e for e in SHOP.edge_types if SHOP.edge_spec(e).table in ("orders", "ratings"))

takes = st.integers(-1, 60) | st.floats(0.001, 0.999)
windows = st.none() | st.integers(1, 90).map(lambda days: days * DAY) | st.integers(1, 10**17)


@st.composite
def draws(draw, takes=takes, ages=True, windows=windows):
    """Any possible draw; ``ages=False`` for edge types without times."""
    take = draw(takes)
    drawn = isinstance(take, int) and take > 0
    names = [None, "uniform", "recent", "weighted", *(["decay"] if ages else [])]
    strategy = draw(st.sampled_from(names))
    window = draw(windows | st.just(UNLIMITED))
    timed = strategy == "decay" or isinstance(window, int)
    static = draw(st.sampled_from([None, False] if timed else [None, False, True]))
    again = [None, False, True] if drawn and strategy != "recent" else [None, False]
    return Draw(
        take,
        cap=draw(st.none() | st.integers(1, 99)) if isinstance(take, float) else None,
        strategy=strategy,
        weight="amount" if strategy == "weighted" else None,
        half_life=draw(st.integers(1, 10**12)) if strategy == "decay" else None,
        replace=draw(st.sampled_from(again)),
        static=static,
        window=window,
    )


rules = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["disjoint", "joint", "tree"]),
        "strict": st.booleans(),
        "cutoff": st.sampled_from(["anchor", "path"]),
        "max_nodes": st.none() | st.integers(1, 10**6),
        "subgraph": st.sampled_from(["directional", "bidirectional", "induced"]),
    }
).filter(lambda rules: (rules["mode"], rules["subgraph"]) != ("tree", "induced"))


def needs_time(cell):
    """Whether a draw says something that the edge's time decides."""
    return cell.strategy == "decay" or isinstance(cell.window, int)


@st.composite
def fanouts(draw, most_hops=9):
    """Fanouts that compile over SHOP, every edge type of which has a weight and most of which have times."""
    hops = []
    for _ in range(draw(st.integers(1, most_hops))):
        named = {
            str(e): draw(st.integers(-1, 9) | draws(ages=e in TIMED))
            for e in draw(st.lists(st.sampled_from(SHOP.edge_types), unique=True))
        }
        default = draw(st.none() | takes | draws(ages=False, windows=st.none()))
        hops.append(named if default is None else {"default": default, **named})
    strategy = draw(st.sampled_from(["uniform", "recent", "weighted", "decay"]))
    for hop in hops:  # a cell that draws with replacement cannot inherit the most recent
        for name, cell in hop.items():
            if strategy == "recent" and isinstance(cell, Draw) and cell.replace and cell.strategy is None:
                hop[name] = Draw(cell.take)
    timed = {
        name for hop in hops for name, cell in hop.items() if isinstance(cell, Draw) and needs_time(cell)
    }
    free = [edge_type for edge_type in SHOP.edge_types if str(edge_type) not in timed]
    return Fanout(
        hops,
        strategy=strategy,
        weight="amount" if strategy == "weighted" else None,
        half_life=draw(st.integers(1, 10**12)) if strategy == "decay" else None,
        static=draw(st.lists(st.sampled_from(free), unique=True, max_size=3)) if free else [],
        window=draw(windows),
        **draw(rules),
    )


@st.composite
def metapaths(draw):
    """One to six chains over SHOP, many with beginnings in common."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        chain, base = [], draw(bases)
        if found and draw(st.booleans()):
            other = draw(st.sampled_from(found))
            cut, base = (
                draw(st.integers(0, len(other.path))),
                draw(st.sampled_from([base, other.base.options()])),
            )
            chain = list(zip(map(SHOP.edge_type, other.path[:cut]), other.fanouts[:cut], strict=True))
        for _ in range(draw(st.integers(0 if chain else 1, 3))):
            ways = [e for e in SHOP.edge_types if not chain or e.dst == chain[-1][0].src]
            edge_type = draw(st.sampled_from(ways))
            cell = st.sampled_from([1, 4, 0.5]) | draws(st.sampled_from([-1, 1, 4, 0.5]), edge_type in TIMED)
            chain.append((edge_type, draw(cell)))
        path = Metapath(*(e for e, _ in chain), fanouts=[cell for _, cell in chain], **base)
        found += [path] if path not in found else []
    return Metapaths(found, **draw(rules))


bases = st.sampled_from([{}, {}, {"window": 5 * DAY}, {"weight": "amount"}, {"half_life": DAY}])
"""What metapaths say for cells that do not; none of it contradicts a cell."""


def meaning(cell, edge_type, base, static=False):
    """What a cell asks for, worked out by hand: fields of its step but for its place.

    ``base``: options around the cell; ``static``: whether its edge type is listed as such.
    """
    draw = cell if isinstance(cell, Draw) else Draw(cell)
    static = static if draw.static is None else draw.static
    strategy = draw.strategy or base.get("strategy") or ("weighted" if "weight" in base else None)
    strategy = strategy or ("decay" if "half_life" in base else "uniform")
    if strategy == "decay" and draw.strategy is None and (static or edge_type not in TIMED):
        strategy = "uniform"
    window = draw.window or base.get("window")
    share = isinstance(draw.take, float)
    return {
        "edge_type": edge_type,
        "fanout": (draw.cap or -1) if share else draw.take,
        "fraction": draw.take if share else None,
        "strategy": Strategy[strategy.upper()],
        "weight": "amount" if strategy == "weighted" else None,
        "half_life": (draw.half_life or base["half_life"]) if strategy == "decay" else None,
        "replace": bool(draw.replace),
        "temporal": not static,
        "window": None if static or window == UNLIMITED else window,
    }


def said(step):
    """The same fields of a step."""
    place = ("hop", "parent", "paths")
    return {field.name: getattr(step, field.name) for field in fields(step) if field.name not in place}
