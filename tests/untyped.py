"""``python tests/untyped.py``: list what is public and has no type, or Any, as mypy sees it.

For a program that ``mypy --strict`` checks, each is a hole.  It fails for what EXCEPTIONS does not
explain; .ci/run asks it.
"""

import re
import sys
from pathlib import Path

from mypy import build, config_parser, find_sources, nodes, options, types

ROOT = Path(__file__).resolve().parents[1]

# Modules and helpers that are no part of what programs import
INTERNAL = r"""
complaints kernels mirror inspect tape walk operators memory edges hooks convert dtypes on_demand
refusal formatting __main__ nn.modules.fusion nn.modules.global_hooks
nn.utils.power_iteration ops.compile ops.given ops.recurrent.recurrent serialization.torch_reader
serialization.torch_writer serialization.legacy_reader serialization.safetensors_file
serialization.safe serialization.torch_names serialization.unpickler
utils.data.worker utils.data.fetch
utils.data.datasets utils.hooks utils.interchange nn.modules.rnn.reset attributes.check_cpu
tensor.install_methods
attributes.RemovableHandle.__init__ nn.modules.conv.per_dimension nn.parameter.is_lazy
""".split()

# What is Any, or not known, and why: regular expressions of what this script prints.
EXCEPTIONS = {
    "what a user's function takes and returns": r"""
        autograd.function.Function.* autograd.function.once_differentiable.*
        func.(modules|transforms).* func.batch.vmap.* autograd.functional.jacobian.*
        overrides.* nn.utils.stateless.* utils.checkpoint.checkpoint_sequential.* optim.*.step.*
        amp.GradScaler.step.* autograd.graph.saved_tensors_hooks.* autograd.gradcheck.*
        multiprocessing.* optim.swa_utils.AveragedModel.forward.* nn.parallel.*
    """,
    "returned as it is given": r"""
        compiler.* jit.* (cuda.)?amp.custom_.wd.* testing.assert_close.*
    """,
    "a Module has what it is given, as in torch": r"""
        nn.modules.*.__[gs]etattr__.* nn.modules.module.Module.* nn.modules.lazy.Lazy.*
        nn.modules.state.StateMixin.*_extra_state.* nn.modules.parameters.*
        nn.modules.transformer.* nn.utils.parametrize.ParametrizationList.*
        autograd.function.FunctionCtx.*
    """,
    "of any type, or of one that a file, a sample or an argument decides": r"""
        serialization.(load|save).* utils.data.* ops.creation.(tensor|as_tensor|asarray).*
        ops.creation.from_dlpack.* tensor.Tensor.new_tensor.* ops.signal.frombuffer.*
        ops.kinds.result_type.* ops.storage.(to_dlpack|UntypedStorage.__\w+__).*
        ops.running.gradient.*
        tensor.Tensor.(__\w+__|item|tolist).* nn.parameter.*.__\w+__.* nn.attention.*
        nn.utils.rnn.PackedSequence.* cuda.(set_rng|stream).* random.fork_rng.*
        autograd.variable.* optim.lr_scheduler.plateau.*
        distributions.constraints.dependent_property.__get__.*
        distributions.logistic_normal.LogisticNormal.base_dist.*
        nn.modules.normalization.*.normalized_shape.* nn.modules.rnn.RNN.nonlinearity.*
        optim.lr_scheduler.schedules.MultiStepLR.load_state_dict.* .*linear_cross_entropy.*
    """,
    "one tensor or several, as an argument asks": r"""
        (_with_out|tensor.Tensor|ops.ordering).(nan)?median.* ops.arrange.atleast_.d.*
        .*max_pool.d.* (ops.sets|tensor.Tensor).unique.*
    """,
    "abstract helpers of pruning": r"nn.utils.prune.\w+.(kept|pruned|apply|__\w+__).*",
    "compiled kernels, which have no stubs": r"(\w+\.)*\w+_(num_threads|openmp).*",
    "measuring, which no program keeps": "(autograd.)?profiler.* utils.benchmark.*",
}
EXPECTED = [re.compile(name) for names in EXCEPTIONS.values() for name in names.split()]


def is_any(kind):
    return isinstance(types.get_proper_type(kind), types.AnyType)


def is_plain(kind):
    """Whether a type is written as Any, not left out."""
    proper = types.get_proper_type(kind)
    return isinstance(proper, types.AnyType) and proper.type_of_any == types.TypeOfAny.explicit


