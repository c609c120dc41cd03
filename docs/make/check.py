"""Checks what was built: the site's links and anchors, that nothing is asked of others, that no
function is missing anywhere.

    check.py SITE MAN [LIBRARY]    LIBRARY: librq.so, to compare its codes with the list

How pages look and behave in a browser is browse.mjs's business.
"""

import ctypes
import posixpath
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import errors
import header

ROOT = Path(__file__).resolve().parents[2]


class Reader(HTMLParser):
    """The anchors of a page, the links in it, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loads, self.twice = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            if given["id"] in self.anchors:
                self.twice.append(given["id"])
            self.anchors.add(given["id"])
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag in ("script", "img", "link"):
            self.loads.append(given.get("src") or given.get("href") or "")


def broken_links(site):
    """Links to pages and anchors that are not there, and what would be loaded from elsewhere."""
    read = {
        str(path.relative_to(site)): Reader(path.read_text())
        for path in sorted(site.rglob("*.html"))
    }
    wrong, checked = [], 0
    for page, found in read.items():
        wrong += [f"{page}: two anchors #{anchor}" for anchor in found.twice]
        for link in found.links:
            if re.match(r"https?:", link):
                continue
            checked += 1
            path, _, anchor = link.partition("#")
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
            )
            if target not in read:
                wrong.append(f"{page}: {link}: no such page")
            elif anchor and anchor not in read[target].anchors:
                wrong.append(f"{page}: {link}: no such anchor")
        for load in (load for load in found.loads if not load.startswith("data:")):
            if not (site / posixpath.dirname(page) / load).is_file():
                wrong.append(f"{page}: loads {load}")
    wrong += [
        f"{path.name}: asks others"
        for path in site.glob("*.css")
        if re.search(r"@import|url\(", path.read_text())
    ]
    return wrong, len(read), checked


def missing_functions(site, man):
    """Functions without an entry in the reference, or without a whole manual page."""
    names = header.functions_declared((ROOT / "include/rq.h").read_text())
    reference = "".join(path.read_text() for path in (site / "reference").glob("*.html"))
    wrong = [
        f"{name}: not in the reference" for name in names if f'<h2 id="{name}">' not in reference
    ]
    sections = (
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "RETURN VALUE",
        "ERRORS",
        "THREADS",
        "SINCE",
        "SEE ALSO",
    )
    for name in names:
        path = man / "man3" / f"{name}.3"
        text = path.read_text() if path.exists() else ""
        wrong += [
            f"{name}(3): no {section}" for section in sections if f"\n.SH {section}\n" not in text
        ]
    return wrong, len(names)


def other_codes(library):
    """Codes and reasons for which the library and the list of src/error.rs differ."""
    rq = ctypes.CDLL(str(library))
    for name in ("rq_code_name", "rq_error_exception", "rq_reason_at"):
        getattr(rq, name).restype = ctypes.c_char_p
    rq.rq_reason_at.argtypes = [ctypes.c_size_t]

    def exception(code):
        error = ctypes.c_void_p()
        rq.rq_error_set(ctypes.byref(error), ctypes.c_int32(code), b"")
        told = rq.rq_error_exception(error).decode()
        rq.rq_error_free(error)
        return told

    named = {code: rq.rq_code_name(code).decode() for code in range(1, 1000)}
    theirs = {
        (code, name, exception(code)) for code, name in named.items() if name != "RQ_ERR_UNKNOWN"
    }
    ours = {(number, name, told) for number, name, told, _ in errors.codes(ROOT)}
    words = []
    while (word := rq.rq_reason_at(len(words))) is not None:
        words.append(word.decode())
    wrong = [f"the library and src/error.rs differ: {item}" for item in theirs ^ ours]
    return wrong + [
        f"the library and src/error.rs differ: {word}"
        for word in set(words) ^ {w for w, _ in errors.reasons(ROOT)}
    ]


def main(site, man, library=None):
    wrong, pages, links = broken_links(Path(site))
    missing, functions = missing_functions(Path(site), Path(man))
    wrong += missing + (other_codes(Path(library)) if library else [])
    if (ROOT / "docs/errors.md").read_text() != errors.page(ROOT):
        wrong.append("docs/errors.md is stale: run `RQ_BLESS=1 make docs` and commit it")
    if wrong:
        sys.exit("check.py:\n" + "\n".join(wrong))
    print(f"{pages} pages, {links} links, {functions} functions, {len(errors.codes(ROOT))} codes")


if __name__ == "__main__":
    main(*sys.argv[1:])
