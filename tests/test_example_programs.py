"""The teaching programs learn what they say, print it, and take the same seed to the same numbers.

That they run at all is tests/test_examples.py's business.
"""

import re

from test_examples import ROOT, run, write_enlarged_digits

LENET, VAE = ROOT / "examples" / "lenet.py", ROOT / "examples" / "vae.py"


def test_lenet_reads_fashion_mnist(tmp_path):
    write_enlarged_digits(tmp_path)  # in its four files
    done = run(LENET, "--root", tmp_path, "--epochs", 2, "--batch-size", 64)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.startswith("1,497 images to train on, 300 held out")
    found = re.findall(r"epoch (\d): loss (\S+), accuracy .* (\S+)%", done.stdout)
    assert [number for number, *_ in found] == ["1", "2"]
    assert float(found[1][1]) < float(found[0][1]) and float(found[1][2]) > 75
    taken = re.search(
        r"most often taken for something else: (\S+) for (\S+), \d+ times", done.stdout
    )
    assert taken[1] != taken[2]


def test_lenet_falls_back_to_the_digits(tmp_path):
    runs = [run(LENET, "--root", tmp_path, "--epochs", 1, "--activation", "tanh") for _ in range(2)]
    assert runs[0].returncode == 0, runs[0].stderr
    assert "FashionMNIST not found" in runs[0].stdout and "1,437 images" in runs[0].stdout
    assert runs[0].stdout == runs[1].stdout


def test_lenet_fails_if_it_did_not_learn(tmp_path):
    done = run(LENET, "--root", tmp_path, "--epochs", 1, "--lr", "1e-9")
    assert done.returncode == 1 and "it did not learn" in done.stderr


def test_vae_learns_and_draws():
    done = run(VAE, "--epochs", 6, "--latent", 4)
    assert done.returncode == 0 and not done.stderr, done.stderr
    held_out = [float(loss) for loss in re.findall(r"held out +(\S+),", done.stdout)]
    assert len(held_out) == 2 and held_out[1] < held_out[0] < 64 * 0.6931
    pictures = done.stdout.split("digits nobody wrote:\n")[1].rstrip("\n").split("\n")
    assert len(pictures) == 8 and all(len(row) == 8 * 8 + 7 * 2 for row in pictures)


def test_vae_fails_if_it_did_not_learn():
    done = run(VAE, "--epochs", 1, "--lr", "1e-9")
    assert done.returncode == 1 and "it did not learn" in done.stderr
