"""Subclasses of Tensor and ``__torch_function__``, beside what programs/subclasses.py has of them.

With a subclass the functions of a whole process begin to ask their arguments, so these run in one
of their own.
"""

import subprocess
import sys
import textwrap

import minigrad


def run(body, *options, metres="class Metres(mg.Tensor): pass\n"):
    """Run a program in a new process and return what it prints."""
    program = "import copy, pickle\nimport minigrad as mg\nfrom minigrad import nn\n"
    program += metres + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_parameter_is_no_such_class():
    program = "print(mg.overrides.overriding, type(nn.Parameter(mg.ones(2)) * 2))"
    assert run(program, metres="") == "[] <class 'minigrad.tensor.Tensor'>\n"


def test_copies_pickles_views_and_constructors():
    assert run("""
        class Tagged(Metres):
            def __new__(cls, data, tag):
                return super().__new__(cls, data)
            def __init__(self, data, tag):
                self.tag = tag
        x = Tagged([1.0, 2.0], tag="a")
        for twin in copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x):
            print(type(twin).__name__, twin.tag, twin.tolist())
        class Titled(Metres):
            def __new__(cls, data, **more):
                made = mg.as_tensor(data).as_subclass(cls)
                made.__dict__.update(more)
                return made
        print(Titled([1.0], title="b").title)
        plain = mg.zeros(2)
        Metres(plain)[0] = 1; mg.Tensor(plain)[1] = 2; plain.as_subclass(Metres).mul_(3)
        print(plain, Metres(2, 3).shape, Metres().shape, Metres([1, 2]).dtype, mg.Tensor([1]).dtype)
        print(mg.Tensor._make_subclass(Metres, plain, True).requires_grad, mg.Tensor(plain.int()))
        """) == (
        "Tagged a [1.0, 2.0]\n"
        * 3
        + "b\ntensor([3., 6.]) minigrad.Size([2, 3]) minigrad.Size([0]) minigrad.float32 "
        "minigrad.float32\nTrue tensor([3, 6], dtype=minigrad.int32)\n"
    )


def test_gradients_are_plain_also_where_the_graph_saved_subclasses():
    assert (
        run("""
        from minigrad.ops.elementwise import mul            # which nothing stands before
        x = Metres([2.0, 3.0]).requires_grad_()
        y = mul(x, x).exp().sum()
        y.backward(create_graph=True)
        print(type(y).__name__, type(x.grad).__name__)
        """, "-Wignore")
        == "Tensor Tensor\n"
    )  # fmt: skip


def test_mixed_classes():
    assert (
        run("""
        class Mixin:
            def double(self):
                return super().__mul__(2)
        class Feet(Mixin, mg.Tensor): pass
        class Part(Metres): pass
        f, m, p = (mg.ones(1).as_subclass(c) for c in (Feet, Metres, Part))
        print(type(f.double()).__name__, type(m + p).__name__, type(p + m).__name__)
        print(Feet.__mro__[2] is Metres.__mro__[1] is Part.__mro__[2], len(Part.__mro__))
        print(type(mg.stack([m, p])).__name__, type(mg.maximum(input=m, other=p)).__name__)
        for call in (lambda: f + m, lambda: mg.add(f, m), lambda: f.shape == m.size()):
            try: print(call())
            except TypeError as error: print(error)
        """)
        == "Feet Part Part\nTrue 7\nPart Part\n"
        "unsupported operand type(s) for +: 'Feet' and 'Metres'\n"
        "no implementation found for 'add' on types that implement __torch_function__: "
        "[<class '__main__.Feet'>, <class '__main__.Metres'>]\nTrue\n"
    )


def test_functions_first_used_after_the_class_are_overridable():
    assert run("""
        x = Metres([[2.0, 1.0], [1.0, 2.0]])
        found = [mg.linalg.det(x), mg.special.expit(x), mg.trapezoid(x), mg.einsum("ii", x)]
        found += [nn.functional.glu(x), nn.LPPool1d(1, 2)(x[None]), x.H, nn.GRU(2, 2)(x)[0]]
        print({type(y[0] if isinstance(y, tuple) else y).__name__ for y in found})
        """) == "{'Metres'}\n"  # fmt: skip


