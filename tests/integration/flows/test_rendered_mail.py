"""Mails in a real browser, as a phone and a desk show them; how they look is kept in test-artifacts/."""

import base64
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from flows.alert.digest import Digest, Notice
from flows.paths import REPOSITORY
from tests.unit.flows.alert.mails import received, rich
from tests.unit.flows.alert.short_messages import HOSTILE, notice

ARTIFACTS = REPOSITORY / "test-artifacts"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = {"phone": 360, "desk": 1200}
NAMES = ("order_id", "rule_description", "customer_id", "customer_name", "carrier", "country", "status")
MESSAGES: dict[str, Digest | Notice] = {
    "digest": rich(),
    "notice": notice("stale: orders have no rows for 2 days", "volume: 12 orders, 300 to 420 are usual"),
    **{f"hostile-{n}": rich(**dict.fromkeys(NAMES, text)) for n, text in enumerate([*HOSTILE, "W" * 200])},
}
LOOKS = [
    pytest.param(name, width, scheme, id=f"{name}-{width}-{scheme}")
    for name, width, scheme in product(("digest", "notice"), WIDTHS, ("light", "dark"))
]
# Each text with its contrast (WCAG 2.2, "contrast ratio") against the background it stands on.
CONTRASTS = """() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number)
    const luminance = ([r, g, b]) => [r, g, b]
        .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0)
    const background = element => {
        for (let at = element; at; at = at.parentElement) {
            const found = channels(getComputedStyle(at).backgroundColor)
            if (found.length < 4 || found[3] > 0) return found
        }
        return [255, 255, 255]
    }
    const contrasts = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement
        const text = walker.currentNode.textContent.trim()
        if (!text || text === '■' || !element.getClientRects().length) continue
        const pair = [channels(getComputedStyle(element).color), background(element)].map(luminance)
        contrasts.push([text, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)])
    }
    return contrasts
}"""


@dataclass(frozen=True)
class Shown:
    """A mail on a screen, and what it asked the network for."""

    page: Page
    requests: list[str]
    width: int


class Screen:
    """Shows mails."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def show(self, message: Digest | Notice, width: int, scheme: str) -> Shown:
        """A mail, as a client would show it that puts the image in place of its content id."""
        page = self.browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        requests: list[str] = []

        def refuse(route: Route) -> None:
            requests.append(route.request.url)
            route.abort()

        page.route(lambda url: not url.startswith("data:"), refuse)
        page.set_content(_with_image(received(message)), wait_until="load")
        return Shown(page, requests, width)


def _with_image(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_content()).decode()
            html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", f"data:image/png;base64,{data}")
    return html


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """The browser of this machine."""
    executable = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if executable is None:
        reason = f"no browser to look at mails with: none of {', '.join(BROWSERS)} is installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield Screen(browser)
        browser.close()


@pytest.mark.parametrize(("name", "width", "scheme"), LOOKS)
def test_a_mail_fits_is_legible_and_asks_for_nothing(
    screen: Screen, name: str, width: str, scheme: str
) -> None:
    shown = screen.show(MESSAGES[name], WIDTHS[width], scheme)
    _keep(shown.page, ARTIFACTS / f"{name}-{WIDTHS[width]}-{scheme}.png")
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= shown.width
    assert shown.requests == []
    contrasts = shown.page.evaluate(CONTRASTS)
    assert len(contrasts) >= 7
    assert [text for text, contrast in contrasts if contrast < 4.5] == []


@pytest.mark.parametrize("width", WIDTHS.values())
def test_the_chart_is_loaded_and_fills_the_column(screen: Screen, width: int) -> None:
    page = screen.show(MESSAGES["digest"], width, "light").page
    (natural, shown, left) = page.evaluate(
        """() => {
            const image = document.querySelector("img"), box = image.getBoundingClientRect()
            return [image.naturalWidth, box.width, box.left]
        }"""
    )
    assert natural == 880
    assert shown == pytest.approx({360: 328, 1200: 536}[width], abs=2)
    assert left + shown <= width


def test_a_dark_page_is_dark(screen: Screen) -> None:
    page = screen.show(MESSAGES["digest"], 360, "dark").page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith("hostile")])
def test_no_name_makes_a_phone_scroll_sideways(screen: Screen, name: str) -> None:
    shown = screen.show(MESSAGES[name], 360, "light")
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert shown.requests == []


def _keep(page: Page, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path, full_page=True)
