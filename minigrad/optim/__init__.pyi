from minigrad.optim import (
    lr_scheduler as lr_scheduler,
)
from minigrad.optim import (
    swa_utils as swa_utils,
)
from minigrad.optim.adafactor import Adafactor as Adafactor
from minigrad.optim.adagrad import (
    Adadelta as Adadelta,
)
from minigrad.optim.adagrad import (
    Adagrad as Adagrad,
)
from minigrad.optim.adam import Adam as Adam
from minigrad.optim.adamax import (
    Adamax as Adamax,
)
from minigrad.optim.adamax import (
    NAdam as NAdam,
)
from minigrad.optim.adamax import (
    RAdam as RAdam,
)
from minigrad.optim.adamw import AdamW as AdamW
from minigrad.optim.lbfgs import LBFGS as LBFGS
from minigrad.optim.muon import Muon as Muon
from minigrad.optim.optimizer import Optimizer as Optimizer
from minigrad.optim.rmsprop import RMSprop as RMSprop
from minigrad.optim.rprop import (
    ASGD as ASGD,
)
from minigrad.optim.rprop import (
    Rprop as Rprop,
)
from minigrad.optim.sgd import SGD as SGD
