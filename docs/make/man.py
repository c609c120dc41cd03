"""Makes manual pages (section 3) from include/rq.h: one for every function, callback and
enumeration, and rq(3) itself.

    man.py FOLDER        writes FOLDER/man3/rq_send.3, …; fails if a comment lacks something

Needs Python alone, so that `make install` can run it. Written in man(7)'s macros, checked by
scripts/docs.sh with mandoc and groff.
"""

import re
import sys
import textwrap
from pathlib import Path

import header

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"Errors": "ERRORS", "Ownership": "OWNERSHIP", "Threads": "THREADS"}
ANY_THREAD = """A session, its rq_opts, its cookies and a cancel token serve any number of threads,
every other handle one at a time:
.BR rq (3)."""
WRAP = textwrap.TextWrapper(79, break_long_words=False, break_on_hyphens=False)


def escaped(text):
    """Text as roff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("…", "...")
    return "\\&" + text if text.startswith(".") else text


def running(text):
    """A paragraph: `code` in bold, functions as rq_send(3), a sentence a line."""

    def word(match):
        name = match[1] or match[0]
        return "\\fB" + escaped(name) + "\\fP" + ("(3)" if name in running.pages else "")

    pieces, at = [], 0
    for match in re.finditer(r"`([^`]+)`|\brq_\w*[a-z0-9]\b", text):
        pieces += [escaped(text[at : match.start()]), word(match)]
        at = match.end()
    pieces.append(escaped(text[at:]))
    sentences = re.split(r"(?<=[.:;])\s+", "".join(pieces))
    lines = "\n".join(map(WRAP.fill, sentences)).split("\n")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in lines)


running.pages = frozenset()


def verbatim(text):
    lines = [escaped(line) for line in text.split("\n")]
    return ".nf\n" + "\n".join(lines) + "\n.fi"


def capital(text):
    return text[:1].upper() + text[1:]


def returned(item):
    """What follows from a function's type and comment about what it returns."""
    if item.result == "void":
        return "None: whether it failed is told by *error." if item.fails else "None."
    value = "What DESCRIPTION says"
    lent = item.result.startswith("const") or item.notes.get("Ownership", "").startswith("lent")
    if item.result.endswith("*") and not lent:
        value = f"A new {item.result.rstrip(' *')}"
    if not item.fails:
        return value + ".\nThis function does not fail."
    bad = "false" if item.result == "bool" else "NULL" if item.result.endswith("*") else "\\-1"
    return f"{value}.\nIf the call fails, or *error is set already: {bad}."


def one_line(summary):
    """A summary as NAME has it: no sentence, no code."""
    text = re.split(r"[;:] ", re.sub(r" \([^)]*\)", "", summary.rstrip(".").replace("`", "")))[0]
    return escaped(text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text)


def related(item):
    """The functions that the comment speaks of, and rq(3)."""
    spoken = set(
        re.findall(
            r"\brq_\w*[a-z0-9]\b", " ".join(item.prose + list(item.notes.values()) + [item.declaration])
        )
    )
    pages = sorted((spoken & running.pages) - {item.name, "rq_error"})
    return ",\n".join(f".BR {page} (3)" for page in ["rq", *pages])


def title(name, version):
    log = (ROOT / "CHANGELOG.md").read_text()
    date = re.search(r"^## " + re.escape(version) + r", (\d{4}-\d\d-\d\d)$", log, re.M)
    return f'.TH "{name}" 3 "{date[1] if date else ""}" "librq {version}" "librq"\n.ad l\n.nh'


def page(item, version):
    """The manual page of one declaration."""
    parts = [title(item.name, version), ".SH NAME", f"{item.name} \\- {one_line(item.summary)}"]
    parts += [".SH SYNOPSIS", ".B #include <rq.h>", ".PP"]
    declaration = re.sub(r"/\*\*.*?\*/\n\s*", "", item.declaration, flags=re.S)
    parts.append(verbatim(declaration))
    parts += [".SH DESCRIPTION", "\n.PP\n".join(map(running, item.prose))]
    for name, number, meaning in item.values:
        parts += [".TP", f'.BR {name} " = {number}"', running(meaning)]
    if item.kind == "function":
        parts += [".SH RETURN VALUE", returned(item)]
        parts += [".SH ERRORS", running(capital(item.notes.get("Errors", "none.")))]
    for label in ("Ownership", "Threads"):
        if label in item.notes:
            parts += [f".SH {SHOWN[label]}", running(capital(item.notes[label]))]
    if item.kind == "function" and "Threads" not in item.notes:
        parts += [".SH THREADS", ANY_THREAD]
    if "Since" in item.notes:
        parts += [".SH SINCE", f"librq {item.notes['Since']}"]
    parts += [".SH SEE ALSO", related(item)]
    return "\n".join(parts) + "\n"


def overview(text, found, version):
    """rq(3): the header's introduction, and what there is."""
    parts = [
        title("rq", version),
        ".SH NAME",
        "rq \\- HTTP for humans in every language that can call C",
    ]
    parts += [
        ".SH SYNOPSIS",
        ".B #include <rq.h>",
        ".PP",
        ".B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs rq)",
    ]
    for name, body in header.introduction(text):
        parts.append(f".SH {name}")
        shown = [
            running(block) if kind == "prose" else verbatim(block)
            for kind, block in header.blocks(body)
        ]
        parts.append("\n.PP\n".join(shown))
    parts.append(".SH FUNCTIONS")
    for item in found:
        if item.kind == "function":
            parts += [".TP", f".BR {item.name} (3)", running(item.summary)]
    return "\n".join(parts) + "\n"


def pages(text):
    """Every page: file name and content."""
    found = [item for item in header.items(text) if item.kind in ("function", "callback", "enum")]
    running.pages = frozenset(item.name for item in found)
    version = re.search(r'#define RQ_VERSION "([^"]+)"', text)[1]
    made = {f"{item.name}.3": page(item, version) for item in found}
    return {"rq.3": overview(text, found, version), **made}


def main(folder):
    text = (ROOT / "include/rq.h").read_text()
    if wrong := header.faults(header.items(text)):
        sys.exit("include/rq.h leaves out:\n" + "\n".join(wrong))
    into = Path(folder) / "man3"
    into.mkdir(parents=True, exist_ok=True)
    made = pages(text)
    for old in into.glob("rq*.3"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        (into / name).write_text(content)


if __name__ == "__main__":
    main(sys.argv[1])
