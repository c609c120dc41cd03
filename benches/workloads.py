"""What is measured. A workload is one mode of the clients at one address, so many times."""

from dataclasses import dataclass

from peers import ALL

EVERY = tuple(ALL)
IN_PARALLEL = ("floor", "floor-b", "librq", "curl", "librq-go", "go", "librq-node", "undici", "fetch",
               "librq-fetch")
# pycurl has a connection a handle, and Node's fetch no way to hold a thousand answers open.
HOLDING = tuple(name for name in EVERY if name not in ("pycurl", "fetch"))
SMALLER_WHEN_QUICK = 4


@dataclass(frozen=True)
class Workload:
    what: str
    mode: str
    server: str  # http, https, fresh: nginx; sink, sinks: the sink, the latter over TLS
    path: str
    count: int
    unit: str = "request"  # or GiB, MB, start, connection: what costs are told for
    clients: tuple = EVERY
    threads: int = 1
    files: tuple = ()
    ca: str = "ca.pem"
    pin: bool = False  # client and server on one CPU
    per_client: bool = True  # a slow client gets a smaller part

    @property
    def cold(self):
        return self.unit == "start"

    def url(self, ports):
        secure = self.server in ("https", "fresh", "sinks")
        return f"http{'s' if secure else ''}://localhost:{ports[self.server]}{self.path}"

    def smaller(self):
        """The same for a quick run."""
        path = "/quarter" if self.path == "/big" else self.path
        files = tuple({"big": "quarter", "part": "small"}[name] for name in self.files)
        scaled = not self.cold and self.path != "/big" and not self.files
        count = max(self.count // SMALLER_WHEN_QUICK, self.threads) if scaled else self.count
        return Workload(**{**self.__dict__, "path": path, "files": files, "count": count})

    def count_for(self, client):
        count = self.count // (ALL[client].slowness if self.per_client else 1)
        return max(count // self.threads, 1) * self.threads

    def bytes_of(self, count, folder):
        """What a client must have moved: at least, and at most."""
        size = {path.name: path.stat().st_size for path in folder.iterdir()}
        if self.mode == "chunked":
            exact = count * 65536
        elif self.mode == "put":
            exact = count * size[self.files[0]]
        elif self.mode == "mime":
            content = sum(size[name] for name in self.files)
            return content + 100 * len(self.files), content + 1000 * len(self.files)
        else:
            exact = count * size[self.path.lstrip("/")]
        return exact, exact


def bulk(what, mode, server, path="/up", count=1, files=(), **more):
    return Workload(what, mode, server, path, count, "GiB", files=files, per_client=False, **more)


def cold(what, server, ca="ca.pem"):
    return Workload(what, "get", server, "/100", 1, "start", ca=ca, per_client=False)


FIVE = ("part",) * 5
LOADS = {
    "W1": Workload("GET of 100 B", "get", "http", "/100", 16000, pin=True),
    "W2": Workload("GET of 100 B, TLS", "get", "https", "/100", 16000, pin=True),
    "W3": Workload("GET of 100 B, 8 threads", "get", "http", "/100", 32000, threads=8),
    "W3s": Workload("GET of 100 B, 8 threads, TLS", "get", "https", "/100", 32000, threads=8),
    "W4": bulk("1 GiB down", "get", "http", "/big"),
    "W4s": bulk("1 GiB down, TLS", "get", "https", "/big"),
    "W5": bulk("1 GiB up, a file", "put", "sink", files=("big",)),
    "W5s": bulk("1 GiB up, a file, TLS", "put", "sinks", files=("big",)),
    "W5c": bulk("1 GiB up, in chunks", "chunked", "sink", count=16384),
    "W5cs": bulk("1 GiB up, in chunks, TLS", "chunked", "sinks", count=16384),
    "W6": Workload("new TLS connections", "new", "fresh", "/100", 500, per_client=False),
    "W6r": Workload("resumed TLS connections", "new", "https", "/100", 500, per_client=False),
    "W7": cold("cold start, http", "http"),
    "W7s": cold("cold start, https, one root", "https"),
    "W7b": cold("cold start, https, all roots", "https", "bundle.pem"),
    "W8": Workload("1,000 idle connections", "idle", "http", "/128k", 1000, "connection", HOLDING,
                   per_client=False),
    "W8s": Workload("1,000 idle connections, TLS", "idle", "https", "/128k", 1000, "connection",
                    HOLDING, per_client=False),
    "W9": Workload("50 MB of JSON, gzip", "gzip", "http", "/json", 4, "MB", per_client=False),
    "W10": bulk("form with 5 files of 100 MB", "mime", "sink", files=FIVE),
    "W11": Workload("GET of 100 B, 64 at a time", "get", "http", "/100", 32000, threads=64,
                    clients=IN_PARALLEL),
    "W11s": Workload("GET of 100 B, 64 at a time, TLS", "get", "https", "/100", 32000, threads=64,
                     clients=IN_PARALLEL),
}
