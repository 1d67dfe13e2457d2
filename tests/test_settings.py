"""Names that programs for torch touch before they start: devices, settings, old tensor types."""

import importlib
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import amp, nn, optim

QUESTIONS = """
cuda.is_available() cuda.device_count() cuda.is_initialized() cuda.is_bf16_supported()
cuda.empty_cache() cuda.manual_seed(0) cuda.manual_seed_all(0) cuda.seed() cuda.seed_all()
cuda.memory_allocated() cuda.max_memory_allocated() cuda.memory_reserved()
cuda.max_memory_reserved() cuda.get_rng_state_all() backends.mps.is_available()
backends.mps.is_built() backends.cudnn.is_available() backends.cudnn.version()
backends.cudnn.enabled backends.cudnn.benchmark backends.cudnn.deterministic
backends.cudnn.allow_tf32 backends.cuda.is_built() backends.cuda.matmul.allow_tf32
mps.is_available() mps.device_count() mps.manual_seed(0) xpu.is_available() xpu.device_count()
xpu.manual_seed(0) cpu.is_available() cpu.device_count() cpu.current_device() cpu.synchronize()
accelerator.is_available() accelerator.device_count() accelerator.current_accelerator()
get_default_device().type are_deterministic_algorithms_enabled()
is_deterministic_algorithms_warn_only_enabled() get_deterministic_debug_mode()
get_float32_matmul_precision() set_flush_denormal(False) version.cuda version.hip
jit.is_scripting() jit.is_tracing() compiler.is_compiling() compiler.reset()
set_default_device("cpu") set_default_device(None) ones(2).is_pinned() ones(2).is_sparse
ones(2).is_quantized ones(2).is_meta ones(2).is_mps ones(2).is_xpu ones(2).is_mkldnn
ones(2).is_nested ones(2).is_shared() ones(2).is_inference() ones(2).type()
ones(2).is_cpu ones(2).is_signed() ByteTensor(2).is_signed() is_signed(ones(2)) is_storage(ones(2))
is_nonzero(ones(1)) zeros(1).is_nonzero() is_inference(ones(1)) typename(ones(1)) typename(3)
isinstance(ones(2),FloatTensor) isinstance(ones(2),LongTensor) isinstance(3,FloatTensor)
is_warn_always_enabled() is_inference_mode_enabled() ones(2).is_ipu ones(2).is_xla
ones(2).is_sparse_csr
compiler.is_dynamo_compiling() compiler.is_exporting()
jit.annotate(int,3) cuda.get_arch_list() cuda.is_tf32_supported() cuda.memory_stats()
backends.cudnn.benchmark_limit backends.cudnn.is_acceptable(ones(1)) backends.mkldnn.enabled
backends.cuda.flash_sdp_enabled() backends.cuda.math_sdp_enabled() backends.fp32_precision
backends.cuda.mem_efficient_sdp_enabled() backends.cuda.matmul.fp32_precision
backends.cpu.get_cpu_capability() distributed.is_initialized() distributed.is_nccl_available()
distributed.is_torchelastic_launched() version.debug newaxis onnx.is_in_onnx_export()
zeros(2)[:,newaxis].shape[1] ones(1).new().tolist() ones(1).new(2,3).numel() ones(1).new(3).numel()
ones(1).new([1,2]).tolist() LongTensor([1]).new([1.5]).tolist() ones(1).new(ones(2)).tolist()
ones(1).new(Size([2])).numel() ones(1).new(size=(2,3)).numel() ones(1).new(2,device="cpu").numel()
detach(ones(1,requires_grad=True)).requires_grad
""".split()
REFUSALS = """
cuda.synchronize() cuda.current_device() cuda.get_device_name() cuda.get_device_properties(0)
cuda.get_device_capability() cuda.init() cuda.initial_seed() cuda.get_rng_state()
is_nonzero(ones(2)) cuda.mem_get_info() accelerator.synchronize() accelerator.current_device_index()
accelerator.empty_cache() ones(2).pin_memory() set_deterministic_debug_mode("often")
FloatTensor(ones(2).double()) set_default_tensor_type(3) set_num_interop_threads(0)
ones(2).new(2.5) FloatTensor(2.5) ones(2).new(True) ones(2).new(LongTensor([1]))
cuda.ipc_collect() cuda.default_stream() cuda.can_device_access_peer(0,1)
""".split()


def ask(library, question):
    return eval(question, {"isinstance": isinstance}, library)


