"""Makes the page of errors from the one list of the code, src/error.rs: what a code is called in
each language.

    errors.py            writes the page; fails if a language lacks a code or has one that is none

The names of C and Requests are those of the list itself; Go's are looked up in
bindings/go/errors.go, Node's are made as the binding makes them and looked up in its index.d.ts,
the numbers in include/rq.h. docs/errors.md is the committed page.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {
    0: "The call itself",
    1: "What was asked for",
    2: "Connecting",
    3: "The exchange",
    4: "The answer",
}

HEAD = """# Errors

<!-- Made by docs/make/errors.py from src/error.rs: run `RQ_BLESS=1 make docs` when a code has changed. -->

Every failure has a **code**: few, flat, stable numbers, the same in every language. Some have a **reason**, which says what the
code leaves open, and all have the **step** in which they arose and a message for people. A status such as 404 is no error until
you ask for it.

How to read them: `rq_error_code`, `rq_error_reason`, `rq_error_phase` and `rq_error_message` in [C](c.md#errors);
`errors.Is(err, rq.ErrDNS)` and `*rq.Error` in [Go](go.md#errors); `error.code` in [Node](node.md#errors). The column of Requests
is the exception that Requests raises in the same place, which `rq_error_exception` names too; where one failure of a kind has
another name there (a failed handshake with a proxy is a `ProxyError`), that function tells it.
"""


def listed(text, name):
    """The lines of a macro's list: (meaning, rest of the line) pairs."""
    body = re.search(r"^" + name + r"! \{\n(.*?)^\}", text, re.S | re.M)[1]
    entry = re.compile(r"((?:\s*///[^\n]*\n)+)\s*(\w+ = [^;]*);")
    return [
        (" ".join(re.findall(r"/// ?(.*)", meaning)), rest) for meaning, rest in entry.findall(body)
    ]


def codes(root=ROOT):
    """(number, C name, Requests' exception, meaning) of every code."""
    found = []
    for meaning, line in listed((root / "src/error.rs").read_text(), "kinds"):
        number, c_name, exception = re.fullmatch(r'\w+ = (\d+), "(\w+)", "(\w+)"', line).groups()
        found.append((int(number), c_name, exception, meaning))
    return found


def reasons(root=ROOT):
    """(word, meaning) of every reason."""
    found = listed((root / "src/error.rs").read_text(), "reasons")
    return [(re.fullmatch(r'\w+ = "(\w+)"', line)[1], meaning) for meaning, line in found]


def phases(root=ROOT):
    """(word, meaning) of every step in which an error can arise."""
    text = (root / "src/error.rs").read_text()
    body = re.search(r"pub enum Phase \{\n(.*?)^\}", text, re.S | re.M)[1]
    meanings = dict(
        (name, meaning) for meaning, name in re.findall(r"/// (.*)\n(?:\s*#.*\n)?\s*(\w+),", body)
    )
    words = re.findall(r'Self::(\w+) => "(\w*)",', text)
    return [(word, meanings[name]) for name, word in words if name in meanings]


def go_names(root=ROOT):
    text = (root / "bindings/go/errors.go").read_text()
    return {c_name: name for name, c_name in re.findall(r"(\w+)\s+Code = C\.(RQ_\w+)", text)}


def node_name(c_name):
    return c_name.removeprefix("RQ_ERR_").lower()


def node_names(root=ROOT):
    text = (root / "bindings/node/lib/index.d.ts").read_text()
    return set(
        re.findall(r"'(\w+)'", re.search(r"type RequestErrorCode =(.*?)\n\n", text, re.S)[1])
    )


def header_codes(root=ROOT):
    text = (root / "include/rq.h").read_text()
    return {name: int(number) for name, number in re.findall(r"(RQ_ERR_\w+) = (\d+),", text)}


def faults(root=ROOT):
    """Where a language has not the same codes as the list."""
    ours = {c_name: number for number, c_name, _, _ in codes(root)}
    wrong = []
    if header_codes(root) != ours:
        wrong.append(f"include/rq.h differs: {set(header_codes(root).items()) ^ set(ours.items())}")
    if set(go_names(root)) != set(ours):
        wrong.append(f"bindings/go/errors.go differs: {set(go_names(root)) ^ set(ours)}")
    if node_names(root) != set(map(node_name, ours)):
        wrong.append(
            f"bindings/node/lib/index.d.ts differs: {node_names(root) ^ set(map(node_name, ours))}"
        )
    return wrong


def code_row(number, c_name, exception, meaning, go):
    """One code, its names below each other: side by side they are wider than a page."""
    names = f"`{c_name}`<br>`{go.get(c_name, '')}`<br>`{node_name(c_name)}`"
    return f"| {number} | {names} | `{exception}` | {meaning} |"


def page(root=ROOT):
    lines, go = [HEAD, "## Codes", ""], go_names(root)
    lines += [
        "Each with its number, its names in C, Go and Node, Requests' exception, and what it means."
    ]
    group = None
    for number, c_name, exception, meaning in codes(root):
        if number // 100 != group:
            group = number // 100
            lines += [
                "",
                f"### {GROUPS[group]}",
                "",
                "| | C, Go, Node | Requests | |",
                "| --: | --- | --- | --- |",
            ]
        lines.append(code_row(number, c_name, exception, meaning, go))
    lines += [
        "",
        "Numbers are never reused. Timeouts are 210 to 214; `Timeout()` tells them in Go.",
        "",
        "## Reasons",
        "",
    ]
    lines += [
        "`rq_error_reason` in C, `Error.Reason` in Go, `error.reason` in Node: a word, or empty where there is none.",
        "",
    ]
    lines += ["| reason | |", "| --- | --- |"] + [
        f"| `{word}` | {meaning} |" for word, meaning in reasons(root)
    ]
    lines += [
        "",
        "## Steps",
        "",
        "`rq_error_phase` in C, `Error.Phase` in Go, `error.phase` in Node.",
        "",
    ]
    lines += ["| step | |", "| --- | --- |"] + [
        f"| `{word}` | {meaning} |" for word, meaning in phases(root) if word
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if wrong := faults():
        sys.exit("errors.py: the languages disagree\n" + "\n".join(wrong))
    sys.stdout.write(page())
