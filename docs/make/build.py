"""Builds the documentation as a static site: from docs/*.md, the project's own pages, and what
reference.py makes of the header.

    build.py FOLDER       writes FOLDER/index.html and the rest; fails on a link that leads nowhere

The site needs no server and asks nobody for anything: style, script and search index are beside its
pages. A link to a file of the tree that is no page leads to a page that shows it.
"""

import html
import json
import posixpath
import re
import shutil
import sys
from pathlib import Path

import errors
import header
import markdown
import reference

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

# What the navigation shows, in order. Other pages of docs/ come last in the guides.
NAVIGATION = [
    (
        "Guides",
        [
            "docs/index.md",
            "docs/install.md",
            "docs/examples.md",
            "docs/from-requests.md",
            "docs/differences.md",
        ],
    ),
    ("Languages", ["docs/c.md", "docs/go.md", "docs/node.md"]),
    ("Reference", ["docs/errors.md", "docs/reference.md"]),
    ("Project", ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]),
]
# Files that have a better page than their text.
STANDS_FOR = {"include/rq.h": "docs/reference.md", "README.md": "docs/index.md"}
# Folders whose pages lead to all that is in them.
LISTED = ("examples",)
BUILT = ("target", "node_modules", "build", ".gitignore")
TEXT = {
    ".c",
    ".h",
    ".go",
    ".mjs",
    ".cjs",
    ".js",
    ".ts",
    ".rs",
    ".py",
    ".sh",
    ".toml",
    ".json",
    ".txt",
    ".md",
    ".in",
    ".cmake",
    ".mod",
    ".1",
}
LEXERS = {
    ".h": "c",
    ".mjs": "js",
    ".cjs": "js",
    ".in": "cmake",
    ".mod": "go",
    ".txt": "cmake",
    ".py": "python",
    ".rs": "rust",
    ".1": "groff",
}


