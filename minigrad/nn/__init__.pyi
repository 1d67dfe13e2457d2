from minigrad.nn import attention as attention
from minigrad.nn import functional as functional
from minigrad.nn import init as init
from minigrad.nn import modules as modules
from minigrad.nn import parallel as parallel
from minigrad.nn import utils as utils
from minigrad.nn.modules import *
from minigrad.nn.parallel import DataParallel as DataParallel
from minigrad.nn.parameter import Buffer as Buffer
from minigrad.nn.parameter import Parameter as Parameter
from minigrad.nn.parameter import UninitializedBuffer as UninitializedBuffer
from minigrad.nn.parameter import UninitializedParameter as UninitializedParameter