def holes_of_function(name, kind, node, skip):
    """Yield the arguments, and "return", that have no type."""
    if kind is None:
        for argument in node.arguments[skip:] if node.arguments else []:
            yield f"{name}({argument.variable.name})"
        yield f"{name} -> ?"
        return
    for callable_ in kind.items if isinstance(kind, types.Overloaded) else [kind]:
        every = zip(callable_.arg_names, callable_.arg_types, callable_.arg_kinds, strict=True)
        for argument, type_, kind_ in list(every)[skip:]:
            if is_any(type_) and not (kind_.is_star() and is_plain(type_)):
                yield f"{name}({argument})"
        if is_any(callable_.ret_type):
            yield f"{name} -> ?"


def holes(name, node, in_class=False):
    """Yield the holes of one definition; ``name`` is where it is defined."""
    if isinstance(node, nodes.Decorator):
        kind = types.get_proper_type(node.var.type)
        if node.func.is_property:
            kind = kind.ret_type if isinstance(kind, types.CallableType) else kind
            if kind is None or is_any(kind):
                yield f"{name} -> ?"
        elif kind is None or is_any(kind):
            yield from holes_of_function(name, node.func.type, node.func, in_class)
        elif isinstance(kind, types.FunctionLike):
            yield from holes_of_function(
                name, kind, node.func, in_class and not node.func.is_static
            )
    elif isinstance(node, nodes.OverloadedFuncDef):
        if node.is_property:
            yield from holes(name, node.items[0], in_class)
        else:
            yield from holes_of_function(name, node.type, None, in_class)
    elif isinstance(node, nodes.FuncDef):
        yield from holes_of_function(name, node.type, node, in_class)
    elif isinstance(node, nodes.TypeInfo):
        for own, symbol in sorted(node.names.items()):
            special = own.startswith("__") and own not in ("__slots__", "__hash__", "__module__")
            if (own.startswith("_") and not special) or own.endswith("-redefinition"):
                continue
            if symbol.node is not None:
                yield from holes(f"{name}.{own}", symbol.node, True)
    elif isinstance(node, nodes.Var):
        if node.name.startswith("__"):
            return
        kind = types.get_proper_type(node.type)
        if (
            kind is None
            or is_any(kind)
            or (isinstance(kind, types.Instance) and kind.type.fullname == "builtins.property")
        ):
            yield f"{name}: ?"
        elif isinstance(kind, types.FunctionLike):
            yield from holes_of_function(name, kind, node, in_class)


def public(module):
    """Yield (full name, node) of what a module shows."""
    for name, symbol in module.names.items():
        if name.startswith("_") or not symbol.module_public or symbol.module_hidden:
            continue
        node = symbol.node
        if node is None or isinstance(node, nodes.MypyFile | nodes.TypeAlias | nodes.TypeVarExpr):
            continue
        full = node.fullname if not isinstance(node, nodes.Var) else f"{module.fullname}.{name}"
        if isinstance(node, nodes.Var) and isinstance(
            types.get_proper_type(node.type), types.FunctionLike
        ):
            definition = getattr(node.type, "definition", None)
            full = definition.fullname if definition else full
        elif not full.startswith("minigrad."):
            continue
        shown = "__all__" in module.names or module.path.endswith((".pyi", "__init__.py"))
        if shown or full.startswith(module.fullname):
            yield full, node


OPS = "minigrad.ops"  # whose functions are public where the package shows them


def found():
    """Return the sorted holes of the package."""
    settings = options.Options()
    config_parser.parse_config_file(
        settings, lambda: None, str(ROOT / "pyproject.toml"), sys.stdout, sys.stderr
    )
    settings.incremental = False  # of a cached module mypy keeps no tree
    sources = find_sources.create_source_list([str(ROOT / "minigrad")], settings)
    result = build.build(sources, settings)
    every = {}
    for name, module in result.files.items():
        if name.startswith("minigrad") and "._" not in name and not name.startswith(OPS):
            every.update(public(module))
    holes_ = {hole for name, node in every.items() for hole in holes(name, node)}
    return sorted(hole.removeprefix("minigrad.") for hole in holes_)


def unexpected():
    """Return the holes that nothing here explains, and the exceptions that explain nothing."""
    every = [hole for hole in found() if not hole.startswith(tuple(INTERNAL))]
    unexplained = [h for h in every if not any(e.fullmatch(h) for e in EXPECTED)]
    unused = [e.pattern for e in EXPECTED if not any(e.fullmatch(h) for h in every)]
    return unexplained + [f"no longer an exception: {pattern}" for pattern in unused]


if __name__ == "__main__":
    sys.exit("\n".join(unexpected()) or None)
