"""Chromium on the built pages, served by the real application over fake ports."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Request, sync_playwright

from cloud.portal.api import create_portal_api
from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from shared.http.guard import GuardSettings
from tests.support.edge_ports import fake_edge_ports
from tests.support.portal_ports import fake_portal_ports

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Site:
    """A running application."""

    url: str
    port: int
    ports: object = None


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[int]:
    """Serve `app` on a loopback port until the block ends."""
    listener = socket()
    listener.setsockopt(1, 2, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()  # a page that comes before the server waits for it
    config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def edge_app(ports: EdgePorts) -> FastAPI:
    """The box with its built pages."""
    return create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)))


@pytest.fixture
def edge_site() -> Iterator[Site]:
    ports = fake_edge_ports()
    with serving(edge_app(ports)) as port:
        yield Site(f"http://localhost:{port}", port, ports)


@pytest.fixture
def portal_site() -> Iterator[Site]:
    ports = fake_portal_ports()
    app = create_portal_api(ports, ROOT / "cloud/web/dist", GuardSettings(hosts=("localhost",)))
    with serving(app) as port:
        yield Site(f"http://localhost:{port}", port, ports)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page and what went wrong on it: console errors and requests to any other host."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def note_request(self, request: Request) -> None:
        if not request.url.startswith(("http://localhost:", "blob:", "data:")):
            self.foreign.append(request.url)

    def axe(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 A and AA."""
        self.page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = self.page.evaluate("tags => axe.run({runOnly: tags})", tags)
        return [
            f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:160]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def assert_clean(self) -> None:
        """No error, no foreign request, nothing for axe to say."""
        assert self.errors == []
        assert self.foreign == []
        assert self.axe() == []


@contextmanager
def watched(browser: Browser, width: int, height: int) -> Iterator[Watched]:
    """Open a page of this size and watch it."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    watch = Watched(context.new_page())
    watch.page.on("console", lambda said: watch.errors.append(said.text) if said.type == "error" else None)
    watch.page.on("pageerror", lambda error: watch.errors.append(str(error)))
    watch.page.on("request", watch.note_request)
    watch.page.set_default_timeout(10_000)
    yield watch
    context.close()
