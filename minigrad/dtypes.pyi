from typing import Any

class dtype:
    name: str
    numpy: Any
    num: int
    category: int
    itemsize: int
    is_floating_point: bool
    is_signed: bool
    is_complex: bool
    def __init__(self, name: str, numpy_dtype: Any) -> None: ...

float16: dtype
float32: dtype
float64: dtype
uint8: dtype
int8: dtype
int16: dtype
int32: dtype
int64: dtype
bool_: dtype
all_dtypes: tuple[dtype, ...]

def get_default_dtype() -> dtype: ...
def set_default_dtype(d: dtype) -> None: ...
def as_dtype_(given: Any) -> dtype: ...
def promote_types(type1: dtype, type2: dtype) -> dtype: ...
