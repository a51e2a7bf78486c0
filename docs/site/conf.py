"""Sphinx's configuration for the site: `make site`. stage.py gathers the pages."""

import re
from pathlib import Path

from docutils import nodes

ROOT = Path(__file__).resolve().parents[2]

project = "libaco"
version = release = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"libaco {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False


def is_within(node, kinds):
    while node is not None and not isinstance(node, kinds):
        node = node.parent
    return node is not None


def link_names(app, doctree, page):
    """Each public name in code leads to its page of the reference."""
    names = app.config.reference_names
    for code in list(doctree.findall(nodes.literal)):
        name = code.astext().removesuffix("()")
        if name not in names or names[name] == page or is_within(code, (nodes.reference, nodes.title)):
            continue
        place = f"{app.builder.get_relative_uri(page, names[name])}#{nodes.make_id(name)}"
        link = nodes.reference("", "", refuri=place, internal=True, classes=["name"])
        code.replace_self(link)
        link += code


def read_names(app):
    """The names of the reference, and their pages."""
    index = Path(app.srcdir, "docs/api/README.md").read_text()
    links = re.findall(r"\[`(\w+)`\]\((\w+)\.md#", index)
    app.config.reference_names = {name: f"docs/api/{page}" for name, page in links}


def setup(app):
    app.add_config_value("reference_names", {}, "")
    app.connect("builder-inited", read_names)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
