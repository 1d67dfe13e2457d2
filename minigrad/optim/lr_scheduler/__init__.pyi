from minigrad.optim.lr_scheduler.combined import (
    ChainedScheduler as ChainedScheduler,
)
from minigrad.optim.lr_scheduler.combined import (
    SequentialLR as SequentialLR,
)
from minigrad.optim.lr_scheduler.cyclic import (
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
)
from minigrad.optim.lr_scheduler.cyclic import (
    CyclicLR as CyclicLR,
)
from minigrad.optim.lr_scheduler.one_cycle import OneCycleLR as OneCycleLR
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau as ReduceLROnPlateau
from minigrad.optim.lr_scheduler.scheduler import (
    LRScheduler as LRScheduler,
)
from minigrad.optim.lr_scheduler.scheduler import (
    _LRScheduler as _LRScheduler,
)
from minigrad.optim.lr_scheduler.schedules import (
    ConstantLR as ConstantLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    CosineAnnealingLR as CosineAnnealingLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    ExponentialLR as ExponentialLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    LambdaLR as LambdaLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    LinearLR as LinearLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    MultiplicativeLR as MultiplicativeLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    MultiStepLR as MultiStepLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    PolynomialLR as PolynomialLR,
)
from minigrad.optim.lr_scheduler.schedules import (
    StepLR as StepLR,
)
