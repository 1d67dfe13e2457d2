"""Taking a module's state out and putting it back: one part of Module."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.attributes import RemovableHandle
from minigrad.autograd import no_grad
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor
from minigrad.utils.hooks import add_hook
from minigrad.utils.interchange import taken_in

# The key, after the module's prefix, of what get_extra_state returns.
_EXTRA_STATE = "_extra_state"


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _IncompatibleKeys(_Keys):
    """What :meth:`Module.load_state_dict` returns: two lists of keys."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class StateMixin:
    """The methods of Module that save and load its parameters and persistent buffers."""

    if TYPE_CHECKING:  # what a Module registers are attributes that no class declares

        def __getattr__(self, name: str) -> Any: ...

    def state_dict(
        self,
        *args: Any,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """Return an OrderedDict of all parameters and persistent buffers, by full name.

        Its values share memory with the module; copy them to keep them as they are.  Its attribute
        ``_metadata`` holds the version of each module's state.

        Args:
            destination: a dict to add to and return.
            prefix: what every key starts with.
            keep_vars: keep the tensors themselves rather than detached ones.

        FutureWarning where these are given by position.

        Example::

            >>> from minigrad import nn
            >>> list(nn.Sequential(nn.Linear(2, 3), nn.ReLU()).state_dict())
            ['0.weight', '0.bias']
        """
        if args:
            warnings.warn(
                "Positional args of state_dict are being deprecated, use kwargs instead.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            return self.state_dict(
                **{"destination": destination, "prefix": prefix, "keep_vars": keep_vars, **given}
            )
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            if hook(self, destination, prefix, metadata) is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Write this module's own state, not that of its submodules, into ``destination``."""
        for name, value in self._own_state().items():
            destination[prefix + name] = value if keep_vars else value.detach()
        if type(self).get_extra_state is not StateMixin.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def _own_state(self):
        """Return this module's own parameters and persistent buffers by name."""
        persistent = self._names["buffer"]
        state = dict(self._parameters)
        state.update((name, self._buffers[name]) for name in persistent if persistent[name])
        return {name: value for name, value in state.items() if value is not None}

    def get_extra_state(self) -> Any:
        """Return what this module wants in its ``state_dict`` besides tensors.

        A subclass that defines it also defines :meth:`set_extra_state`.
        """
        raise RuntimeError(f"{self._get_name()} defines set_extra_state but not get_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Take back what :meth:`get_extra_state` returned when the state was saved."""
        raise RuntimeError(f"{self._get_name()} defines get_extra_state but not set_extra_state")

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy the tensors of ``state_dict`` into the parameters and buffers of the same names.

        Args:
            state_dict: mapping from full names to tensors, as :meth:`state_dict` returns it.  NumPy
                arrays, torch's tensors and others that speak DLPack are taken as well.
            strict: whether missing and unexpected keys are an error.
            assign: put the given tensors themselves in place, with their dtypes, instead of copying
                from them.  An optimizer made before then holds parameters no longer in use.

        Returns a named tuple ``(missing_keys, unexpected_keys)``.

        Raises TypeError if ``state_dict`` is no mapping, and RuntimeError with all that was wrong:
        missing and unexpected keys (if ``strict``), shapes that differ, values that are no tensors.

        Example::

            >>> from minigrad import nn
            >>> nn.Linear(2, 3).load_state_dict(nn.Linear(2, 3).state_dict())
            <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing_keys: list[str] = []
        unexpected_keys: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", {})
        state_dict = OrderedDict(  # of our own: hooks may change it
            (key, taken_in(value, repr(key))) for key, value in state_dict.items()
        )
        state_dict._metadata = metadata  # type: ignore[attr-defined]

        def load(module, prefix):
            local_metadata = dict(metadata.get(prefix[:-1], {}))
            if assign:
                local_metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(
                state_dict, prefix, local_metadata, True, missing_keys, unexpected_keys, errors
            )
            for name, child in module._modules.items():
                if child is not None:
                    load(child, f"{prefix}{name}.")
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, _IncompatibleKeys(missing_keys, unexpected_keys)) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                        "expected to return new values; change incompatible_keys in place."
                    )

        load(self, "")
        if strict:
            if unexpected_keys:
                errors.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected_keys)}. ")
            if missing_keys:
                errors.insert(0, f"Missing key(s) in state_dict: {_quoted(missing_keys)}. ")
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {self._get_name()}:\n\t{listed}"
            )
        return _IncompatibleKeys(missing_keys, unexpected_keys)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Load this module's own state, not that of its submodules, from keys with ``prefix``.

        A layer overrides this to upgrade the state of an older ``local_metadata["version"]``, and
        then calls it.  Problems are appended to the three lists, never raised.
        """
        for hook, with_module in self._load_state_dict_pre_hooks.values():
            hook(
                *((self,) if with_module else ()), state_dict, prefix, local_metadata, strict,
                missing_keys, unexpected_keys, error_msgs,
            )  # fmt: skip
        assign = local_metadata.get("assign_to_params_buffers", False)
        own_state = self._own_state()
        for name, target in own_state.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_one(name, target, key, state_dict[key], assign)
                if error is not None:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)

        expected = set(own_state)
        if type(self).set_extra_state is not StateMixin.set_extra_state:
            expected.add(_EXTRA_STATE)
            if prefix + _EXTRA_STATE in state_dict:
                self.set_extra_state(state_dict[prefix + _EXTRA_STATE])
            elif strict:
                missing_keys.append(prefix + _EXTRA_STATE)
        if not strict:
            return
        for key in state_dict:
            if key.startswith(prefix):
                name, dot, _ = key[len(prefix) :].partition(".")
                if name not in (self._modules if dot else expected):
                    unexpected_keys.append(key)

    def _load_one(self, name, target, key, value, assign):
        """Load ``value`` into the parameter or buffer ``target``; return what is wrong, or None."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected a Tensor from '
                f"checkpoint but received {type(value)}"
            )
        if target.ndim == 0 and value.shape == (1,):  # how scalars were saved long ago
            value = value[0]
        if value.shape != target.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {target.shape}."
            )
        try:
            if not assign:
                with no_grad():
                    target.copy_(value)
                return None
            if isinstance(target, Parameter):
                if isinstance(value, Parameter):
                    value.requires_grad_(target.requires_grad)
                else:
                    value = Parameter(value, target.requires_grad)
            setattr(self, name, value)
        except Exception as error:  # the others are loaded still, as from any state with errors
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{target.shape} and whose dimensions in the checkpoint are {value.shape}, an "
                f"exception occurred : {error.args}."
            )
        return None

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(module, prefix, keep_vars)`` before :meth:`state_dict`; return a handle."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(module, state_dict, prefix, local_metadata)`` after :meth:`state_dict`.

        It may change ``state_dict`` in place, and returns None.  Returns a handle.
        """
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook`` before this module's own state is loaded; return a handle.

        Called as ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)``; it may change ``state_dict`` in place.
        """
        return add_hook(self._load_state_dict_pre_hooks, (hook, True))

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        """The same, and unless ``with_module`` the hook is called without the module."""
        return add_hook(self._load_state_dict_pre_hooks, (hook, with_module))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(module, incompatible_keys)`` after the state is loaded; return a handle.

        It may change the lists in ``incompatible_keys`` in place, and returns None.
        """
        return add_hook(self._load_state_dict_post_hooks, hook)


def _quoted(keys):
    return ", ".join(f'"{key}"' for key in keys)
