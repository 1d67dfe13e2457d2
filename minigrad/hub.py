"""torch.hub's names, which say what to do without: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from minigrad.refusal import refusal


def _refuse(name: str) -> Callable[..., NoReturn]:
    return refusal(
        name,
        f"hub.{name}: weights are not downloaded; build the model from nn's layers, and "
        "load(path) reads a file of torch.save or of safetensors",
    )


load, load_state_dict_from_url = _refuse("load"), _refuse("load_state_dict_from_url")
download_url_to_file, help, list = map(_refuse, ("download_url_to_file", "help", "list"))
get_dir, set_dir = _refuse("get_dir"), _refuse("set_dir")
