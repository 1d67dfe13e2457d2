"""``python -m minigrad.mirror.table``: write table.md, what is mirrored of torch and what is not.

It needs torch, whose documented names it goes through: a name counts as mirrored if minigrad has it
in the same place.  Modules, names without a docstring, and what torch calls deprecated or keeps for
its own use are left out.
"""

import importlib
import re
import types
import warnings
from pathlib import Path

import minigrad
from minigrad.mirror import names
from minigrad.mirror.finder import MIRRORED

PAGE = Path(__file__).with_name("table.md")
PLACES = (
    "torch torch.Tensor torch.nn torch.nn.Module torch.nn.functional torch.nn.init "
    "torch.nn.attention torch.nn.utils torch.nn.utils.parametrizations torch.nn.utils.parametrize "
    "torch.nn.utils.prune torch.nn.utils.rnn torch.optim torch.optim.Optimizer "
    "torch.optim.lr_scheduler torch.optim.swa_utils torch.utils.data torch.utils.checkpoint "
    "torch.utils.dlpack torch.autograd torch.autograd.functional torch.autograd.graph torch.amp "
    "torch.func torch.jit torch.linalg torch.special torch.distributions "
    "torch.distributions.constraints torch.multiprocessing torch.testing"
).split()

# Why a name is not there, by words in it; the first line that fits counts.
REASONS = {
    "device": "cuda gpu xpu mps mtia hpu ipu maia vulkan pinned pin_memory accelerator autocast "
    "stream .*Storage.* .*_storage record_stream to_mkldnn is_xla OutOfMemoryError Stream Event "
    "AcceleratorError get_device_module GradScaler share_memory.* .*flash_attention_impl.* "
    "set_device_states DefaultDeviceType .*stream_(capture|mismatch)",
    "quantisation": ".*quant.* q_.* qscheme .*qint.* quint.* int_repr fake_.* .*_fp16.* dequantize "
    "per_(channel|tensor).* bits.* float8.* float4.* int[1-7] uint[1-7] empty_per_channel.*",
    "sparse": ".*[sS]parse.* .*csr.* .*csc.* .*bsr.* .*bsc.* .*coo.* ccol_indices crow_indices "
    "col_indices row_indices coalesce is_coalesced hspmm sspaddmm saddmm smm indices values",
    "complex": ".*complex.* .*imag.* real polar conj.* .*_conj.* is_conj angle cfloat cdouble "
    "chalf view_as_real stft istft .*fft.* vdot isreal H adjoint is_neg .*resolve_neg eig "
    "eigvals",
    "distributed training": ".*[Dd]istributed.* DataParallel SyncBatchNorm .*thread_safe.*",
    "jit and compilation": ".*[Ss]cript.* compile.* sym_.* Sym.* cond while_loop fork wait "
    "NestedIOFunction .*datapipe.* .*DataPipe functionalize linearize debug_unwrap",
    "other number formats": "bfloat16 uint16 uint32 uint64",
    "what the tape keeps": ".*saved_tensors.* save_on_cpu .*GradientEdge get_gradient_edge "
    "register_multi_grad_hook region_activation_memory_budget .*[sS]elective.* CheckpointPolicy "
    "GraphExecGroup set_checkpoint_.*",
    "memory layout": "channels_last.* jagged .*memory_format.* .*_permuted .*_strided dim_order "
    "is_set_to set_ from_file nonzero_static strided",
}
# Names that torch's documentation does not list, though they have a docstring.
_INTERNAL = (
    ".*_copy .*_ir .*_ir_module.* parse_.* .*type_(list|from|comment).* DispatchKey Tag bit "
    ".*_with_indices .*torch_function.* boolean_dispatch native_.* grad_dtype module_load "
    "factory_kwargs T_destination call_super_init dump_patches init_num_threads hash_tensor "
    "const_data_ptr segment_reduce conv_tbc enforce_grad_layout_policy (scaled_)?grouped_mm "
    "scaled_mm (Scaling|Swizzle|Aggregation)Type storage_type compiled_with_cxx11_abi ipu mtia "
    "rearrange swap_in_optimizer_params_and_state "
    "legacy_contiguous_format lu triangular_solve swapped_out .*_multithreading_enabled index "
    "to_padded_tensor map_ to_dense dense_dim unsafe_.*"
).split()


def reason(name, place=""):
    """Return the class of reasons for which a name is not there."""
    if place == "torch.jit":
        return "jit and compilation"
    for why, words in REASONS.items():
        if any(re.fullmatch(word, name) for word in words.split()):
            return why
    return "not yet"


def documented(place):
    """Return torch's documented names in one place, sorted."""
    owner = importlib.import_module("torch")
    for part in place.split(".")[1:]:
        try:
            owner = getattr(owner, part)
        except AttributeError:
            owner = importlib.import_module(place)
    found = []
    for name in dir(owner):
        value = getattr(owner, name, None)
        if name.startswith("_") or isinstance(value, types.ModuleType):
            continue
        if any(re.fullmatch(word, name) for word in _INTERNAL):
            continue
        if not isinstance(owner, type) and not _belongs(owner, name, value):
            continue
        if _documentation(owner, name, value):
            found.append(name)
    return sorted(found)


def _belongs(owner, name, value):
    """Whether a name is the module's own, and not one that it happens to import."""
    if type(value).__module__ == "torch":  # dtypes, layouts
        return type(value).__name__ in ("dtype", "layout", "memory_format")
    home = getattr(value, "__module__", None)
    if home is None:  # functions in C have none
        return callable(value)
    public = getattr(owner, "__all__", None)
    if owner.__name__ != "torch" and public:
        return name in public
    return str(home).split(".")[0] == "torch" and "_C" not in home.split(".")[2:]


def _documentation(owner, name, value):
    if type(value).__name__ in ("dtype", "layout", "memory_format"):
        return True
    text = getattr(value, "__doc__", None)
    text = text if isinstance(text, str) else ""
    return text and "deprecated" not in text[:200].lower()


def page() -> str:
    """Return the page."""
    parts, total, there = [], 0, 0
    for place in PLACES:
        groups: dict[str, list[str]] = {}
        for name in documented(place):
            full = f"{place}.{name}"
            found, lacking = names.look(full)
            mirrored = lacking is None and not hasattr(found, "refuses")
            groups.setdefault("yes" if mirrored else reason(name, place), []).append(name)
        yes, count = groups.pop("yes", []), sum(map(len, groups.values()))
        total, there = total + len(yes) + count, there + len(yes)
        lines = [f"## {place}", "", f"{len(yes)} of {len(yes) + count}.", ""]
        lines.append(f"Mirrored: {_listed(yes)}")
        if groups:
            lines += ["", "Not mirrored:", ""]
        for why in [*REASONS, "not yet"]:
            if why in groups:
                lines.append(f"- **{why}** ({len(groups[why])}): {_listed(groups[why])}")
        parts.append("\n".join(lines) + "\n")
    head = (
        "# What is mirrored of torch, and what is not\n\n"
        f"Made by `python -m minigrad.mirror.table` from the documented names of torch "
        f"{MIRRORED}: {there:,} of {total:,} are there.  The names that are not are sorted by what "
        'they belong to; "not yet" is what only nobody has written.\n\n'
    )
    return head + "\n".join(parts)


def _listed(found):
    return ", ".join(f"`{name}`" for name in found) if found else "none."


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: written for minigrad {minigrad.__version__}")
