"""Whether huggingface_hub and ferrum read each other's cache.

    check_hub_cache.py build/dev/ferrum

Serves a model on this machine by the protocol of the Hub, lets one of the two download it and the
other use it with the server gone, both ways round; then lets huggingface_hub look over the cache.
Needs the Python package huggingface_hub.
"""

import hashlib
import http.server
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def safetensors(count):
    header = json.dumps({"w": {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}})
    return struct.pack("<Q", len(header)) + header.encode() + os.urandom(count)


FILES = {  # name: (bytes, large)
    "config.json": (b'{"a": 1}', False),
    "sub/inner.json": (b"[]", False),
    "model.safetensors": (safetensors(5_000_000), True),
}


def content_hash(data, large):
    if large:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, headers=(), status=200):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def content(self, data, headers):
        span = self.headers.get("Range")
        if not span:
            return self.answer(data, headers)
        first, last = span.removeprefix("bytes=").split("-")
        first, last = int(first), min(int(last or len(data)), len(data) - 1)
        headers = [*headers, ("Content-Range", f"bytes {first}-{last}/{len(data)}")]
        self.answer(data[first:last + 1], headers, 206)

    def do_GET(self):
        path = self.path.partition("?")[0]
        resolve = path.partition("/resolve/")[2].partition("/")
        if path.startswith("/content/"):
            data = next(d for d, large in FILES.values() if content_hash(d, large) == path[9:])
            self.content(data, [("ETag", '"content"')])
        elif resolve[2] in FILES:
            data, large = FILES[resolve[2]]
            etag, headers = f'"{content_hash(data, large)}"', [("X-Repo-Commit", COMMIT)]
            if large:
                headers += [("X-Linked-Etag", etag), ("X-Linked-Size", str(len(data))),
                            ("Location", f"http://localhost:{self.server.server_port}/content/"
                                         f"{etag[1:-1]}")]
                self.answer(b"", headers, 302)
            else:
                self.content(data, [*headers, ("ETag", etag)])
        elif path.startswith("/api/") and path.endswith(("/revision/main", f"/revision/{COMMIT}")):
            siblings = []
            for name, (data, large) in FILES.items():
                entry = {"rfilename": name, "size": len(data), "blobId": content_hash(data, False)}
                if large:
                    entry["lfs"] = {"sha256": content_hash(data, True), "size": len(data),
                                    "pointerSize": 130}
                siblings.append(entry)
            self.answer(json.dumps({"_id": "0", "id": "org/name", "sha": COMMIT,
                                    "siblings": siblings}).encode())
        elif "/tree/" in path:
            entries = []
            for name, (data, large) in FILES.items():
                entry = {"type": "file", "path": name, "size": len(data),
                         "oid": content_hash(data, False)}
                if large:
                    entry["lfs"] = {"oid": content_hash(data, True), "size": len(data),
                                    "pointerSize": 130}
                entries.append(entry)
            self.answer(json.dumps(entries).encode())
        else:
            self.answer(b"{}", [("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", COMMIT)], 404)

    do_HEAD = do_GET


def run_python(code, environment):
    result = subprocess.run([sys.executable, "-c", code], env=environment, text=True,
                            capture_output=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    return result.stdout.strip()


def check(condition, what):
    print(("ok      " if condition else "FAILED  ") + what)
    if not condition:
        raise SystemExit(1)


def main(ferrum):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    online = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
              "no_proxy": "127.0.0.1,localhost", "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "",
              "HF_HUB_DISABLE_TELEMETRY": "1"}
    snapshot = "from huggingface_hub import snapshot_download as s; print(s('org/name'))"
    scan = ("from huggingface_hub import scan_cache_dir as s; i = s();"
            "print([str(w) for w in i.warnings], len(i.repos), i.size_on_disk,"
            " sorted(r for x in i.repos for v in x.revisions for r in v.refs))")
    total = sum(len(data) for data, _ in FILES.values())

    with tempfile.TemporaryDirectory() as folder:
        environment = {**online, "HF_HOME": folder, "FERRUM_CACHE": folder + "/own"}
        offline = {**environment, "HF_HUB_OFFLINE": "1"}
        subprocess.run([ferrum, "pull", "hf:org/name", "--all"], env=environment, check=True)
        inner = ("from huggingface_hub import hf_hub_download as d;"
                 "print(open(d('org/name', '{}'), 'rb').read().hex())")
        for name in ("config.json", "model.safetensors"):
            found = bytes.fromhex(run_python(inner.format(name), offline))
            check(found == FILES[name][0], f"huggingface_hub finds {name} that ferrum pulled")
        run_python(inner.format("sub/inner.json"), environment)  # which was not pulled
        check("snapshots/" + COMMIT in run_python(snapshot, offline),
              "huggingface_hub finds the whole snapshot offline, by ferrum's listing")
        found = run_python(scan, offline)
        check(found == f"[] 1 {total} ['main']", "huggingface_hub scans the cache: " + found)
        time.sleep(1.1)  # the time of the last use has whole seconds
        subprocess.check_output([ferrum, "inspect", "hf:org/name/model.safetensors"], env=offline)
        large = len(FILES["model.safetensors"][0])  # what ferrum used last
        inner = len(FILES["sub/inner.json"][0])
        for size, left in (large, large + inner), (0, inner):
            subprocess.run([ferrum, "cache", "prune", "--max-size", str(size)], env=environment,
                           check=True)
            found = run_python(scan, offline)
            check(found == f"[] 1 {left} ['main']",
                  f"huggingface_hub scans what {size} bytes for ferrum leave: {found}")

    with tempfile.TemporaryDirectory() as folder:
        environment = {**online, "HF_HOME": folder, "FERRUM_CACHE": folder + "/own"}
        offline = {**environment, "HF_HUB_OFFLINE": "1"}
        run_python(snapshot, environment)
        listed = json.loads(subprocess.check_output(
            [ferrum, "inspect", "hf:org/name/model.safetensors", "--json"], env=offline))
        check(listed["weights"]["tensors"]["w"]["shape"] == [5_000_000],
              "ferrum reads offline what huggingface_hub downloaded")
        pulled = json.loads(subprocess.check_output(
            [ferrum, "pull", "hf:org/name", "--json"], env=environment))
        check(pulled["fetched_bytes"] == 0, "ferrum pulls nothing again")
        verified = subprocess.run([ferrum, "cache", "verify"], env=environment, text=True,
                                  capture_output=True)
        check(verified.stdout == "3 checked, 0 damaged\n", "ferrum verifies: " + verified.stdout)
        subprocess.run([ferrum, "cache", "prune", "--max-size", "0"], env=environment, check=True)
        found = run_python(scan, offline)
        check(found == f"[] 1 {total} ['main']", "a size removes nothing of it: " + found)
        subprocess.run([ferrum, "cache", "prune", "hf:org/name"], env=environment, check=True)
        found = run_python(scan, offline)
        check(found == "[] 0 0 []", "its name does: " + found)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
