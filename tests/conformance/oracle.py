#!/usr/bin/env python3
"""Records what Python Requests does: the oracle behind vectors/.

    python3 oracle.py record IN.json OUT.json

IN holds cases of the prepare, the proxy or the flow format; the `expect` of each is made anew by
running Requests, everything else (`depart` too) is kept. A Requests of its own is installed in .venv
beside this file, with the packages that it decodes br and zstd by. A case that Requests answers with
an exception of Python's own (TypeError and the like) is refused, unless librq is to depart from it:
that is no behaviour to copy. Knows neither librq nor the driver.
"""

import base64
import io
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

WANTED = "2.34.2"
HERE = Path(__file__).resolve().parent
PYTHON = HERE / ".venv" / "bin" / "python"


def main():
    if len(sys.argv) != 4 or sys.argv[1] != "record":
        sys.exit(__doc__.strip())
    if Path(sys.prefix) != PYTHON.parent.parent:
        install()
        os.execv(PYTHON, [str(PYTHON), str(Path(__file__).resolve()), *sys.argv[1:]])
    record(Path(sys.argv[2]), Path(sys.argv[3]))


def install():
    """Makes the virtual environment; the newest Requests if the wanted one is not to be had."""
    if PYTHON.exists():
        return
    venv.create(PYTHON.parent.parent, with_pip=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "brotli", "backports.zstd"]
    if subprocess.run([*pip, f"requests=={WANTED}"], check=False).returncode != 0:
        subprocess.run([*pip, "requests"], check=True)


def record(source, target):
    import requests

    print(f"Requests {requests.__version__}, Python {sys.version.split()[0]}", file=sys.stderr)
    cases = json.loads(source.read_text())
    for case in cases:
        expect = proxy if "url" in case else flow if "steps" in case else prepare
        try:
            case["expect"] = expect(case)
        except Exception as error:
            case["expect"] = {"error": exception_name(error, case)}
    order = ("name", "session", "request", "url", "env", "request_proxies", "session_proxies",
             "trust_env", "replies", "steps", "expect", "depart")
    lines = [json.dumps({key: case[key] for key in order if key in case}) for case in cases]
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def exception_name(error, case):
    """Requests' exceptions and plain ValueErrors are behaviour; anything else is an accident, from
    which a case must depart."""
    import requests

    is_behaviour = isinstance(error, requests.RequestException) or type(error) is ValueError
    if is_behaviour or "depart" in case:
        return type(error).__name__
    sys.exit(f"{case['name']}: {type(error).__name__}: {error}: leave it out, or depart")


# ---- the prepare format


def prepare(case):
    import requests

    session = new_session(case.get("session", {}))
    defaults = dict(requests.Session().headers)
    prepared = session.prepare_request(new_request(case["request"]))
    body = body_text(prepared.body)
    headers = [[text(name), text(value)] for name, value in prepared.headers.items()]
    stand_in(headers, "User-Agent", defaults, "{user-agent}")
    stand_in(headers, "Accept-Encoding", defaults, "{accept-encoding}")
    if case["request"].get("files"):
        boundary = body.partition("\r\n")[0].removeprefix("--")
        body = body.replace(boundary, "{boundary}")
        headers = [[name, value.replace(boundary, "{boundary}")] for name, value in headers]
    return {"method": prepared.method, "url": prepared.url, "headers": headers, "body": body}


def stand_in(headers, name, defaults, place_holder):
    for header in headers:
        if header[0].lower() == name.lower() and header[1] == defaults[name]:
            header[1] = place_holder


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def body_text(body):
    """A body as text, each character one byte; streams are read to their end."""
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode().decode("latin-1")
    if isinstance(body, bytes):
        return body.decode("latin-1")
    if hasattr(body, "read"):
        return body.read().decode("latin-1")
    return b"".join(body).decode("latin-1")


def new_session(settings):
    import requests

    session = requests.Session()
    session.trust_env = settings.get("trust_env", False)
    for name, value in settings.get("headers", []):
        session.headers[name] = value
    session.params = params(settings.get("params", []))
    session.auth = auth(settings)
    session.proxies = dict(settings.get("proxies", {}))
    for cookie in settings.get("cookies", []):
        session.cookies.set(cookie["name"], cookie["value"], domain=cookie.get("domain", ""),
                            path=cookie.get("path", "/"), secure=cookie.get("secure", False))
    return session


def new_request(given):
    import requests

    return requests.Request(
        method=given.get("method", "GET"),
        url=given["url"],
        headers=dict(given.get("headers", [])),
        params=params(given.get("params", [])),
        data=data(given.get("data")),
        json=json.loads(given["json_text"]) if "json_text" in given else None,
        files=[part(file) for file in given.get("files", [])],
        auth=auth(given),
        cookies=dict(given["cookies"]) if "cookies" in given else None,
    )


def params(given):
    return given if isinstance(given, str) else mapping(given)


def mapping(pairs):
    """A map where names are unique, since only maps merge; else the list."""
    pairs = [(name, value) for name, value in pairs]
    return dict(pairs) if len(dict(pairs)) == len(pairs) else pairs


def data(given):
    if not given:
        return None
    [(kind, value)] = given.items()
    readers = {
        "text": lambda: value,
        "b64": lambda: base64.b64decode(value),
        "form": lambda: mapping(value),
        "file": lambda: io.BytesIO(value.encode()),
        "chunks": lambda: (chunk.encode() for chunk in value),
    }
    return readers[kind]()


def part(file):
    content = base64.b64decode(file["b64"]) if "b64" in file else file["content"]
    if "filename" not in file:
        return file["name"], content
    value = [file["filename"], content]
    if "type" in file or "headers" in file:
        value.append(file.get("type"))
    if "headers" in file:
        value.append(dict(file["headers"]))
    return file["name"], tuple(value)


def auth(given):
    from requests.auth import HTTPDigestAuth

    given = given.get("auth") or {}
    if "digest" in given:
        return HTTPDigestAuth(*given["digest"])
    return tuple(given["basic"]) if "basic" in given else None


# ---- the flow format


def flow(case):
    import oracle_flow

    return oracle_flow.record(case, new_session, new_request, exception_name)


# ---- the proxy format


def proxy(case):
    from requests.utils import select_proxy

    kept = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(case.get("env", {}))
        session = new_session({"trust_env": case.get("trust_env", True),
                               "proxies": case.get("session_proxies", {})})
        proxies = dict(case.get("request_proxies", {}))
        url = session.prepare_request(new_request({"url": case["url"]})).url
        merged = session.merge_environment_settings(url, proxies, None, None, None)["proxies"]
        return {"proxy": with_scheme(select_proxy(url, merged))}
    finally:
        os.environ.clear()
        os.environ.update(kept)


def with_scheme(proxy):
    from requests.utils import prepend_scheme_if_needed

    return prepend_scheme_if_needed(proxy, "http") if proxy else None


if __name__ == "__main__":
    main()
