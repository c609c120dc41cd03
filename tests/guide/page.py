"""docs/from-requests.md as data: the frame that all code stands in, and the pieces with what they print."""

import re
import textwrap
from dataclasses import dataclass, field

LANGUAGES = {"Python": "python", "C": "c", "Go": "go", "Node": "js"}
HOLES = {
    "Python": "# the code of a section",
    "C": "    /* the code of a section */",
    "Go": "\t// the code of a section",
    "Node": "// the code of a section",
}
STARTS = ("static ", "struct ", "#include")


class Fault(Exception):
    """The page is not as it has to be."""


@dataclass
class Piece:
    """The code of a section, or of a part of it, in each language, and what it prints."""

    title: str
    code: dict = field(default_factory=dict)
    prints: str = ""


def pieces(text):
    """The frame, and every other piece."""
    found, title, label, current = [], "", None, None
    fences = re.finditer(
        r"^#+ (?P<title>[^\n]+)$|^\*\*(?P<label>\w+)\*\*$|^```(?P<fence>\w+)\n(?P<code>.*?)^```$",
        text,
        re.S | re.M,
    )
    for at in fences:
        if at["title"]:
            title, current = at["title"], None
        elif at["label"]:
            label = at["label"]
        elif at["fence"] == "text":
            current.prints, current = at["code"], None
        elif LANGUAGES.get(label) != at["fence"]:
            raise Fault(f"{title}: a block of {at['fence']} without a line **Language** before it")
        else:
            if current is None:
                current = Piece(title)
                found.append(current)
            if label in current.code:
                raise Fault(f"{title}: {label} twice, without what it prints between them")
            current.code[label], label = at["code"], None
    frame, *rest = found
    for piece in rest:
        if not piece.prints or not set(LANGUAGES) - {"Python"} <= set(piece.code):
            raise Fault(f"{piece.title}: a language or what it prints is missing")
    return frame.code, rest


def framed(language, frame, code):
    """The program that a piece of code is, once it stands in the frame."""
    if frame.count(HOLES[language]) != 1:
        raise Fault(f"the frame of {language} has no place for code")
    if language == "C":
        top, code = split(code)
        frame = frame.replace("int main(", top + "int main(", 1)
        code = textwrap.indent(code, "    ")
    return frame.replace(HOLES[language], code.rstrip("\n"))


def split(code):
    """C: functions and types, which stand before main, and what stands in it. A struct with a value is no type."""
    top, body, inside = [], [], False
    for line in code.splitlines(keepends=True):
        inside = inside or (line.startswith(STARTS) and "=" not in line.split("{")[0])
        (top if inside else body).append(line)
        if inside and (line.startswith(("}", "#include"))):
            inside = False
    return "".join(top), "".join(body)
