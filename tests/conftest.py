"""Fixtures for every test: torch where it is installed, and a clean state before each test."""

import os
import signal

# Before minigrad is imported: what is tested with several threads is to have them, however busy
# the machine is.
os.environ.setdefault("OMP_DYNAMIC", "false")

import numpy as np
import pytest

import minigrad

# What a script starts in its background ignores Ctrl-C, and so would the programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def torch():
    """The oracle.  Tests that ask for it are skipped where torch is not installed."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return torch


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _clean_state():
    """Start from one seed, and put back what a test may change for the whole process."""
    minigrad.manual_seed(0)
    threads, dtype = minigrad.get_num_threads(), minigrad.get_default_dtype()
    options, deterministic = minigrad.get_printoptions(), minigrad.get_deterministic_debug_mode()
    yield
    assert minigrad.is_grad_enabled(), "the test left grad mode switched off"
    minigrad.set_num_threads(threads)
    minigrad.set_default_dtype(dtype)
    minigrad.set_printoptions(**options)
    minigrad.set_deterministic_debug_mode(deterministic)


@pytest.fixture
def write(tmp_path):
    """Write a program, and return its path."""

    def write(text, name="program.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
