"""How the pieces of docs/from-requests.md are built in each language, and by which command each is run."""

import re
import subprocess
import sys
from pathlib import Path

import page

ROOT = Path(__file__).resolve().parents[2]
MODULE = "github.com/librq/librq/bindings/go"
# What the frames leave out: packages by the name that code has for them.
GO_PACKAGES = ["errors", "fmt", "io", "strings", "sync", "sync/atomic", "time"]
PYTHON_MODULES = ["concurrent.futures", "ssl", "urllib3"]
# The page is JavaScript, so that a parameter may be anything and a catch has what it has; all else has the package's types.
TYPES = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--noImplicitAny", "false"]
TYPES += ["--useUnknownInCatchVariables", "false", "--target", "esnext", "--module", "nodenext"]
TYPES += ["--skipLibCheck", "--lib", "esnext,dom,dom.iterable,esnext.disposable", "--types", ""]
C_HEADERS = {"pthread_": "pthread.h"}


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise page.Fault(done.stdout + done.stderr)
    return done.stdout


def python(folder, programs):
    for name, code in programs.items():
        used = [module for module in PYTHON_MODULES if f"{module}." in code]
        (folder / f"{name}.py").write_text("".join(f"import {at}\n" for at in used) + code)
    return {name: [sys.executable, folder / f"{name}.py"] for name in programs}


def c(folder, programs):
    flags = run(["pkg-config", "--cflags", "--libs", "rq"]).split()
    strict = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    strict += ["-fsanitize=address,undefined", "-pthread", f"-I{ROOT}/bindings/c/include"]
    for name, code in programs.items():
        used = [header for word, header in C_HEADERS.items() if word in code]
        source = folder / f"{name}.c"
        source.write_text("".join(f"#include <{at}>\n" for at in used) + code)
        run(["cc", *strict, "-o", folder / name, source, *flags])
    return {name: [folder / name] for name in programs}


def go(folder, programs):
    """One program of all of them, since linking takes longer than running; each is a package of its own."""
    (folder / "go.mod").write_text(
        f"module guide\n\ngo 1.24\n\nrequire {MODULE} v0.0.0\n\n"
        f"replace {MODULE} => {ROOT}/bindings/go\n"
    )
    for name, code in programs.items():
        body = re.sub(r"//.*", "", code.split(")", 1)[1])
        used = [at for at in GO_PACKAGES if re.search(rf"\b{at.split('/')[-1]}\.", body)]
        more = "".join(f'\t"{at}"\n' for at in used)
        code = code.replace("package main", f"package {name}", 1).replace("\n)", f"\n{more})", 1)
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "main.go").write_text(code.replace("func main()", "func Main()", 1))
    imports = "".join(f'\t"guide/{name}"\n' for name in programs)
    cases = "".join(f'\t"{name}": {name}.Main,\n' for name in programs)
    (folder / "main.go").write_text(
        f'package main\n\nimport (\n\t"os"\n\n{imports})\n\n'
        f"func main() {{\n\tmap[string]func(){{\n{cases}\t}}[os.Args[1]]()\n}}\n"
    )
    run(["go", "vet", "./..."], cwd=folder)
    run(["go", "build", "-o", "guide", "."], cwd=folder)
    return {name: [folder / "guide", name] for name in programs}


def node(folder, programs):
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    (modules / "librq").unlink(missing_ok=True)
    (modules / "librq").symlink_to(ROOT / "bindings/node")
    for name, code in programs.items():
        (folder / f"{name}.mjs").write_text(code)
    run([ROOT / "bindings/node/node_modules/.bin/tsc", *TYPES, *(f"{at}.mjs" for at in programs)],
        cwd=folder)
    return {name: ["node", folder / f"{name}.mjs"] for name in programs}


def tidy_go(code):
    """gofmt takes statements, too."""
    return run(["gofmt"], input=code) == code


BUILD = {"Python": python, "C": c, "Go": go, "Node": node}
