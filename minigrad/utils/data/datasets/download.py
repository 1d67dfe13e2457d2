"""Fetching a file of known content: with progress, checked, and all or nothing."""

import contextlib
import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from typing import Any

CHUNK = 1 << 16
TIMEOUT = 30  # seconds without an answer before the next mirror is tried


def download(urls, path, sha256):
    """Fetch ``path`` from the first of ``urls`` that delivers the content with this checksum.

    Args:
        urls: addresses that hold the same file, tried in order.
        path: a ``pathlib.Path``; its folder is created.  The file appears under this name only
            when it is complete and its checksum is right; else no new folder is left behind.
        sha256: the checksum, in hexadecimal.

    Raises:
        RuntimeError: no address delivered the file; the message says what happened at each.
    """
    new_folders = [folder for folder in path.parents if not folder.exists()]  # the deepest first
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    failures = []
    try:
        for url in urls:
            try:
                found = fetch(url, part)
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
                if isinstance(error, urllib.error.HTTPError):
                    error.close()  # it is a response, too
                continue
            if found == sha256:
                part.replace(path)
                return
            failures.append(f"{url}: the checksum is wrong (SHA-256 {found}, expected {sha256})")
    finally:
        part.unlink(missing_ok=True)
        for folder in new_folders:
            with contextlib.suppress(OSError):  # it holds something
                folder.rmdir()
    raise RuntimeError("\n".join([f"could not download {path.name}:", *failures]))


def fetch(url, path):
    """Copy ``url`` into ``path``, showing progress, and return the SHA-256 of what arrived."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response, path.open("wb") as file:
        length = response.headers.get("Content-Length")
        with progress_bar(url.rpartition("/")[2], int(length) if length else None) as bar:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
        if length and file.tell() != int(length):
            raise OSError(f"the connection ended after {file.tell()} of {length} bytes")
    return digest.hexdigest()


def progress_bar(name, total):
    """A tqdm progress bar in bytes, or a line on stderr where tqdm is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return SilentBar(name)
    return tqdm(desc=name, total=total, unit="B", unit_scale=True, unit_divisor=1024)


class SilentBar:
    """Stands in for tqdm: says what is being fetched, once."""

    def __init__(self, name: str) -> None:
        print(f"fetching {name}", file=sys.stderr)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception):
        return None

    def update(self, count):
        """Count nothing."""
