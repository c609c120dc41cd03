"""The clients in Python: Requests with one Session, and pycurl with a Curl handle a thread, which
BENCH_API names. The command line and the line of results are those of ../c/bench.h; what a mode
does is the same for both.

    client.py MODE URL COUNT THREADS [FILE...]
"""

import gc
import os
import resource
import sys
import threading
import time

BLOCK_BYTES = 65536
CONNECTIONS = 64


def now():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), usage.ru_utime, usage.ru_stime


def status_kib(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))


def resident_kib():
    gc.collect()
    return status_kib("VmRSS")


def generate(blocks):
    for left in range(blocks, 0, -1):
        yield bytes([97 + left % 26]) * BLOCK_BYTES


class Requests:
    def __init__(self, mode, count, ca):
        import requests
        from requests.adapters import HTTPAdapter

        self.session = requests.Session()
        self.session.verify = ca or True
        self.session.trust_env = False
        adapter = HTTPAdapter(pool_maxsize=count if mode == "idle" else CONNECTIONS)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        if mode == "new":
            self.session.headers["Connection"] = "close"
        self.session.headers["Accept-Encoding"] = "gzip" if mode == "gzip" else "identity"

    def open(self, url):
        response = self.session.get(url, stream=True)
        response.raise_for_status()
        return response

    def finish(self, response):
        return sum(len(piece) for piece in response.iter_content(BLOCK_BYTES))

    def get(self, url):
        with self.open(url) as response:
            return self.finish(response)

    def told(self, method, url, **how):
        response = self.session.request(method, url, **how)
        response.raise_for_status()
        return int(response.text)

    def put_file(self, url, name):
        with open(name, "rb") as file:
            return self.told("PUT", url, data=file)

    def put_stream(self, url, blocks):
        return self.told("PUT", url, data=blocks)

    def post_files(self, url, names):
        from requests_toolbelt import MultipartEncoder

        parts = {f"f{i}": (f"f{i}.bin", open(name, "rb"), "application/octet-stream")
                 for i, name in enumerate(names)}
        form = MultipartEncoder(parts)
        return self.told("POST", url, data=form, headers={"Content-Type": form.content_type})


class PyCurl:
    def __init__(self, mode, count, ca):
        import pycurl

        self.pycurl, self.mode, self.ca = pycurl, mode, ca
        self.of_thread = threading.local()

    def handle(self):
        if not hasattr(self.of_thread, "handle"):
            c = self.of_thread.handle = self.pycurl.Curl()
            c.setopt(c.NOSIGNAL, 1)
            c.setopt(c.BUFFERSIZE, BLOCK_BYTES)
            c.setopt(c.HTTP_VERSION, c.CURL_HTTP_VERSION_1_1)
            if self.ca:
                c.setopt(c.CAINFO, self.ca)
            if self.mode == "new":
                c.setopt(c.FRESH_CONNECT, 1)
                c.setopt(c.FORBID_REUSE, 1)
            if self.mode == "gzip":
                c.setopt(c.ACCEPT_ENCODING, "gzip")
        return self.of_thread.handle

    def perform(self, url, write):
        c = self.handle()
        c.setopt(c.URL, url)
        c.setopt(c.WRITEFUNCTION, write)
        c.perform()
        if c.getinfo(c.RESPONSE_CODE) != 200:
            sys.exit("not 200")

    def get(self, url):
        total = 0

        def drop(piece):
            nonlocal total
            total += len(piece)

        self.perform(url, drop)
        return total

    def told(self, url):
        said = []
        self.handle().setopt(self.pycurl.HTTPHEADER, ["Expect:"])
        self.perform(url, said.append)
        return int(b"".join(said))

    def put_file(self, url, name):
        c = self.handle()
        with open(name, "rb") as file:
            c.setopt(c.UPLOAD, 1)
            c.setopt(c.READFUNCTION, file.read)
            c.setopt(c.INFILESIZE_LARGE, os.fstat(file.fileno()).st_size)
            return self.told(url)

    def put_stream(self, url, blocks):
        rest = b""

        def more(room):
            nonlocal rest
            rest = rest or next(blocks, b"")
            piece, rest = rest[:room], rest[room:]
            return piece

        c = self.handle()
        c.setopt(c.UPLOAD, 1)
        c.setopt(c.READFUNCTION, more)
        return self.told(url)

    def post_files(self, url, names):
        c = self.handle()
        c.setopt(c.HTTPPOST, [(f"f{i}", (c.FORM_FILE, name)) for i, name in enumerate(names)])
        return self.told(url)


def gets(client, url, count, threads):
    sums = [0] * threads

    def work(at):
        for _ in range(count // threads):
            sums[at] += client.get(url)

    if threads == 1:
        work(0)
        return sums[0]
    workers = [threading.Thread(target=work, args=(at,)) for at in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(sums)


def hold_idle(client, url, count):
    before = resident_kib()
    held = [client.open(url) for _ in range(count)]
    total = sum(client.finish(response) for response in held)
    del held
    return total, (resident_kib() - before) / count


def main():
    mode, url, count, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    files = sys.argv[5:]
    kind = {"requests": Requests, "pycurl": PyCurl}[os.environ["BENCH_API"]]
    client = kind(mode, count, os.environ.get("BENCH_CA"))
    if os.environ.get("BENCH_WARM"):
        client.get(os.environ["BENCH_WARM"])
    idle_kib = 0.0
    began = now()
    if mode in ("get", "gzip", "new"):
        total = gets(client, url, count, threads)
    elif mode == "put":
        total = sum(client.put_file(url, files[0]) for _ in range(count))
    elif mode == "chunked":
        total = client.put_stream(url, generate(count))
    elif mode == "mime":
        total = client.post_files(url, files)
    elif mode == "idle":
        total, idle_kib = hold_idle(client, url, count)
    else:
        sys.exit(2)
    wall, user, system = (after - before for after, before in zip(now(), began))
    print(f"n={count} bytes={total} wall={wall:.6f} user={user:.6f} sys={system:.6f} "
          f"peak_kib={status_kib('VmHWM')} idle_kib={idle_kib:.2f}")


main()