def test_wrong_subclasses():
    assert (
        run("""
        for call in (lambda: mg.ones(1).as_subclass(int), lambda: mg.ones(1).as_subclass(3),
                     lambda: type("D", (mg.Tensor,), {"__torch_dispatch__": print}),
                     lambda: Metres([1.0]) + "a", lambda: mg.add(Metres([1.0]), "a")):
            try: call()
            except Exception as error: print(type(error).__name__, str(error)[:50])
        """)
        == "RuntimeError cls must be a type that inherits from Tensor, but \n" * 2
        + "NotImplementedError D.__torch_dispatch__: minigrad's ops are not made \n"
        "TypeError unsupported operand type(s) for +: 'Metres' and 's\n"
        "TypeError add(): argument 'other' must be Tensor or float, n\n"
    )


def test_what_torch_lets_classes_override_is_overridable(torch):
    """Of the functions that both have; what torch never asks about stays as it is."""
    overridable, ignored = set(), set(torch.overrides.get_ignored_functions())
    for functions in torch.overrides.get_overridable_functions().values():
        overridable.update(f for f in functions if hasattr(f, "__name__"))
    places = {"": torch, "nn.functional": torch.nn.functional, "linalg": torch.linalg}
    names = {}
    for place, theirs in {**places, "special": torch.special}.items():
        mine = minigrad.nn.functional if "." in place else getattr(minigrad, place, minigrad)
        for name, found in vars(theirs).items():
            known = hasattr(mine, name) and not isinstance(found, type)
            if known and callable(found) and found in overridable - ignored:
                names.setdefault(place, []).append(name)
    assert sum(map(len, names.values())) > 500
    found = run(f"""
        for place, names in {names!r}.items():
            owner = nn.functional if "." in place else getattr(mg, place, mg)
            for name in names:
                function = getattr(owner, name)
                if not isinstance(function, mg.ops.public.PublicFunction):
                    print(place, name)
        """)
    assert found == ""


def test_what_makes_or_knows_tensors_is_not_asked():
    assert run("""
        class Never(mg.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                print("asked:", func.__name__)
                return super().__torch_function__(func, types, args, kwargs or {})
        x = mg.ones(1).as_subclass(Never)
        mg.is_tensor(x); mg.is_storage(x); x.as_subclass(Metres)
        x + 1
        """) == "asked: add\n"  # fmt: skip


def test_a_mode_is_its_threads_and_ends_with_its_block():
    assert run(
        """
        import threading
        class Log(mg.overrides.TorchFunctionMode):
            def __torch_function__(self, func, types, args=(), kwargs=None):
                print("asked:", func.__name__)
                return func(*args, **(kwargs or {}))
        x, table = mg.ones(2), mg.tape.table()
        before = {name: getattr(table, name) for name in mg.overrides._SYNTAX}
        other = threading.Thread(target=lambda: print((x * 3 // 2).tolist(), x.sum().item()))
        try:
            with Log():
                other.start(); other.join()
                x // 2
                x.add("a")
        except TypeError as error:
            print(error)
        print(x + 1, {name: getattr(table, name) for name in before} == before)
        """,
        metres="",
    ) == (
        "[1.0, 1.0] 2.0\nasked: __floordiv__\nasked: add\n"
        "add(): argument 'other' must be Tensor or float, not str 'a'\ntensor([2., 2.]) True\n"
    )


def test_layers_that_take_others_along_ask_of_every_tensor():
    """See nn/modules/fusion.py."""
    metres = """
asked = []
class Mode(mg.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        asked.append(func.__name__)
        return func(*args, **(kwargs or {}))
class Mine(mg.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        asked.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs)
"""
    body = """
        x = mg.randn(4, 3, 2, 2)
        with Mode():
            nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())(x)
        print("mode", {"batch_norm", "relu"} <= set(asked))
        asked.clear()
        y = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())(x.as_subclass(Mine))
        print("input", type(y) is Mine, {"batch_norm", "relu"} <= set(asked))
        for name in "weight", "running_mean":
            layer = nn.BatchNorm2d(3)
            its = getattr(layer, name).detach().as_subclass(Mine)
            setattr(layer, name, nn.Parameter(its) if name == "weight" else its)
            asked.clear()
            nn.Sequential(layer, nn.ReLU())(x)
            print(name, {"batch_norm", "relu"} <= set(asked))
            model = nn.Sequential(nn.Conv2d(3, 3, 1), layer, nn.ReLU()).eval()
            asked.clear()
            with mg.no_grad():
                model(x)
            print(name, {"batch_norm", "relu"} <= set(asked))
    """
    assert run(body, metres=metres) == (
        "mode True\ninput True True\n"
        "weight True\nweight True\nrunning_mean True\nrunning_mean True\n"
    )
