"""Draw: how many neighbours of one edge type at one hop, and which of them. A short immutable value.

What a draw leaves open (``None``) the fanout or metapath around it decides: ``draw.over(base)``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

from workbench.errors import FanoutError, did_you_mean, explain
from workbench.stores.steps import ALL, LARGEST, Strategy
from workbench.temporal import Duration, Span, duration

Take: TypeAlias = "int | float"
"""0 = none, -1 = every visible neighbour, a whole number of them, or a share between 0 and 1."""

STRATEGIES: tuple[str, ...] = tuple(name.lower() for name in Strategy.__members__)

UNLIMITED = "unlimited"
"""The window of a draw that looks back without end, though the fanout around it does not."""

TAKES = (
    "0 (do not follow), a number of neighbours below 2^31, -1 (every visible one), "
    "or a share between 0 and 1, such as 0.1"
)


@dataclass(frozen=True, init=False, repr=False)
class Draw:
    """Neighbours drawn per node along one edge type at one hop.

    Parameters
    ----------
    take : int or float
        A number of neighbours; -1 = every visible one; 0 = none; a float in (0, 1) = that share of
        the visible ones, rounded up.
    cap : int or None
        At most so many, where ``take`` is a share.
    strategy : 'uniform', 'recent', 'weighted' or 'decay'
        Uniformly; the latest; by a column's numbers; or by age. ``weight=`` implies ``'weighted'`` and
        ``half_life=`` implies ``'decay'``.
    weight : str  column of the edge type's table: an edge is drawn in proportion to it
    half_life : length of time
        An edge is drawn in proportion to ``2 ** -(age / half_life)``. Kept as microseconds.
    replace : bool  with replacement: exactly ``take`` draws wherever there is a neighbour
    static : bool  True waives the edges' times (node times never)
    window : length of time or 'unlimited'
        Look-back: only neighbours with ``anchor - window < time <= anchor``. Edges of a table without a
        time are not bounded by it. Kept as microseconds.

    Raises
    ------
    FanoutError
        If a value is out of range, or two of them contradict each other.
    AnchorError
        If a length of time is none.

    Examples
    --------
    >>> Draw(16, strategy="recent", window="30 days")
    Draw(16, strategy='recent', window='30 days')
    >>> Draw(0.1, cap=64, weight="amount").strategy
    'weighted'
    """

    take: Take
    cap: int | None
    strategy: str | None
    weight: str | None
    half_life: int | None
    replace: bool | None
    static: bool | None
    window: int | str | None

    def __init__(
        self,
        take: Take,
        *,
        cap: int | None = None,
        strategy: str | None = None,
        weight: str | None = None,
        half_life: Duration | None = None,
        replace: bool | None = None,
        static: bool | None = None,
        window: Duration | None = None,
    ) -> None:
        if strategy is None:
            strategy = "weighted" if weight is not None else "decay" if half_life is not None else None
        values: dict[str, Any] = {
            "take": check_take(take, "a draw"),
            "cap": cap if whole(cap) is None else whole(cap),
            "strategy": _strategy(strategy),
            "weight": weight,
            "half_life": _length("half_life", half_life),
            "replace": replace,
            "static": static,
            "window": UNLIMITED if window == UNLIMITED else _length("look-back window", window),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        _check(self)

    @property
    def most(self) -> int:
        """The largest number of neighbours per node; -1 where there is no such number."""
        if isinstance(self.take, float):
            return ALL if self.cap is None else self.cap
        return self.take

    @property
    def is_plain(self) -> bool:
        """True for a number or share without any options."""
        return not self.options()

    def options(self) -> dict[str, Any]:
        """What is set beside ``take``, as plain JSON values."""
        names = ("cap", "strategy", "weight", "half_life", "replace", "static", "window")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def with_take(self, take: Take) -> Draw:
        """Another number of neighbours, drawn the same way; a cap is kept where the number is a share."""
        read = check_take(take, "a draw")
        kept = self.options()
        if not isinstance(read, float):
            kept.pop("cap", None)
        return Draw(read, **kept)

    def over(self, base: Draw) -> Draw:
        """The same draw, with what it leaves open taken from ``base``.

        A weight or half-life of the base comes with its strategy. Where edge times are waived, its ageing
        gives way to uniform draws, and its window to none.

        Raises
        ------
        FanoutError
            If the two contradict each other.
        """
        static = self.static if self.static is not None else base.static
        strategy = self.strategy or base.strategy or "uniform"
        if strategy == "decay" and self.strategy is None and static:
            strategy = "uniform"
        window = self.window if self.window is not None or static else base.window
        return Draw(
            self.take,
            cap=self.cap,
            strategy=strategy,
            weight=self.weight or (base.weight if strategy == "weighted" else None),
            half_life=self.half_life or (base.half_life if strategy == "decay" else None),
            replace=self.replace if self.replace is not None else base.replace,
            static=static,
            window=window,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``Draw(**draw.to_dict())`` gives it back."""
        return {"take": self.take, **self.options()}

    def __repr__(self) -> str:
        return f"Draw({', '.join([repr(self.take), *option_texts(self.options())])})"

    def __str__(self) -> str:
        amount = (
            "all" if self.take == ALL else f"{self.take:.3g} of all" if self.take_is_share else f"{self.take}"
        )
        texts = [f"at most {self.cap}"] if self.cap is not None else []
        texts += [_said(name, value) for name, value in self.options().items() if name != "cap"]
        return f"{amount} ({', '.join(text for text in texts if text)})" if texts else amount

    @property
    def take_is_share(self) -> bool:
        """True if ``take`` is a share of the visible neighbours."""
        return isinstance(self.take, float)


