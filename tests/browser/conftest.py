"""A real JupyterLab on loopback and a Chromium that may speak to nothing else."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "out" / "screenshots"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]  # fmt: skip
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


def find_chromium() -> str | None:
    """Path of the browser, if there is one."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, or a skip that says how to get it (a failure where CI requires it)."""
    found = find_chromium()
    if found is None:
        message = "no Chromium on PATH: get it with `apt-get install chromium`"
        (pytest.fail if os.environ.get("WORKBENCH_REQUIRE_BROWSER") == "1" else pytest.skip)(message)
    return str(found)


class Lab:
    """A server of JupyterLab, or of Notebook 7, of one test session; its notebooks lie in ``folder``."""

    def __init__(self, folder: Path, app: str = "jupyterlab") -> None:
        self.folder, self.token = folder, secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = (folder.parent / "jupyter.log").open("w")
        settings = folder.parent / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS))
        self.process = subprocess.Popen(
            [sys.executable, "-m", app, "--no-browser", "--allow-root", f"--port={self.port}",
             "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
             f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={folder}",
             f"--{'LabApp' if app == 'jupyterlab' else 'JupyterNotebookApp'}.expose_app_in_browser=True"],
            env=self._environment(), stdout=self.log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """Jupyter writes nothing outside the test's folder and reads no settings of the user."""
        home = self.folder.parent
        places = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }  # fmt: skip
        small = {"WORKBENCH_NOTEBOOK_DAYS": "3"}
        return {**small, **os.environ, **{name: str(home / place) for name, place in places.items()}}

    def wait(self, seconds: float = 60) -> None:
        """Until the server answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab did not start: {Path(self.log.name).read_text()[-2000:]}")

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()


@contextmanager
def serving(home: Path, app: str) -> Iterator[Lab]:
    (home / "work").mkdir()
    server = Lab(home / "work", app)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with serving(tmp_path_factory.mktemp("lab"), "jupyterlab") as server:
        yield server


@pytest.fixture
def notebook7(browser: Any, tmp_path: Path) -> Iterator[Desk]:
    """A page of Notebook 7 with an empty notebook, ``desk.ipynb``. At the end: nothing left the machine."""
    pytest.importorskip("notebook")
    context = browser.new_context(viewport={"width": 1120, "height": 1750})
    with serving(tmp_path, "notebook") as server:
        nbformat.write(nbformat.v4.new_notebook(metadata=KERNEL), server.folder / "desk.ipynb")
        try:
            desk = Desk(context.new_page(), server, "notebooks/desk.ipynb?factory=Notebook")
            desk.page.wait_for_function(
                "() => (window.desk = jupyterapp.shell.currentWidget)?.sessionContext"
                "?.session?.kernel?.status === 'idle'"
            )
            yield desk
            assert desk.left == []
        finally:
            context.close()


class Desk:
    """One browser page with JupyterLab open; ``left`` lists requests that wanted to leave the machine."""

    def __init__(self, page: Any, lab: Lab, start: str = "lab?reset") -> None:
        self.page, self.lab = page, lab
        self.left: list[str] = []
        page.route("**/*", self._gate)
        page.on("websocket", self._socket)
        page.goto(f"{lab.url}/{start}&token={lab.token}")
        page.wait_for_function("() => window.jupyterapp && window.jupyterapp.restored.then(() => true)")

    def _gate(self, route: Any) -> None:
        url = route.request.url
        if urlsplit(url).hostname in LOOPBACK or url.startswith(("data:", "blob:", "about:")):
            route.continue_()
        else:
            self.left.append(url)
            route.abort()

    def _socket(self, websocket: Any) -> None:
        if urlsplit(websocket.url).hostname not in LOOPBACK:
            self.left.append(websocket.url)

    def write(self, name: str, cells: Iterable[str]) -> None:
        """Write a notebook of code cells, and open it."""
        code = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=KERNEL), self.lab.folder / name)
        self.open(name)

    def open(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.page.evaluate(
            """async (path) => {
                const options = {path, factory: 'Notebook'};
                window.desk = await jupyterapp.commands.execute('docmanager:open', options);
                await desk.context.ready;
            }""",
            name,
        )
        self.page.wait_for_function(
            "() => desk.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
        )

    def run_above(self, index: int, seconds: float = 120) -> None:
        """Run the cells above one, and wait for them."""
        self.page.evaluate(
            """(i) => {
                desk.content.activeCellIndex = i;
                jupyterapp.commands.execute('notebook:run-all-above');
            }""",
            index,
        )
        self.wait_run(seconds, index)

    def run_all(self, seconds: float = 120) -> None:
        """Run every cell and wait until the last has run; an error in a cell fails the test."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
        self.wait_run(seconds)

    def wait_run(self, seconds: float = 120, until: int | None = None) -> None:
        """Until every code cell (above one) has an execution count and the kernel is idle."""
        self.page.wait_for_function(
            """(until) => {
                const above = desk.content.widgets.slice(0, until ?? undefined);
                const cells = above.filter(c => c.model.type === 'code');
                const outputs = cells.flatMap(c => c.model.sharedModel.outputs);
                const failed = outputs.some(o => o.output_type === 'error');
                const done = cells.every(c => c.model.executionCount || !c.model.sharedModel.source.trim());
                return failed || (done && desk.sessionContext.session.kernel.status === 'idle');
            }""",
            arg=until,
            timeout=seconds * 1000,
        )
        assert self.errors() == []

    def errors(self) -> list[str]:
        """Error outputs of the notebook."""
        found: list[str] = self.page.evaluate(
            """() => desk.content.widgets.filter(c => c.model.type === 'code')
                .flatMap(c => c.model.sharedModel.outputs)
                .filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue)"""
        )
        return found

    def until(self, expression: str, tries: int = 50) -> None:
        """Wait until an expression, asked every 0.1 s, is true in the kernel: a message has arrived."""
        for _ in range(tries):
            if self.python(f"bool({expression})"):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(expression)

    def take_pictures(self, names: Iterable[str]) -> None:
        """Screenshots of widgets, by the names of their classes, in both themes, which differ.

        Light ones are the pictures of docs/widgets.
        """
        self.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
        self.page.mouse.move(0, 0)
        seen = {}
        for theme in ("Dark", "Light"):
            self.theme(theme)
            for name in names:
                root = self.page.locator(f".wb-{name}").first
                root.scroll_into_view_if_needed()
                path = self.screenshot(f"{name}-{theme.lower()}", root)
                assert path.stat().st_size < 100_000
                seen[name, theme] = root.evaluate("node => getComputedStyle(node).backgroundColor")
        assert all(seen[name, "Dark"] != seen[name, "Light"] for name, _ in seen)

    def python(self, expression: str) -> Any:
        """Value of a Python expression in the notebook's kernel, through JSON."""
        code = f"import json as _json; print('\\x01' + _json.dumps({expression}))"
        printed = self.page.evaluate(
            """async (code) => {
                const kernel = desk.sessionContext.session.kernel;
                const future = kernel.requestExecute({code, store_history: false});
                let text = '';
                future.onIOPub = m => {
                    if (m.header.msg_type === 'stream') text += m.content.text;
                    if (m.header.msg_type === 'error') text += m.content.ename + ': ' + m.content.evalue;
                };
                await future.done;
                return text;
            }""",
            code,
        )
        assert "\x01" in printed, printed
        return json.loads(printed.split("\x01", 1)[1])

    def cells(self) -> list[str]:
        """Sources of all cells."""
        found: list[str] = self.page.evaluate(
            "() => desk.content.widgets.map(c => c.model.sharedModel.source)"
        )
        return found

    def set_source(self, index: int, source: str) -> None:
        """Replace the source of a cell."""
        self.page.evaluate(
            "([i, text]) => desk.content.widgets[i].model.sharedModel.setSource(text)", [index, source]
        )

    def run_cell(self, index: int) -> None:
        """Run one cell, without waiting for it."""
        self.page.evaluate(
            "(i) => { desk.content.activeCellIndex = i; jupyterapp.commands.execute('notebook:run-cell'); }",
            index,
        )

    def theme(self, name: str) -> None:
        """Switch JupyterLab to ``Light`` or ``Dark``."""
        self.page.evaluate(
            "(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", f"JupyterLab {name}"
        )
        wanted = "true" if name == "Light" else "false"
        self.page.wait_for_function("(w) => document.body.dataset.jpThemeLight === w", arg=wanted)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def screenshot(self, name: str, target: Any = None) -> Path:
        """Save a PNG of a part of the page, or of all of it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (target or self.page).screenshot(path=path, animations="disabled")
        return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield instance
        instance.close()


@pytest.fixture
def desk(browser: Any, lab: Lab) -> Iterator[Desk]:
    """JupyterLab in a fresh page. At the end: nothing left the machine."""
    context = browser.new_context(viewport={"width": 1120, "height": 1750})
    try:
        desk = Desk(context.new_page(), lab)
        yield desk
        assert desk.left == []
    finally:
        context.close()
