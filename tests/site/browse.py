"""Opens the site in headless Chromium: `browse.py SITE SCREENSHOTS`.

The script drives Chromium by the DevTools protocol over two pipes (--remote-debugging-pipe). A message is JSON and a
NUL byte.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = "acort_chan_recv"
PAGE = "/docs/api/acort_chan_new.html"
LIMIT = 60  # Seconds for one step, on a busy machine.


class Server(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Refused(Exception):
    """A command failed, perhaps since the page was being left."""


class Browser:
    """One tab, and all errors that it reported."""

    def __init__(self, home: str):
        self.home, self.number, self.errors = home, 0, []
        commands, self.commands = os.pipe()
        self.replies, replies = os.pipe()
        # Chromium reads commands from descriptor 3 and writes replies to 4.
        line = f'exec chromium-headless-shell "$@" 3<&{commands} 4>&{replies}'
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = ["--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--hide-scrollbars", f"--user-data-dir={self.folder.name}"]
        self.process = subprocess.Popen(["bash", "-c", line, "chromium", *options], pass_fds=(commands, replies),
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(replies)
        self.rest, self.session = b"", None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.send(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def receive(self) -> dict:
        while b"\0" not in self.rest:
            part = os.read(self.replies, 1 << 20)
            if not part:
                raise SystemExit("Chromium has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(message)
        self.note(message.get("method", ""), message.get("params", {}))
        return message

    def note(self, method: str, event: dict):
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            url = event["request"]["url"]
            if not url.startswith((self.home, "data:", "about:", "blob:")):
                self.errors.append(f"asks another host: {url}")

    def send(self, method: str, **parameters) -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                if "error" in message:
                    raise Refused(f"{method}: {message['error']}")
                return message["result"]

    def evaluate(self, script: str):
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise Refused(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script: str, what: str):
        end = time.monotonic() + LIMIT
        while True:
            try:
                if self.evaluate(script):
                    return
                why = self.evaluate("location.href")
            except Refused as error:
                why = error
            if time.monotonic() > end:
                raise SystemExit(f"{what}: not within {LIMIT} seconds: {why}, errors: {self.errors}")
            time.sleep(0.05)

    def arrive(self, path: str, what: str):
        self.wait(f"location.pathname == '{path}' && document.readyState == 'complete'", what)

    def open(self, path: str):
        self.send("Page.navigate", url=self.home + path)
        self.arrive(path, path)

    def click(self, selector: str, what: str):
        """Clicks the middle of an element, with the mouse, and only if it is visible there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"!!{found}", what)
        self.evaluate(f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        place = f"(() => {{ const box = {found}.getClientRects()[0]; return box && " \
                f"[box.x + box.width / 2, box.y + box.height / 2]; }})()"
        hit = f"(() => {{ const at = {place}; if (!at) return false; const hit = document.elementFromPoint(...at); " \
              f"return !!hit && ({found}.contains(hit) || hit.contains({found})); }})()"
        self.wait(hit, f"{what} is visible")
        x, y = self.evaluate(place)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screen(self, width: int, height: int, mobile: bool):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scheme(self, value: str):
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])


LIGHTNESS = """(() => {
    const of = (name) => getComputedStyle(document.body)[name].match(/[0-9.]+/g).slice(0, 3);
    return ["backgroundColor", "color"].map((name) => of(name).reduce((sum, one) => sum + one / 765, 0));
})()"""


# The parts of a page that scroll sideways. Code and tables may, each in a frame of its own.
TOO_WIDE = """[...document.querySelectorAll("html, body, .page, .main, .content")]
    .filter((part) => part.scrollWidth > part.clientWidth)
    .map((part) => `${part.tagName} ${part.className} has ${part.scrollWidth} pixels`)"""


def ensure(holds: bool, message: str):
    if not holds:
        raise SystemExit(message)