def check_take(value: Any, where: str) -> Take:
    """A number of neighbours or a share of them.

    Raises
    ------
    FanoutError
        If it is neither; says where.
    """
    number = whole(value)
    if number is not None and ALL <= number <= LARGEST:
        return number
    if number is None and isinstance(value, Real) and 0 < float(value) < 1:
        return float(value)
    raise FanoutError(explain(where, f"got {value!r}", TAKES))


def whole(value: Any) -> int | None:
    """The value as an int if it is a whole number, of Python or NumPy; truth values are none."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def option_texts(options: Mapping[str, Any]) -> list[str]:
    """Options as they are written in Python: ``window='30 days'``, not microseconds."""
    return [f"{name}={_written(name, value)!r}" for name, value in options.items()]


def _written(name: str, value: Any) -> Any:
    if name not in ("half_life", "window") or not isinstance(value, int):
        return value
    text = str(Span(value))
    return text if duration(text) == value else value  # huge odd counts do not survive a float


def _said(name: str, value: Any) -> str:
    """One option in words."""
    if name == "window":
        return "without a window" if value == UNLIMITED else f"the last {_written(name, value)} only"
    if name == "half_life":
        return f"half-life {_written(name, value)}"
    if name == "weight":
        return f"by {value}"
    if name in ("replace", "static"):
        words = ("with replacement", "without replacement") if name == "replace" else ("static", "temporal")
        return words[0] if value else words[1]
    return str(value) if name == "strategy" and value in ("uniform", "recent") else ""


def _strategy(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in STRATEGIES:
        near = did_you_mean(str(value), STRATEGIES)
        known = "PyG's 'last' is 'recent'" if value == "last" else near
        asked = "a sampling strategy was asked for"
        raise FanoutError(explain(asked, f"got {value!r}", ", ".join(STRATEGIES), known))
    return value.lower()


def _length(name: str, value: Duration | None) -> int | None:
    length = None if value is None else duration(value)
    if length is not None and length <= 0:
        raise FanoutError(explain(f"a {name} was asked for", f"got {value!r}", "a positive length or None"))
    return length


def _check(draw: Draw) -> None:
    """Refuse options that contradict each other."""
    for name in ("replace", "static"):
        value = getattr(draw, name)
        if value is not None and not isinstance(value, bool):
            _refuse(f"got {name}={value!r}", "True or False")
    if draw.weight is not None and (not isinstance(draw.weight, str) or not draw.weight):
        _refuse(f"got weight={draw.weight!r}", "the name of a column of the edge type's table")
    if draw.weight is not None and draw.strategy != "weighted":
        _refuse(f"weight={draw.weight!r} with strategy={draw.strategy!r}", "a weight for 'weighted' only")
    if draw.half_life is not None and draw.strategy != "decay":
        _refuse(f"a half_life with strategy={draw.strategy!r}", "a half-life for 'decay' only")
    if draw.strategy == "decay" and draw.static:
        _refuse("strategy='decay' with static=True", "one of them: an age needs the edge's time")
    if isinstance(draw.window, int) and draw.static:
        _refuse("a window with static=True", "one of them: looking back needs the edge's time")
    _check_cap(draw)
    _check_replacement(draw)


def _check_cap(draw: Draw) -> None:
    if draw.cap is None:
        return
    if not draw.take_is_share:
        _refuse(f"cap={draw.cap!r} with take={draw.take!r}", "a cap on a share: Draw(0.1, cap=64)")
    if not 0 < (whole(draw.cap) or 0) <= LARGEST:
        _refuse(f"got cap={draw.cap!r}", "1 .. 2^31 - 1")


def _check_replacement(draw: Draw) -> None:
    if not draw.replace or draw.take == 0:
        return
    if draw.take_is_share or draw.take == ALL:
        what = "a share of the neighbours" if draw.take_is_share else "every neighbour"
        do = "Say replace=False for it where the fanout draws with replacement"
        _refuse(f"replace=True for {what} (take={draw.take!r})", "a number of draws", do)
    if draw.strategy == "recent":
        _refuse("replace=True with strategy='recent'", "one of them: the most recent are taken once each")


def _refuse(got: str, allowed: str, do: str = "") -> None:
    raise FanoutError(explain("a draw was asked for", got, allowed, do))
