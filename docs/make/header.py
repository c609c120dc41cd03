"""Reads include/rq.h: its introduction, and every function, callback, enumeration and type with its
comment.

Knows how bindings/c writes comments (prose, then `Errors:`, `Ownership:`, `Threads:`, `Since:`),
not how they are shown: that is man.py's and reference.py's business. `faults` is the check that
every comment says what its declaration makes necessary.
"""

import re
from dataclasses import dataclass, field

LABEL = re.compile(
    r"(?:^|(?<=[.;]\s))"
    r"(Errors, ownership, threads|Errors, ownership|Errors|Ownership|Threads|Since):\s"
)
NAME = re.compile(r"\brq_\w+|\bRQ_\w+")


@dataclass
class Item:
    """One declaration of the header."""

    kind: str  # "function", "callback", "enum", "handle", "constant"
    name: str
    declaration: str
    prose: list[str] = field(default_factory=list)  # paragraphs
    notes: dict[str, str] = field(default_factory=dict)  # "Errors" and the like
    values: list[tuple[str, str, str]] = field(
        default_factory=list
    )  # of an enum: name, number, meaning

    @property
    def summary(self):
        """The first sentence."""
        return re.split(r"(?<=\.)\s", self.prose[0], maxsplit=1)[0] if self.prose else ""

    @property
    def fails(self):
        return (
            self.kind == "function"
            and "rq_error **error" in self.declaration
            and self.name != "rq_error_set"
        )

    @property
    def result(self):
        """What a function returns: "void", "const char *", …"""
        return re.match(r"(.*?)\b" + self.name + r"\(", self.declaration, re.S)[1].strip()


def paragraphs(lines):
    """The text of comment lines without their stars, one string a paragraph."""
    text = "\n".join(re.sub(r"^\s*\*? ?", "", line).rstrip() for line in lines)
    return [" ".join(part.split("\n")) for part in re.split(r"\n\s*\n", text) if part.strip()]


def explain(item, lines):
    """Puts a comment into its item: labels into notes, all else into prose."""
    for paragraph in paragraphs(lines):
        parts = LABEL.split(paragraph)
        if parts[0].strip():
            item.prose.append(parts[0].strip())
        for label, text in zip(parts[1::2], parts[2::2]):
            names = label.split(", ")
            for name in names:
                # "as rq_send; `RQ_ERR_MISUSE` also" adds to the errors only.
                own = text if len(names) == 1 or name == "Errors" else text.split(";")[0]
                item.notes[name.capitalize()] = own.strip().rstrip(".") + "."
    if "Since" in item.notes:
        item.notes["Since"] = item.notes["Since"].rstrip(".")
    return item


def enum_values(body):
    found = []
    for comment, name, number in re.findall(r"/\*\*(.*?)\*/\s*(RQ_\w+) = (-?\d+),", body, re.S):
        found.append((name, number, " ".join(paragraphs(comment.strip("\n").split("\n")))))
    return found


def declared(declaration):
    """Kind and name of a declaration."""
    if found := re.match(r"#define (RQ_\w+)", declaration):
        return "constant", found[1]
    if declaration.startswith("typedef enum"):
        return "enum", re.search(r"\}\s*(\w+);", declaration)[1]
    if found := re.match(r"typedef struct \w+ (\w+);", declaration):
        return "handle", found[1]
    if found := re.match(r"typedef .*?\(\*(\w+)\)\(", declaration, re.S):
        return "callback", found[1]
    if found := re.search(r"\b(rq_\w+)\(", declaration):
        return "function", found[1]
    return "typedef", re.search(r"(\w+);$", declaration)[1]


def items(text):
    """Every documented declaration, in the header's order."""
    found = []
    at = text.index("#define RQ_VERSION_PATCH")
    pattern = re.compile(
        r"^/\*\*\n(.*?)^ \*/\n(#define [^\n]*|typedef enum \{.*?^\} \w+;|[^#/].*?;)\n", re.S | re.M
    )
    for match in pattern.finditer(text, at):
        kind, name = declared(match[2])
        item = explain(Item(kind, name, match[2]), match[1].rstrip("\n").split("\n"))
        if kind == "enum":
            item.values = enum_values(match[2])
        found.append(item)
    return found


def functions_declared(text):
    """The names of all functions, found in another way than `items` does: none is missed."""
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    bare = re.sub(r"typedef .*?;", "", bare, flags=re.S)
    return re.findall(r"\b(rq_\w+)\(", bare)


def introduction(text):
    """The header's first comment: (title, body) pairs, the body with its line breaks."""
    comment = text[text.index("/*") : text.index("*/")]
    lines = [re.sub(r"^ ?\*? ?", "", line) for line in comment.split("\n")[1:]]
    sections, title = [], ""
    for line in lines:
        if re.fullmatch(r"[A-Z][A-Z ]+", line):
            title = line
            sections.append((title, []))
        elif title:
            sections[-1][1].append(line)
    return [(title, "\n".join(body).strip("\n")) for title, body in sections]


def blocks(body):
    """The parts of a section of the introduction: ("prose", paragraph) or ("code", program)."""
    prose, _, program = body.partition("\n\n    ")
    found = [("prose", " ".join(part.split("\n"))) for part in prose.split("\n\n")]
    if program:
        lines = ("    " + program).split("\n")
        assert all(not line or line.startswith("    ") for line in lines), "prose behind a program"
        found.append(("code", "\n".join(line[4:] for line in lines)))
    return found


def faults(found):
    """What comments leave out: errors, ownership, since."""
    wrong = []
    for item in (item for item in found if item.kind in ("function", "callback")):
        if not item.prose:
            wrong.append(f"{item.name}: no description")
        if "Since" not in item.notes:
            wrong.append(f"{item.name}: does not say since when it exists")
        if item.kind != "function":
            continue
        if item.fails and "Errors" not in item.notes:
            wrong.append(f"{item.name}: can fail, and names no errors")
        gives = (
            item.result.endswith("*")
            or "char **" in item.declaration
            or "rq_free_fn" in item.declaration
        )
        if gives and "Ownership" not in item.notes:
            wrong.append(f"{item.name}: does not say who owns what it gives or takes")
    return wrong
