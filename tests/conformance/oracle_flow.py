"""Records flow cases: runs a case's steps with Requests against a scripted server on loopback.

The server answers its n-th request with the n-th reply and closes the connection when none is left.
Every host name leads to 127.0.0.1, at its own port. Used by oracle.py, which makes the sessions.
"""

import base64
import re
import socket
import sys
import threading
import time

STAND_INS = [
    (r'(Authorization: Digest [^\r\n]*response=")[0-9a-f]+"', r'\1{response}"'),
    (r'(Authorization: Digest [^\r\n]*cnonce=")[0-9a-f]+"', r'\1{cnonce}"'),
]
# In seconds. A case that takes longer has a reply that Requests waits for in vain.
PATIENCE = 3
CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]+)\r\n")


class Server:
    """Keeps each request, as [number of its connection, bytes]."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.begin([])
        threading.Thread(target=self.accept, daemon=True).start()

    def begin(self, replies):
        with self.lock:
            self.replies, self.received, self.connections = replies, [], []

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while request := read_request(stream):
                reply = self.take(connection, request)
                if reply is None:
                    return
                connection.sendall(content(reply, self.port))
                if reply.get("close"):
                    return

    def take(self, connection, request):
        with self.lock:
            if connection not in self.connections:
                self.connections.append(connection)
            self.received.append([self.connections.index(connection), request])
            number = len(self.received) - 1
            return self.replies[number] if number < len(self.replies) else None


def content(reply, port):
    if "b64" in reply:
        return base64.b64decode(reply["b64"])
    return reply["raw"].replace("{port}", str(port)).encode("latin-1")


def read_request(stream):
    """Head and body of a request as they came; nothing at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return head
        head += line
    headers = head.lower()
    if b"\r\ntransfer-encoding: chunked\r\n" in headers:
        return head + read_chunks(stream)
    length = re.search(rb"\r\ncontent-length: *(\d+)\r\n", headers)
    return head + (stream.read(int(length[1])) if length else b"")


def read_chunks(stream):
    body = b""
    while True:
        line = stream.readline()
        size = int(CHUNK_SIZE.match(line)[1], 16)
        body += line + stream.read(size + 2)
        if size == 0:
            return body


server = None


def record(case, new_session, new_request, exception_name):
    """What Requests made of a case: the `expect` of the flow format."""
    global server
    if server is None:
        server = Server()
        socket.getaddrinfo = loopback(socket.getaddrinfo)
    server.begin(case["replies"])
    session = new_session(fill(case["session"]))
    session.max_redirects = case["session"].get("max_redirects", session.max_redirects)
    results = []
    for step in fill(case["steps"]):
        began = time.monotonic()
        try:
            results.append(result(send(session, step, new_request(step))))
        except Exception as error:
            results.append({"error": exception_name(error, case)})
        if "timeout" not in step and time.monotonic() - began >= PATIENCE:
            sys.exit(f"{case['name']}: Requests waits in vain")
    jar = [[*cookie(one), one.secure] for one in session.cookies]
    session.close()
    requests = [{"connection": number, "raw": raw_text(raw)} for number, raw in server.received]
    return generalised({"results": results, "jar": jar, "requests": requests})


def loopback(resolve):
    """Stands in for a resolver that knows every name."""
    return lambda host, port, *rest, **more: resolve("127.0.0.1", port, *rest, **more)


def fill(value):
    """The steps with the port put in."""
    if isinstance(value, str):
        return value.replace("{port}", str(server.port))
    if isinstance(value, list):
        return [fill(item) for item in value]
    if isinstance(value, dict):
        return {fill(name): fill(item) for name, item in value.items()}
    return value


def generalised(value):
    """The other way round: the place-holder for the port, except in base64."""
    if isinstance(value, str):
        return value.replace(str(server.port), "{port}")
    if isinstance(value, list):
        return [generalised(item) for item in value]
    if isinstance(value, dict):
        return {name: item if name == "content" else generalised(item)
                for name, item in value.items()}
    return value


def send(session, step, request):
    return session.request(
        request.method, request.url, params=request.params, data=request.data,
        headers=request.headers, cookies=request.cookies, files=request.files, auth=request.auth,
        json=request.json, proxies=step.get("proxies"), timeout=step.get("timeout", PATIENCE),
        allow_redirects=step.get("allow_redirects", True))


def result(response):
    return {
        "status": response.status_code,
        "reason": response.reason,
        "url": response.url,
        "ok": response.ok,
        "encoding": response.encoding,
        "is_redirect": response.is_redirect,
        "is_permanent_redirect": response.is_permanent_redirect,
        "history": [[earlier.status_code, earlier.url] for earlier in response.history],
        "links": response.links,
        "headers": [list(header) for header in response.headers.items()],
        "raw_headers": [list(header) for header in response.raw.headers.items()],
        "cookies": [cookie(one) for one in response.cookies],
        "content": base64.b64encode(response.content).decode(),
        "text": response.text,
    }


def cookie(cookie):
    return [cookie.name, cookie.value, cookie.domain.lstrip("."), cookie.path]


def raw_text(raw):
    """A request as text, with place-holders for what no two clients, or runs, have in common."""
    import requests

    text = raw.decode("latin-1")
    defaults = requests.Session().headers
    for name, place_holder in [("User-Agent", "{user-agent}"),
                               ("Accept-Encoding", "{accept-encoding}")]:
        line = f"\r\n{name}: "
        text = text.replace(f"{line}{defaults[name]}\r\n", f"{line}{place_holder}\r\n")
    boundary = re.search(r"boundary=([0-9a-f]{32})\r\n", text)
    if boundary:
        text = text.replace(boundary[1], "{boundary}")
    for pattern, place_holder in STAND_INS:
        text = re.sub(pattern, place_holder, text)
    return text
