"""Checks the links of the site: `links.py SITE`. Each leads to a file, and to an anchor that is there."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path: Path):
        super().__init__()
        self.links, self.anchors, self.open_links, self.nested = [], set(), 0, 0
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.anchors.update(value for key, value in attributes if key == "id" or (tag, key) == ("a", "name"))
        if tag == "a":
            self.nested += self.open_links > 0
            self.open_links += 1
        for key in ("href", "src", "action"):
            if named.get(key):
                self.links.append(named[key])

    def handle_endtag(self, tag):
        self.open_links -= tag == "a"


def main(site: Path):
    pages = {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.relative_to(site).parts}
    wrong, count = [], 0
    for path, page in pages.items():
        if page.nested:
            wrong.append(f"{path.relative_to(site)}: a link within a link")
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or anchor and target in pages and anchor not in pages[target].anchors:
                wrong.append(f"{path.relative_to(site)}: {link}")
    if wrong:
        sys.exit("\n".join(sorted(set(wrong))))
    if len(pages) < 70 or count < 5000:
        sys.exit(f"the search finds {len(pages)} pages and {count} links: it is broken")
    print(f"{count} links of {len(pages)} pages lead somewhere")


main(Path(sys.argv[1]).resolve())