class Site:
    """All pages: what they are made from, where they go, and what was wrong."""

    def __init__(self, root):
        self.root, self.faults = root, []
        self.sources = self.collect()
        self.order = [name for _, names in self.navigation() for name in names]
        self.pages, self.queue = {}, []
        self.names = self.api_names()

    def collect(self):
        """Markdown by its path in the tree."""
        found = {
            str(path.relative_to(self.root)): path.read_text()
            for path in sorted((self.root / "docs").glob("*.md"))
        }
        for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            found[name] = (self.root / name).read_text()
        found["docs/errors.md"] = errors.page(self.root)
        found |= reference.pages((self.root / "include/rq.h").read_text())
        return found

    def navigation(self):
        named = {name for _, names in NAVIGATION for name in names}
        more = [
            name
            for name in self.sources
            if name not in named and name.count("/") == 1 and name.startswith("docs/")
        ]
        for title, names in NAVIGATION:
            names = [name for name in names if name in self.sources]
            if title == "Guides":
                names += more
            if title == "Reference":
                names += [name for name in self.sources if name.startswith("docs/reference/")]
            yield title, names

    def api_names(self):
        """Names of the C API and where they stand: docs/reference/sending.md#rq_send."""
        found = {}
        for name, text in self.sources.items():
            if name.startswith("docs/reference/"):
                found |= {
                    word: f"/{name}#{word}" for word in re.findall(r"^## (rq_\w+)$", text, re.M)
                }
                found |= {word: f"/{name}" for word in re.findall(r"^`(rq_\w+)`: ", text, re.M)}
        codes = [item[1] for item in errors.codes(self.root)]
        return found | {code: "/docs/errors.md#codes" for code in codes}

    @staticmethod
    def address(source):
        """Where a page goes in the site."""
        if source.startswith("docs/") and source.endswith(".md"):
            return source.removeprefix("docs/").removesuffix(".md") + ".html"
        if source in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            return source.removesuffix(".md").lower() + ".html"
        return "source/" + source + ".html"

    def resolve(self, here, link):
        """What a link of the page `here` becomes in the site."""
        if re.match(r"[a-z]+:", link) or link.startswith("#"):
            return link
        path, _, anchor = link.partition("#")
        target = (
            path[1:]
            if path.startswith("/")
            else posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        )
        target = STANDS_FOR.get(target, target)
        if target not in self.sources and not self.show_file(target):
            self.faults.append(f"{here}: {link} leads nowhere")
        away = posixpath.relpath(self.address(target), posixpath.dirname(self.address(here)) or ".")
        return away + ("#" + anchor if anchor else "")

    def show_file(self, name):
        """Makes a page of a file or folder of the tree; false if none can be shown."""
        path = self.root / name
        if path.is_dir():
            text = self.listing(name, path)
        elif path.is_file() and (path.suffix in TEXT or path.name == "Makefile"):
            if path.suffix == ".md":
                text = path.read_text()
            else:
                language = LEXERS.get(path.suffix, path.suffix[1:] or "make")
                text = f"# {name}\n\n``````{language}\n{path.read_text()}\n``````\n"
        else:
            return False
        self.sources[name] = text
        self.queue.append(name)
        return True

    @staticmethod
    def listing(name, path):
        """What a folder's page says: its README, else what is in it."""
        if (readme := path / "README.md").exists():
            # Links of a README start from its folder.
            text = re.sub(r"\]\((?![a-z]+:|#|/)", f"](/{name}/", readme.read_text())
            return re.sub(r"\]\(/([^)#]*)", lambda link: "](/" + posixpath.normpath(link[1]), text)
        kept = [entry for entry in sorted(path.iterdir()) if entry.name not in BUILT]
        named = [(entry.name + "/" * entry.is_dir(), f"/{name}/{entry.name}") for entry in kept]
        linked = name.split("/")[0] in LISTED
        return f"# {name}\n\n" + "\n".join(
            f"- [{shown}]({away})" if linked else f"- {shown}" for shown, away in named
        )

    def build(self):
        self.queue = list(self.sources)
        while self.queue:
            name = self.queue.pop(0)
            self.pages[name] = markdown.Page(
                self.sources[name], lambda link, name=name: self.resolve(name, link), self.names
            )

    def menu(self, here):
        """The navigation as the page `here` shows it; a function page's neighbours only near it."""
        lines = []
        for title, names in self.navigation():
            lines.append(f"<h2>{title}</h2><ul>")
            for name in names:
                current = ' aria-current="page"' if name == here else ""
                deep = ' class="deep"' if name.startswith("docs/reference/") else ""
                away = self.resolve(here, "/" + name)
                shown = "Overview" if name == "docs/index.md" else self.pages[name].title
                lines.append(f'<li{deep}><a href="{away}"{current}>{html.escape(shown)}</a></li>')
            lines.append("</ul>")
        return "\n".join(lines)

    def write(self, folder):
        template = (HERE / "page.html").read_text()
        for name, page in self.pages.items():
            address = self.address(name)
            up = "../" * address.count("/")
            contents = "".join(
                f'<li><a href="#{anchor}">{html.escape(title)}</a></li>'
                for depth, anchor, title, _ in page.sections
                if depth == 2
            )
            fields = {
                "title": html.escape(page.title),
                "up": up,
                "menu": self.menu(name),
                "contents": contents,
                "body": page.html,
            }
            target = folder / address
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(re.sub(r"\{\{(\w+)\}\}", lambda field: fields[field[1]], template))
        shutil.copy(HERE / "site.js", folder)
        (folder / "site.css").write_text((HERE / "site.css").read_text() + markdown.colours())
        (folder / "search-index.js").write_text(
            "window.rqIndex = " + json.dumps(self.index(), ensure_ascii=False) + ";\n"
        )

    def index(self):
        """What search knows: [page's title, section's title, address, words] of every section."""
        found = []
        for name, page in self.pages.items():
            if self.address(name).startswith("source/"):
                continue
            for _, anchor, title, words in page.sections:
                text = re.sub(r"\s+", " ", " ".join(words))
                found.append([page.title, title, f"{self.address(name)}#{anchor}", text])
        return found


def main(folder):
    wrong = header.faults(header.items((ROOT / "include/rq.h").read_text())) + errors.faults(ROOT)
    site = Site(ROOT)
    site.build()
    if wrong := wrong + site.faults:
        sys.exit("build.py:\n" + "\n".join(wrong))
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    site.write(folder)
    print(f"{len(site.pages)} pages in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
