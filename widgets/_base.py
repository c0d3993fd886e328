"""What every Workbench widget shares: one private payload, messages, errors in sight, a still picture.

The state that a view draws is one dictionary, replaced whole: small JSON in ``meta`` and bulk data as
little-endian byte columns. Replacing it whole keeps a view from ever seeing half of a change, and a
view that is opened late, or again, finds the newest state in the model.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets
from numpy.typing import NDArray

from widgets._marks import written_out
from widgets._messages import take
from widgets._placed import Placed
from widgets._wire import pack
from widgets._worker import LatestWins

STATIC = Path(__file__).parent / "static"

LONGEST = 4_000
"""Characters of a message that are shown."""


def script(*names: str) -> str:
    """The ES module of a widget: the shared functions, then its own files."""
    return "\n".join((STATIC / part).read_text(encoding="utf-8") for part in ("base.js", *names))


def style() -> str:
    """The style sheet that all widgets share."""
    return (STATIC / "workbench.css").read_text(encoding="utf-8")


class Face(Placed, anywidget.AnyWidget):
    """Base of the widgets. A subclass sets ``_esm`` and ``_css`` and has ``on_<kind>`` methods.

    A message ``{"kind": "set", ...}`` from a view calls ``on_set(**rest)``. Whatever it raises is shown
    in the widget and kept in :attr:`error`.
    """

    handles: ClassVar[tuple[str, ...]] = ()
    """Kinds of messages that the subclass takes; any other is refused."""

    _stop: Callable[[], object] = staticmethod(lambda: None)
    _payload = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.error = ""
        self._seq = 0
        self.worker = LatestWins(self.show_error)
        self.on_msg(self._receive)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """What the views draw: JSON values and numeric columns."""
        raise NotImplementedError

    def still(self) -> tuple[str, str]:
        """An SVG picture and one line of text, for places where no widget runs."""
        raise NotImplementedError

    def publish(self) -> None:
        """Send the present state to all views."""
        with self._lock:
            meta, columns = self.state()
            self._seq += 1
            packed = {name: pack(column) for name, column in columns.items()}
            meta = {**meta, "error": sayable(self.error)}
            self._payload = {"seq": self._seq, "meta": meta, "columns": packed}

    def while_open(self, stop: Callable[[], object]) -> None:
        """Call ``stop`` when the widget is closed, or when this is called again."""
        self._stop()
        self._stop = stop

    def close(self) -> None:
        """Take the views away, and what was to end with them."""
        self._stop()
        super().close()

    def show_error(self, error: Exception) -> None:
        """Show an error in the widget, in place of the one before."""
        self.error = f"{type(error).__name__}: {error}"
        self.publish()

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        """Take one message of a view; runs in the kernel's message thread."""
        message = dict(content) if isinstance(content, Mapping) else {}
        kind = message.pop("kind", None)
        try:
            if kind not in self.handles:
                raise ValueError(f"a widget message of kind {kind!r}; allowed: {', '.join(self.handles)}")
            take(getattr(self, f"on_{kind}"), message)
        except Exception as error:  # shown: a message has no caller to raise to
            self.show_error(error)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Add the still picture, which exports and code hosts show in place of the widget."""
        return with_still(super()._repr_mimebundle_(**kwargs), *self.still())


def sayable(text: str, longest: int = LONGEST) -> str:
    """A text as messages hold it: no half characters, marks written out, cut where a name has no end."""
    whole = text if len(text) <= longest else text[:longest] + " \u2026"
    return written_out(whole.encode("utf-8", "replace").decode())


def with_still(bundle: Any, picture: str, line: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A widget's mime bundle with a picture and a line of text.

    The picture is there twice: as SVG, and as an image in HTML, which is all that a notebook which is not
    trusted yet may show.

    Parameters
    ----------
    bundle : what ``_repr_mimebundle_`` of the widget gives
    picture : str  SVG
    line : str
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    line = sayable(line, 10 * LONGEST)
    code = base64.b64encode(picture.encode()).decode()
    image = f'<img alt="{html.escape(line)}" src="data:image/svg+xml;base64,{code}" />'
    return {**data, "image/svg+xml": picture, "text/html": image, "text/plain": line}, metadata