def names_of(library):
    return {name: getattr(library, name) for name in dir(library)}


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_are_answered_as_torch_answers_without_a_gpu(torch, question):
    assert ask(names_of(minigrad), question) == ask(names_of(torch), question)


@pytest.mark.filterwarnings("ignore:.*set_default_tensor_type")
@pytest.mark.parametrize("question", REFUSALS)
def test_what_cannot_be_is_refused(request, question):
    def refusal(library):
        with pytest.raises((RuntimeError, AssertionError, TypeError)) as caught:
            ask(names_of(library), question)
        assert str(caught.value)
        return next(
            kind
            for kind in (RuntimeError, AssertionError, TypeError)
            if isinstance(caught.value, kind)
        )

    ours = refusal(minigrad)
    assert ours is refusal(request.getfixturevalue("torch"))


def test_answers_without_torch():
    assert not minigrad.cuda.is_available() and not minigrad.backends.mps.is_available()
    assert minigrad.accelerator.current_accelerator() is None
    assert minigrad.backends.openmp.is_available() in (True, False)
    assert not minigrad.backends.mkl.is_available() and not minigrad.backends.mkldnn.is_available()
    with pytest.raises(AssertionError, match="CPU"):
        minigrad.cuda.Stream()
    for module in "cuda.amp backends.cudnn backends.cuda jit amp random types".split():
        assert importlib.import_module(f"minigrad.{module}")


def test_settings_are_remembered():
    minigrad.use_deterministic_algorithms(True)
    assert minigrad.are_deterministic_algorithms_enabled()
    assert minigrad.get_deterministic_debug_mode() == 2
    minigrad.use_deterministic_algorithms(True, warn_only=True)
    assert minigrad.is_deterministic_algorithms_warn_only_enabled()
    minigrad.set_deterministic_debug_mode("default")
    assert not minigrad.are_deterministic_algorithms_enabled()
    minigrad.set_float32_matmul_precision("high")
    assert minigrad.get_float32_matmul_precision() == "high"
    minigrad.set_float32_matmul_precision("highest")
    with pytest.raises(RuntimeError, match="'exact'"):
        minigrad.set_float32_matmul_precision("exact")
    minigrad.set_warn_always(True)
    assert minigrad.is_warn_always_enabled()
    minigrad.set_warn_always(False)
    minigrad.set_num_interop_threads(2)
    assert minigrad.get_num_interop_threads() == 1
    assert not minigrad.set_flush_denormal(True)
    minigrad.backends.cudnn.deterministic = False  # it may be set
    with pytest.raises(AssertionError, match="expected device 'cpu'"):
        minigrad.set_default_device("cuda")


def test_a_device_is_a_context():
    with minigrad.device("cpu") as device:
        assert minigrad.ones(2).device == device


def test_layout_and_memory_format():
    x = minigrad.ones(2, 3)
    assert x.layout is minigrad.strided and repr(x.layout) == "minigrad.strided"
    assert x.clone(memory_format=minigrad.preserve_format).shape == (2, 3)
    assert isinstance(minigrad.contiguous_format, minigrad.memory_format)
    assert minigrad.typename(nn.Linear(1, 1)) == "minigrad.nn.modules.linear.Linear"


def test_compile_returns_what_it_is_given():
    model = nn.Linear(2, 2)
    assert minigrad.compile(model) is model

    @minigrad.compile(mode="reduce-overhead", fullgraph=True)
    def f(x):
        return x + 1

    @minigrad.compiler.disable
    def g(x):
        return x

    @minigrad.jit.ignore
    @minigrad.jit.unused
    @minigrad.jit.export
    def h(x):
        return x

    @minigrad.jit.script
    @minigrad.compiler.set_stance("force_eager")
    @minigrad.compiler.allow_in_graph
    def k(x: minigrad.jit.Final[int]):
        return x

    assert f(1) == 2 and g(1) == h(1) == k(1) == 1


def test_blocks_that_change_nothing():
    with (
        minigrad.backends.cudnn.flags(enabled=True, deterministic=True),
        minigrad.backends.mkldnn.flags(enabled=False),
        minigrad.compiler.set_stance("default"),
        minigrad.cuda.stream(None),
    ):
        assert minigrad.ones(1).item() == 1
    with pytest.raises(RuntimeError, match="no streams"):
        minigrad.cuda.stream(3)


