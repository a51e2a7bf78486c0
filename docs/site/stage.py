"""Gathers the sources of the site: `stage.py FOLDER`.

The documents are taken as they are, with the folders that they have in the repository, so that their links hold.
Four things are changed on the way. README.md becomes the start page. A page of the reference has its name and its
subject as title. A link to a source file leads to a page that shows the file. The start page and the reference get
tables of contents.
"""

import html
import re
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS = ["*.md", "docs/**/*.md", "bindings/**/*.md"]

# The contents by subject. A page belongs to the first section with a pattern for it. The patterns give the order. A
# pattern may have no page yet. A page that no section has is an error.
SECTIONS = {
    "Start": ["docs/packaging.md", "docs/platforms.md", "docs/libaco.md", "docs/porting.md", "docs/porting-[!m]*.md",
              "docs/porting-mini*.md", "docs/faq.md", "docs/glossary.md", "README*.md"],
    "Guide": ["docs/guide.md", "docs/guide/*.md", "docs/patterns*.md", "examples/index.md",
              "examples/*/index.md", "docs/testing.md", "docs/threads.md",
              "docs/memory.md", "docs/fairness.md", "docs/extension.md", "docs/cpp.md", "bindings/*.md"],
    "Reference": ["docs/api/README.md", "docs/errors.md", "docs/limits.md", "docs/abi.md", "CHANGELOG.md"],
    "For operators": ["docs/reliability.md", "docs/sandbox.md", "docs/performance*.md", "docs/tested.md",
                      "docs/debug*.md", "SECURITY.md"],
    "For maintainers": ["CONTRIBUTING.md", "docs/design-*.md", "docs/porting-macos.md", "docs/qemu.md",
                        "docs/dev/*.md", "tests/*/index.md"],
}

WIDTH = 88  # columns of a prototype
LINK = re.compile(r"(?<=\]\()[^)\s#]+(?=[)#])")
LANGUAGES = {".c": "c", ".h": "c", ".hpp": "cpp", ".cpp": "cpp", ".rs": "rust", ".py": "python", ".lua": "lua",
             ".sh": "sh"}


def in_repository(path: Path) -> Path | None:
    """The path from the root, of what exists."""
    path = path.resolve()
    return path.relative_to(ROOT) if path.exists() and path.is_relative_to(ROOT) else None


def contents(title: str, entries: list[str]) -> str:
    lines = "\n".join(entries)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{lines}\n```\n"


def plain(text: str) -> str:
    """Text without the emphasis and the escapes that mandoc writes."""
    text = re.sub(r"(?<!\\)\*", "", text)
    return html.unescape(re.sub(r"\\(.)", r"\1", text).replace("&zwnj;", ""))


def prototype(paragraph: str) -> str:
    """A prototype in one line, or with a line for each parameter."""
    line = re.sub(r"\* (?=\w+\()", "*", " ".join(plain(paragraph).split()))
    if len(line) > WIDTH:
        start, parameters = line.split("(", 1)
        line = f"{start}(" + re.sub(r", (?=\w)", ",\n" + " " * (len(start) + 1), parameters)
    return line if line.endswith(";") else f"{line};"


def code(paragraphs: list[str]) -> str:
    return "```c\n" + "\n\n".join(paragraphs) + "\n```\n"


def synopsis(section: str) -> str:
    """The synopsis as a block of C: directives, prototypes."""
    paragraphs = section.strip().split("\n\n")
    is_directive = [paragraph.startswith(("**#", "**typedef", "**struct")) for paragraph in paragraphs]
    return code([
        "\n".join(line.rstrip() for line in plain(paragraph).split("\n")) if directive else prototype(paragraph)
        for paragraph, directive in zip(paragraphs, is_directive)
    ])


def reference_page(name: str, text: str) -> str:
    """A page that mandoc made: its names and its subject come first, then the other headings, each a level lower."""
    about, sections = text.split("# NAME\n", 1)[1].split("\n# ", 1)
    names, subject = about.strip().rsplit(" - ", 1)
    # What `# LIBRARY` says is the same on all pages.
    sections = re.sub(r"^# LIBRARY\n.*?(?=^# )", "", f"# {sections}", flags=re.M | re.S)
    sections = re.sub(r"^(# SYNOPSIS\n\n)(.*?)(?=^# )", lambda match: match.group(1) + synopsis(match.group(2)) + "\n",
                      sections, flags=re.M | re.S)
    sections = re.sub(r"^(## (?:aco|ACO)\w+\n\n)(\*[^\n]*\* *\n\*\*.*?)\n\n",
                      lambda match: match.group(1) + code([prototype(match.group(2))]) + "\n", sections, flags=re.M | re.S)
    sections = re.sub(r"^# ([A-Z ]+)$", lambda match: f"# {match.group(1).capitalize()}", sections, flags=re.M)
    sections = re.sub(r"^#+ ", r"#\g<0>", sections, flags=re.M)
    return f"# {name}: {subject}\n\n{names}\n\n{sections}"


