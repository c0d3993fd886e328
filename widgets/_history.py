"""History: a value with what it was before, so that edits can be taken back and made again. No widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT = 200
"""Edits that can be taken back."""


@dataclass(frozen=True)
class History(Generic[T]):
    """A value under edit.

    Attributes
    ----------
    now : T
    past, future : tuple of T  the newest last, each
    """

    now: T
    past: tuple[T, ...] = ()
    future: tuple[T, ...] = ()

    def then(self, value: T, *, same_edit: bool = False) -> History[T]:
        """With a new value. The same edit, going on (a number being typed), is taken back as one."""
        if value == self.now:
            return self
        past = self.past if same_edit else (*self.past[1 - KEPT :], self.now)
        return History(value, past)

    def undone(self) -> History[T]:
        """One edit back; nothing to take back changes nothing."""
        if not self.past:
            return self
        return replace(self, now=self.past[-1], past=self.past[:-1], future=(*self.future, self.now))

    def redone(self) -> History[T]:
        """One edit forth, of those taken back."""
        if not self.future:
            return self
        return replace(self, now=self.future[-1], past=(*self.past, self.now), future=self.future[:-1])
