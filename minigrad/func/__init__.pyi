from minigrad.func.batch import vmap as vmap
from minigrad.func.modules import (
    functional_call as functional_call,
)
from minigrad.func.modules import (
    replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_,
)
from minigrad.func.modules import (
    stack_module_state as stack_module_state,
)
from minigrad.func.transforms import (
    grad as grad,
)
from minigrad.func.transforms import (
    grad_and_value as grad_and_value,
)
from minigrad.func.transforms import (
    hessian as hessian,
)
from minigrad.func.transforms import (
    jacfwd as jacfwd,
)
from minigrad.func.transforms import (
    jacrev as jacrev,
)
from minigrad.func.transforms import (
    jvp as jvp,
)
from minigrad.func.transforms import (
    linearize as linearize,
)
from minigrad.func.transforms import (
    vjp as vjp,
)