def navigate(browser: Browser, shot):
    browser.open("/index.html")
    shot("start")
    browser.click(".sidebar-tree a[href='docs/api/README.html']", "the link to the reference")
    browser.arrive("/docs/api/README.html", "the reference")
    shot("reference")
    browser.click(f"article a[href='{PAGE.rsplit('/', 1)[1]}#{NAME.replace('_', '-')}']", f"the link to {NAME}")
    browser.arrive(PAGE, "the page of channels")
    browser.wait(f"[...document.querySelectorAll('h3')].some((title) => title.innerText.startsWith('{NAME}') && "
                 "Math.abs(title.getBoundingClientRect().top) < innerHeight)", f"the section {NAME}")
    shot("page")
    browser.open("/docs/guide.html")
    browser.click("article a.name", "a name in the guide that leads to the reference")
    browser.wait("location.pathname.startsWith('/docs/api/')", "a page of the reference")


def search(browser: Browser, shot):
    browser.open("/index.html")
    browser.click(".sidebar-search", "the field for searches")
    browser.send("Input.insertText", text=NAME)
    for kind in ("keyDown", "keyUp"):
        browser.send("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                     windowsVirtualKeyCode=13)
    browser.arrive("/search.html", "the results of the search")
    browser.wait("/finished/.test(document.querySelector('#search-results .search-summary, #search-results p')"
                 "?.innerText)", "the end of the search")
    browser.wait("!!document.querySelector('ul.search a')", "a result")
    shot("search")
    first = browser.evaluate("document.querySelector('ul.search a').pathname")
    ensure(first == PAGE, f"the first result for {NAME} is {first}")
    browser.click("ul.search a", "the first result")
    browser.arrive(PAGE, "the page of channels, from the search")


def darken(browser: Browser, shot):
    for scheme, is_dark in (("dark", True), ("light", False)):
        browser.scheme(scheme)
        browser.open("/docs/guide.html")
        page, text = browser.evaluate(LIGHTNESS)
        ensure((page < 0.2 and text > 0.7) if is_dark else (page > 0.9 and text < 0.3), f"{scheme}: {page}, {text}")
        shot(scheme)
    browser.click(".content-icon-container button.theme-toggle", "the switch for dark mode")
    browser.wait("document.body.dataset.theme == 'dark' || document.body.dataset.theme == 'light'", "another theme")
    browser.evaluate("localStorage.clear()")


def shrink(browser: Browser, pages: list[str], shot):
    """All pages, on a phone: none scrolls sideways."""
    browser.screen(390, 844, True)
    wide = []
    for page in pages:
        browser.open(page)
        wide += [f"{page}: {what}" for what in browser.evaluate(TOO_WIDE)]
        if page in ("/index.html", "/docs/guide.html", "/docs/performance.html", PAGE):
            shot("phone-" + Path(page).stem)
    ensure(not wide, "wider than a phone:\n" + "\n".join(wide))
    browser.open("/index.html")
    browser.click(".mobile-header label[for='__navigation']", "the menu's button")
    browser.wait("document.querySelector('.sidebar-drawer').getBoundingClientRect().left == 0", "the menu")
    shot("phone-menu")
    browser.click(".sidebar-tree a[href='docs/guide.html']", "the guide in the menu")
    browser.arrive("/docs/guide.html", "the guide, from the menu")


def main(site: Path, shots: Path):
    shots.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser(f"http://127.0.0.1:{server.server_port}")

    def shot(name: str):
        picture = browser.send("Page.captureScreenshot")["data"]
        (shots / f"{name}.png").write_bytes(base64.b64decode(picture))

    pages = sorted(f"/{path.relative_to(site)}" for path in site.rglob("*.html") if "_static" not in path.parts)
    ensure(len(pages) > 70, f"there are {len(pages)} pages")
    try:
        browser.screen(1280, 900, False)
        navigate(browser, shot)
        search(browser, shot)
        darken(browser, shot)
        shrink(browser, pages, shot)
    finally:
        browser.close()
    ensure(not browser.errors, "the console has errors:\n" + "\n".join(browser.errors))
    print(f"{len(pages)} pages, no error in the console")


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