def about(text: str) -> str:
    """What the comment at the start of a program says in its first sentence."""
    comment = re.match(r"/\*\s*(.*?)(\*/|\n \*\n)", text, re.S)
    words = " ".join(re.sub(r"^ \* ?", "", comment.group(1), flags=re.M).split()) if comment else ""
    return re.split(r"(?<=[.:]) (?=[A-Z])", words)[0]


def source_page(path: Path) -> str:
    text = (ROOT / path).read_text()
    # A frame of a document is no C: it has @@ where the block stands.
    language = "text" if path.suffix == ".c" and re.search(r"^ *@", text, re.MULTILINE) else LANGUAGES.get(path.suffix, "text")
    return f"---\norphan: true\n---\n# {path}\n\n`````{language}\n{text}\n`````\n"


def folder_page(folder: Path, files: list[Path]) -> str:
    lines = [f"* [{file.name}]({file.name}.md): {about((ROOT / file).read_text())}".rstrip(": ") for file in files]
    above = "" if folder.parent == Path(".") else f" ({folder.parent})"
    return f"# {folder.name.capitalize()}{above}\n\nThe files of `{folder}`.\n\n" + "\n".join(lines) + "\n"


def main(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    pages = {path.relative_to(ROOT) for pattern in DOCUMENTS for path in ROOT.glob(pattern)}
    sources: set[Path] = set()
    folders: set[Path] = set()
    staged: dict[str, str] = {}

    def relink(page: Path, text: str) -> str:
        def target(match: re.Match) -> str:
            link = match.group()
            path = in_repository(ROOT / page.parent / link)
            if path is None or path in pages and path != Path("README.md"):
                return link
            if path == Path("README.md"):
                return link.removesuffix("README.md") + "index.md"
            if path / "README.md" in pages:
                return f"{link.rstrip('/')}/README.md"
            if (ROOT / path).is_dir():
                folders.add(path)
                return f"{link.rstrip('/')}/index.md"
            if path.suffix == ".svg":
                (out / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, out / path)
                return link
            sources.add(path)
            return f"{link}.md"

        return LINK.sub(target, text)

    for page in sorted(pages):
        text = (ROOT / page).read_text()
        if page.parent == Path("docs/api") and page.name != "README.md":
            text = reference_page(page.stem, text)
        name = "index.md" if page == Path("README.md") else str(page)
        staged[name] = relink(page, text)
    for folder in sorted(folders):
        files = sorted(file.relative_to(ROOT) for file in (ROOT / folder).iterdir() if file.is_file())
        staged[f"{folder}/index.md"] = folder_page(folder, files)
        sources.update(files)
    for path in sources:
        staged[f"{path}.md"] = source_page(path)

    # The pages of the reference, by subject, as its own start page has them.
    names = re.findall(r"\(([\w.]+)\.md", staged["docs/api/README.md"])
    staged["docs/api/README.md"] += contents("Reference", [f"{name} <{name}>" for name in dict.fromkeys(names)])
    shown = [name for name in staged if name != "index.md" and name.removesuffix(".md") not in map(str, sources)]
    left = [name for name in shown if not fnmatch(name, "docs/api/[!R]*")]
    for title, patterns in SECTIONS.items():
        section = []
        for pattern in patterns:
            found = [name for name in sorted(left) if fnmatch(name, pattern)]
            section += found
            left = [name for name in left if name not in found]
        staged["index.md"] += contents(title, ["/" + name.removesuffix(".md") for name in section])
    if left:
        sys.exit("in no section of docs/site/stage.py: " + ", ".join(left))
    for name, text in staged.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)


main(Path(sys.argv[1]).resolve())
