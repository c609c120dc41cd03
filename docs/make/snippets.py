"""Compiles the code of the guides: what users copy must at least be what the headers, packages and
types say.

    snippets.py FOLDER c go node       FOLDER takes the files

A block that is a whole program is compiled as it is. Any other is put into a function that has what
the guides take for granted: a session, a request, a response, a context. Nothing is run:
scripts/readme.sh and the examples do that.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("index", "install", "c", "go", "node")

C = """#include <poll.h>
#include <rq.h>
#include <rq_sugar.h>
#include <stdio.h>
#include <string.h>
{top}
void guide(rq_session *session, rq_request *request, rq_response *response, rq_prepared *prepared,
           const char *url, rq_error *e);
void guide(rq_session *session, rq_request *request, rq_response *response, rq_prepared *prepared,
           const char *url, rq_error *e) {{
(void)session, (void)request, (void)response, (void)prepared, (void)url, (void)e;
{{
{body}
}}
}}
"""
GO = """package guide

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

func guide(ctx context.Context, session *rq.Session, response *rq.Response) error {{
	if ctx != nil {{
{body}
	}}
	return nil
}}
"""
NODE = """import {{ RequestError, Response, Session, file }} from 'librq'
declare const given: {{ session: Session, response: Response }}
export async function guide ({{ session, response }} = given) {{
  {{
{body}
  }}
}}
"""


def blocks(language):
    """Every block of a language in the guides: name of the page with a number, and text."""
    for guide in GUIDES:
        text = (ROOT / f"docs/{guide}.md").read_text()
        found = re.findall(r"^```" + language + r"\n(.*?)^```$", text, re.S | re.M)
        yield from ((f"{guide}{at}", code) for at, code in enumerate(found))


def run(command, folder, forgiven=r"(?!)"):
    """Runs a compiler; what it says is told, but for the lines that are forgiven."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    left = [line for line in lines if line.strip() and not re.search(forgiven, line)]
    return left if done.returncode else []


def c(folder):
    flags = subprocess.check_output(["pkg-config", "--cflags", "rq"], text=True).split()
    flags += [f"-I{ROOT}/bindings/c/include", "-std=c11", "-Wall", "-Wextra", "-Werror"]
    flags += ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-fsyntax-only"]
    wrong, count = [], 0
    for name, code in blocks("c"):
        # Functions stand outside, statements inside of the one that the template makes.
        top, _, body = code.rpartition("\n}\n") if code.startswith("static") else ("", "", code)
        text = (
            code if "int main(" in code else C.format(top=top + "\n}\n" if top else "", body=body)
        )
        path = folder / f"{name}.c"
        path.write_text(text)
        wrong += run(["cc", *flags, path.name], folder)
        count += 1
    return wrong, count


def go(folder):
    module = "github.com/librq/librq/bindings/go"
    (folder / "go.mod").write_text(
        f"module guide\n\ngo 1.24\n\nrequire {module} v0.0.0\n\n"
        f"replace {module} => {ROOT}/bindings/go\n"
    )
    wrong, count = [], 0
    for name, code in blocks("go"):
        text = code if code.startswith("package") else GO.format(body=code)
        place = folder / name
        place.mkdir(exist_ok=True)
        (place / "guide.go").write_text(text)
        unused = r"declared and not used|imported and not used|^#|too many errors"
        wrong += run(["go", "build", "-gcflags=-e", "-o", os.devnull, f"./{name}"], folder, unused)
        count += 1
    return wrong, count


def node(folder):
    names = []
    for name, code in blocks("js"):
        whole = code.startswith("import ")
        (folder / f"{name}.mts").write_text(
            code + "export {}\n" if whole else NODE.format(body=code)
        )
        names.append(f"{name}.mts")
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    for link, target in (
        ("librq", ROOT / "bindings/node"),
        ("@types", ROOT / "bindings/node/node_modules/@types"),
    ):
        if not (modules / link).exists() and target.exists():
            (modules / link).symlink_to(target)
    compiler = ROOT / "bindings/node/node_modules/.bin/tsc"
    flags = ["--noEmit", "--strict", "--target", "esnext", "--module", "nodenext", "--skipLibCheck"]
    flags += ["--lib", "esnext,dom,dom.iterable,esnext.disposable", "--types", ""]
    return run([str(compiler), *flags, *names], folder), len(names)


def main(folder, *languages):
    wrong, told = [], []
    for language in languages:
        place = Path(folder).resolve() / language
        place.mkdir(parents=True, exist_ok=True)
        found, count = {"c": c, "go": go, "node": node}[language](place)
        wrong += found
        told.append(f"{count} of {language}")
    if wrong:
        sys.exit("the guides have code that does not compile:\n" + "\n".join(wrong))
    print("blocks compiled: " + ", ".join(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
