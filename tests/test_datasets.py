"""Data sets: the IDX reader against damaged files, the search for files, the download."""

import gzip
import hashlib
import http.server
import math
import struct
import threading
import tracemalloc

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import DataLoader
from minigrad.utils.data.datasets import MNIST, Digits, FashionMNIST, download, mnist, read_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    """The bytes of an IDX file that holds ``array``."""
    code = CODES[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def images_and_labels(count=10, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, np.arange(count, dtype=np.uint8) % 10


def write_split(folder, split="train", suffix=".gz", count=10):
    """Write the two files of a split and return what is in them."""
    images, labels = images_and_labels(count)
    pack = gzip.compress if suffix else bytes
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(images)))
    (folder / f"{split}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))
    return images, labels


# ---------------------------------------------------------------------------------- the reader


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("dtype", CODES)
def test_read_idx_returns_what_was_written(tmp_path, dtype, pack):
    array = (np.arange(24).reshape(2, 3, 4) - 12).astype(dtype)
    path = tmp_path / "file"
    path.write_bytes(pack(idx(array)))
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == dtype and found.dtype.isnative and found.flags.writeable


def test_read_idx_tells_gzip_by_content_not_by_name(tmp_path):
    path = tmp_path / "labels-idx1-ubyte.gz"
    path.write_bytes(idx(np.arange(5, dtype=np.uint8)))
    assert read_idx(str(path)).tolist() == [0, 1, 2, 3, 4]


GOOD = idx(np.arange(12, dtype=np.uint8).reshape(3, 4))
DAMAGED = {
    "empty": (b"", "not an IDX file"),
    "three bytes": (GOOD[:3], "not an IDX file"),
    "text": (b"<html>404</html>", r"not an IDX file: it starts with the bytes \[3c 68 74 6d\]"),
    "first byte": (b"\1" + GOOD[1:], "not an IDX file"),
    "element type": (b"\0\0\x0a" + GOOD[3:], "an element type"),
    "no dimensions": (b"\0\0\x08\0", "0 dimensions, expected 1 to 32"),
    "too many dimensions": (b"\0\0\x08\xff" + bytes(4 * 255), "255 dimensions"),
    "sizes cut": (GOOD[:10], "ends inside the sizes of its 2 dimensions"),
    "a size of zero": (b"\0\0\x08\1\0\0\0\0", r"no elements, the shape is \(0,\)"),
    "truncated": (GOOD[:-1], r"truncated: shape \(3, 4\) of uint8 takes 12 bytes"),
    "no elements": (GOOD[:12], "truncated"),
    "one byte more": (GOOD + b"\0", "trailing bytes"),
    "wider elements": (b"\0\0\x0e" + GOOD[3:], r"of float64 takes 96 bytes"),
    "absurd sizes": (b"\0\0\x08\3" + b"\xff" * 12 + bytes(100), "truncated"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_files_are_named_with_what_is_wrong(tmp_path, damage, pack):
    content, message = DAMAGED[damage]
    path = tmp_path / "damaged-file"
    path.write_bytes(pack(content))
    with pytest.raises(ValueError, match=f"damaged-file: .*{message}"):
        read_idx(path)


def test_damaged_gzip(tmp_path):
    path = tmp_path / "damaged.gz"
    whole = gzip.compress(idx(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)))
    for length in range(2, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"damaged\.gz: the gzip data end early"):
            read_idx(path)
    for at in range(10, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with pytest.raises(ValueError, match=r"damaged\.gz: "):
            read_idx(path)
    path.write_bytes(whole + b"something else")
    with pytest.raises(ValueError, match=r"damaged\.gz: the gzip data are corrupt"):
        read_idx(path)


def test_missing_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_memory_goes_by_the_content_not_by_the_header(tmp_path, pack):
    claims_a_lot = b"\0\0\x08\3" + struct.pack(">3I", 500, 1000, 1000)  # 500 MB, of zeros: none
    holds_a_lot = b"\0\0\x08\1" + struct.pack(">I", 10) + bytes(100_000_000)
    for name, content in ("claims", claims_a_lot), ("holds", holds_a_lot):
        (tmp_path / name).write_bytes(pack(content))
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=name):
                read_idx(tmp_path / name)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


# -------------------------------------------------------------------------------- the data sets


def test_digits():
    digits = Digits()
    assert len(digits) == 1797 and digits.data.dtype == minigrad.uint8
    assert digits.data.shape == (1797, 8, 8) and digits.data.max().item() == digits.white == 16
    assert digits.targets.dtype == minigrad.int64
    assert np.bincount(digits.targets.numpy()).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180
    ]  # fmt: skip
    assert hashlib.sha256(digits.data.numpy().tobytes()).hexdigest() == DIGITS_SHA256
    assert repr(digits) == "Digits(1797 images of 8 x 8)"


DIGITS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"


def test_items_are_float_images_and_int_labels():
    digits = Digits()
    image, label = digits[3]
    assert image.shape == (1, 8, 8) and image.dtype == minigrad.float32 and type(label) is int
    np.testing.assert_array_equal(image.numpy()[0], digits.data[3].numpy() / np.float32(16))
    assert digits[-1][1] == digits.targets[-1].item()
    with pytest.raises(IndexError):
        digits[1797]
    changed = Digits(transform=lambda image: image * 0, target_transform=lambda label: -label)
    assert changed[3][0].sum().item() == 0 and changed[3][1] == -label


def test_items_are_collated_into_batches():
    images, labels = next(iter(DataLoader(Digits(), batch_size=5)))
    assert images.shape == (5, 1, 8, 8) and images.dtype == minigrad.float32
    assert labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("folder", ["MNIST/raw", "MNIST", "raw", "."])
def test_files_are_found_in_the_usual_folders(tmp_path, folder, suffix):
    images, labels = write_split(tmp_path / folder, "train", suffix)
    write_split(tmp_path / folder, "t10k", suffix, count=4)
    train, test = MNIST(tmp_path), MNIST(str(tmp_path), train=False)
    np.testing.assert_array_equal(train.data.numpy(), images)
    np.testing.assert_array_equal(train.targets.numpy(), labels)
    assert len(test) == 4 and test.white == 255
    assert repr(test) == "MNIST(4 images of 28 x 28)"


def test_each_data_set_has_its_own_folder(tmp_path):
    write_split(tmp_path / "MNIST" / "raw", count=3)
    write_split(tmp_path / "FashionMNIST" / "raw", count=5)
    assert len(MNIST(tmp_path)) == 3 and len(FashionMNIST(tmp_path)) == 5
    assert FashionMNIST.classes[9] == "Ankle boot" and len(FashionMNIST.classes) == 10


def test_missing_files_message_says_what_to_put_where(tmp_path):
    write_split(tmp_path, "t10k")
    (tmp_path / "train-images-idx3-ubyte.gz").touch()  # without its labels it does not count
    with pytest.raises(RuntimeError, match="FashionMNIST not found") as caught:
        FashionMNIST(tmp_path)
    message = str(caught.value)
    for name in mnist.FILES:
        assert f"{name}.gz" in message
    assert str(tmp_path / "FashionMNIST" / "raw") in message
    assert "download=True" in message and "dataset-fashion-mnist" in message


def test_files_that_do_not_belong_together(tmp_path):
    images, labels = write_split(tmp_path, suffix="")
    image_file, label_file = tmp_path / mnist.FILES[0], tmp_path / mnist.FILES[1]
    label_file.write_bytes(idx(labels[:9]))
    with pytest.raises(ValueError, match=r"holds 10 images, but .*labels-idx1-ubyte holds 9"):
        MNIST(tmp_path)
    label_file.write_bytes(idx(labels + 1))
    with pytest.raises(ValueError, match=r"labels-idx1-ubyte: expected .* 0 to 9.* up to 10"):
        MNIST(tmp_path)
    label_file.write_bytes(idx(images))
    with pytest.raises(ValueError, match=r"labels-idx1-ubyte: expected uint8 labels of shape"):
        MNIST(tmp_path)
    image_file.write_bytes(idx(images[:, :27]))
    with pytest.raises(ValueError, match=r"images-idx3-ubyte: .*\(N, 28, 28\).*\(10, 27, 28\)"):
        MNIST(tmp_path)
    image_file.write_bytes(idx(images.astype(np.float32)))
    with pytest.raises(ValueError, match=r"images-idx3-ubyte: expected uint8 .* found float32"):
        MNIST(tmp_path)


# --------------------------------------------------------------------------------- the download


@pytest.fixture
def server():
    """A server on this machine.  ``server.files`` maps paths to bodies; a missing one is a 404."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            body = self.server.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"") + self.server.withheld))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked, server.withheld = {}, [], 0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def published(server, monkeypatch):
    """MNIST as if it were published by ``server``, on the second of two mirrors."""
    images, labels = images_and_labels()
    files = [gzip.compress(idx(array)) for array in (images, labels, images[:3], labels[:3])]
    server.files = {f"/b/{name}.gz": body for name, body in zip(mnist.FILES, files, strict=True)}
    monkeypatch.setattr(MNIST, "mirrors", (f"{server.url}/a/", f"{server.url}/b/"))
    monkeypatch.setattr(MNIST, "checksums", [hashlib.sha256(body).hexdigest() for body in files])
    return server


def test_download(tmp_path, published):
    assert len(MNIST(tmp_path, download=True)) == 10
    assert len(MNIST(tmp_path, train=False, download=True)) == 3
    found = sorted(path.name for path in (tmp_path / "MNIST" / "raw").iterdir())
    assert found == sorted(f"{name}.gz" for name in mnist.FILES)  # and nothing half-written
    assert len(published.asked) == 8  # four files, each first from the mirror that has none
    assert len(MNIST(tmp_path, download=True)) == 10
    assert len(published.asked) == 8  # what is there is not fetched again


def test_download_without_tqdm(tmp_path, published, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    assert len(MNIST(tmp_path, download=True)) == 10
    assert "fetching train-images-idx3-ubyte.gz" in capsys.readouterr().err


def test_download_with_a_wrong_checksum_leaves_nothing(tmp_path, published):
    published.files["/b/train-images-idx3-ubyte.gz"] = b"something else"
    with pytest.raises(RuntimeError) as caught:
        MNIST(tmp_path, download=True)
    message = str(caught.value)
    assert f"{published.url}/a/train-images-idx3-ubyte.gz: HTTP Error 404" in message
    assert f"{published.url}/b/train-images-idx3-ubyte.gz: the checksum is wrong" in message
    assert MNIST.checksums[0] in message and "Put these four files" in message
    assert list(tmp_path.iterdir()) == []  # no new folders either


def test_download_that_is_cut_off(tmp_path, published):
    published.withheld = 10
    with pytest.raises(RuntimeError, match=r"the connection ended after \d+ of \d+ bytes"):
        MNIST(tmp_path, download=True)
    assert list(tmp_path.iterdir()) == []  # no new folders either


def test_download_without_a_network(tmp_path, monkeypatch):
    def refuse(url, timeout):
        raise OSError("no network here")

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    (tmp_path / "FashionMNIST").mkdir()
    with pytest.raises(RuntimeError, match="Put these four files") as caught:
        FashionMNIST(tmp_path, download=True)
    assert str(caught.value).count("no network here") == len(FashionMNIST.mirrors)
    assert [*tmp_path.rglob("*")] == [tmp_path / "FashionMNIST"]  # which was there before


def test_published_checksums_are_sha256():
    for dataset in (MNIST, FashionMNIST):
        assert len(dataset.checksums) == 4 and all(url.endswith("/") for url in dataset.mirrors)
        assert all(math.log2(int(digest, 16)) < 256 for digest in dataset.checksums)
        assert {len(digest) for digest in dataset.checksums} == {64}
