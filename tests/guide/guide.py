"""Runs the code of docs/from-requests.md in every language and compares what it prints with what the page shows;
then whether docs/differences.md and the vectors name the same cases, and whether the names on both pages exist.

    guide.py FOLDER [c] [go] [node]     as tests/guide/run.sh calls it, with testd's variables

The code is run as it stands, but for the addresses: those of example.org become testd's, and proxy.example.org's
those of two proxies of our own. What it prints is compared with these turned back.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import languages
import page
from proxies import Connect, Proxy, Socks

ROOT = languages.ROOT
TIME_MAX_S = 60

# Answers that testd gives by /raw: paths that the page gives a meaning of its own.
ANSWERS = {
    "/events": ("text/plain; charset=utf-8",
                b'{"event": "one"}\n{"event": "two"}\r\n{"event": "three"}\n', ""),
    "/prices": ("text/plain", b"caf\xe9: 3 \x80", ""),
    "/items": ("text/plain", b"1 to 10",
               'Link: </items?page=2>; rel="next", </items?page=9>; rel="last"\r\n'),
}


def raw(kind, body, more):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}"
    return "/raw?q=" + quote(head.encode() + b"Connection: close\r\n\r\n" + body, safe="")


def addresses(env, connect, socks):
    """What stands on the page and what takes its place, the most particular first."""
    base = env["RQ_TEST_HTTPS"]
    found = {f"https://example.org{path}": base + raw(*answer) for path, answer in ANSWERS.items()}
    return found | {
        "https://example.org": base,
        "https://mtls.example.org": env["RQ_TEST_MTLS"],
        "https://untrusted.example.org": env["RQ_TEST_HTTPS_UNTRUSTED"],
        "https://tls12.example.org": env["RQ_TEST_HTTPS_TLS12"],
        "proxy.example.org:3128": connect.address,
        "proxy.example.org:1080": socks.address,
    }


def lay_out(folder, env):
    """The files that the code finds where it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, variable in (("company.pem", "CA_FILE"), ("client.pem", "CLIENT_CERT"),
                           ("client.key", "CLIENT_KEY"), ("locked.key", "CLIENT_KEY_LOCKED")):
        (folder / name).write_bytes(Path(env[f"RQ_TEST_{variable}"]).read_bytes())
    (folder / "report.pdf").write_bytes(bytes(50_000))
    for name in ("one.png", "two.png"):
        (folder / name).write_bytes(b"\x89PNG")


class Guide:
    def __init__(self, folder, wanted):
        self.folder, self.failed, self.passed = Path(folder).resolve(), 0, 0
        self.env = dict(os.environ)
        self.proxies = Proxy(Connect), Proxy(Socks)
        self.table = addresses(self.env, *self.proxies)
        self.languages = ["Python"] + [
            name for name in page.LANGUAGES if name.lower() in wanted]
        self.frame, self.pieces = page.pieces((ROOT / "docs/from-requests.md").read_text())

    def check(self, what, right, told=""):
        self.passed += bool(right)
        self.failed += not right
        if not right:
            print(f"{what}: {told}")

    def located(self, code):
        for shown, real in self.table.items():
            code = code.replace(shown, real)
        return code

    def programs(self, language):
        """Those of the frame by itself, and of each piece, by a name that every language takes."""
        found = {"frame": self.frame[language]}
        for at, piece in enumerate(self.pieces):
            if language in piece.code:
                found[f"piece{at}"] = self.located(
                    page.framed(language, self.frame[language], piece.code[language]))
        return found

    def run(self, name, command):
        """What a program prints, or what went wrong."""
        env = self.env | {"REQUESTS_CA_BUNDLE": "company.pem"}
        source = name != "frame" and "".join(self.pieces[int(name[5:])].code.values())
        if source and "company.pem" in source:
            del env["REQUESTS_CA_BUNDLE"] # the code names it itself
        try:
            done = subprocess.run(command, cwd=self.folder / "run", env=env, timeout=TIME_MAX_S,
                                  capture_output=True, text=True, encoding="utf-8")
        except subprocess.TimeoutExpired:
            return f"still running after {TIME_MAX_S} s"
        said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        for shown, real in reversed(self.table.items()):
            said = said.replace(real, shown)
        return said

    def language(self, language):
        folder = self.folder / "code" / language.lower()
        folder.mkdir(parents=True)
        try:
            commands = languages.BUILD[language](folder, self.programs(language))
        except page.Fault as fault:
            self.check(language, False, fault)
            return
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = dict(zip(commands, pool.map(self.run, commands, commands.values())))
        self.check(f"{language}, the frame", said["frame"] == "", said["frame"])
        for at, piece in enumerate(self.pieces):
            if f"piece{at}" not in said:
                continue
            what = f"{language}, {piece.title}"
            self.check(what, said[f"piece{at}"] == piece.prints, said[f"piece{at}"])
            if language == "Go":
                self.check(what, languages.tidy_go(piece.code["Go"]), "not as gofmt has it")

    def pages(self):
        for old in ("run", "code"):
            shutil.rmtree(self.folder / old, ignore_errors=True)
        lay_out(self.folder / "run", self.env)
        for language in self.languages:
            self.language(language)
        for proxy, name in zip(self.proxies, ("HTTP", "SOCKS")):
            self.check(f"the {name} proxy", proxy.tunnels == len(self.languages),
                       f"{proxy.tunnels} tunnels for {len(self.languages)} languages")
        for name in ("from-requests.md", "differences.md"):
            self.names(name, (ROOT / "docs" / name).read_text())
        self.departures((ROOT / "docs/differences.md").read_text())

    def names(self, where, text):
        """Every name of the C and Go APIs that the page speaks of is one."""
        c_api = "".join(path.read_text() for path in (
            ROOT / "include/rq.h", ROOT / "bindings/c/include/rq_sugar.h"))
        go_api = "".join(path.read_text() for path in (ROOT / "bindings/go").glob("*.go"))
        for name in set(re.findall(r"\b(?:rq|RQ)_\w+", text)):
            self.check(where, re.search(rf"\b{name}\b", c_api), f"{name} is no name of rq.h")
        for name in set(re.findall(r"\brq\.([A-Z]\w+)", text)):
            self.check(where, re.search(rf"^(func|type|\t) ?{name}\b", go_api, re.M),
                       f"rq.{name} is no name of the Go package")

    def departures(self, text):
        """The cases where librq does not do what Requests does, in the vectors and on the page."""
        recorded = set()
        for path in (ROOT / "tests/conformance/vectors").glob("*.json"):
            cases = json.loads(path.read_text())
            cases = cases["cases"] if isinstance(cases, dict) else cases
            recorded |= {case["name"] for case in cases if "depart" in case}
        told = [name.strip() for names in re.findall(r"<!-- covers: (.*?) -->", text, re.S)
                for name in names.split(",")]
        for name in sorted(recorded | set(told)):
            self.check("docs/differences.md", name in told, f"{name} is not told")
            self.check("docs/differences.md", name in recorded, f"{name} is no case that departs")


if __name__ == "__main__":
    guide = Guide(sys.argv[1], sys.argv[2:])
    guide.pages()
    print(f"{guide.passed} passed, {guide.failed} failed")
    sys.exit(guide.failed > 0)