@pytest.mark.parametrize("name", ["trace", "trace_module", "freeze", "save", "load"])
def test_jit_refuses(name):
    with pytest.raises(RuntimeError, match=rf"jit\.{name} is not available"):
        getattr(minigrad.jit, name)(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("distributed.init_process_group('gloo')", "ask distributed.is_available"),
        ("hub.load('a/b', 'resnet18')", "not downloaded"),
        ("hub.load_state_dict_from_url('https://a/b.pth')", r"load\(path\)"),
        ("onnx.export(nn.Linear(1, 1), ones(1), 'x.onnx')", "stores the weights"),
    ],
)
def test_what_has_no_place_here_says_what_has(call, words):
    with pytest.raises(RuntimeError, match=words):
        ask(names_of(minigrad), call)


# ---------------------------------------------------------------- mixed precision


def train_one_step(scaler, autocast):
    minigrad.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with autocast:
        loss = model(minigrad.ones(4, 3)).square().mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    scaler.load_state_dict(scaler.state_dict())
    assert not scaler.is_enabled() and scaler.get_scale() == 1.0
    return model.weight.tolist()


@pytest.mark.filterwarnings("ignore:cuda.amp:FutureWarning")
def test_mixed_precision_that_is_off_trains():
    expected = train_one_step(amp.GradScaler(enabled=False), amp.autocast("cpu", enabled=False))
    with pytest.warns(UserWarning, match="Disabling"):
        scaler = minigrad.cuda.amp.GradScaler()
    with pytest.warns(UserWarning, match="CUDA is not available"):
        autocast = minigrad.autocast("cuda", dtype=minigrad.float16)
    assert train_one_step(scaler, autocast) == expected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert train_one_step(scaler, minigrad.cuda.amp.autocast()) == expected

    @minigrad.autocast("cuda", enabled=False)
    def double(x):
        return 2 * x

    assert double(3) == 6 and not amp.is_autocast_available("cpu")
    with pytest.raises(RuntimeError, match="bfloat16"):
        minigrad.autocast("cpu")
    with pytest.raises(ValueError, match="str"):
        minigrad.autocast(minigrad.device("cpu"))


# ---------------------------------------------------------------- random, types, old tensor types


def test_fork_rng_puts_the_generator_back():
    with minigrad.random.fork_rng():
        inside = minigrad.rand(3)
    assert minigrad.equal(inside, minigrad.rand(3))
    with minigrad.random.fork_rng(enabled=False):
        inside = minigrad.rand(3)
    assert not minigrad.equal(inside, minigrad.rand(3))
    assert minigrad.random.manual_seed is minigrad.manual_seed


def test_types():
    assert isinstance(3.5, minigrad.types.Number) and not isinstance("3", minigrad.types.Number)
    assert isinstance(minigrad.device("cpu"), minigrad.types.Device)


KINDS = {
    "HalfTensor": "float16", "FloatTensor": "float32", "DoubleTensor": "float64",
    "ByteTensor": "uint8", "CharTensor": "int8", "ShortTensor": "int16", "IntTensor": "int32",
    "LongTensor": "int64", "BoolTensor": "bool",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_old_tensor_types(name):
    kind, dtype = getattr(minigrad, name), getattr(minigrad, KINDS[name])
    assert kind(2, 3).shape == (2, 3) and kind(2, 3).dtype is dtype
    assert kind().shape == (0,) and kind(minigrad.Size([4])).shape == (4,)
    made = kind([[1, 0], [1, 1]])
    assert made.dtype is dtype and made.double().tolist() == [[1, 0], [1, 1]]
    assert isinstance(made, kind) and kind(made).data_ptr() == made.data_ptr()
    assert isinstance(minigrad.ones(2).type(kind), kind)
    assert made.type() == f"torch.{name}" and minigrad.ones(2).type(made.type()).dtype is dtype
    assert kind(np.ones(3)).shape == (3,)
    assert not isinstance(3, kind)


def test_integers_from_floats_are_cut_off():
    assert minigrad.LongTensor([1.5, -2.5]).tolist() == [1, -2]


@pytest.mark.filterwarnings("ignore:.*set_default_tensor_type")
def test_the_default_type_may_be_an_old_one():
    minigrad.set_default_tensor_type(minigrad.DoubleTensor)
    assert minigrad.ones(1).dtype is minigrad.float64
    minigrad.set_default_tensor_type("torch.FloatTensor")
    assert minigrad.ones(1).dtype is minigrad.float32
    with pytest.raises(TypeError):
        minigrad.set_default_tensor_type("torch.NoTensor")
