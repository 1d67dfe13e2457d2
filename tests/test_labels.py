"""The name of ``grad_fn`` is torch's, also for ops that are made of others: programs print it."""

import gc

import pytest

import minigrad

NAMED = """
X[0] SelectBackward0
X[:,1] SelectBackward0
X[1:] SliceBackward0
X[:,None] UnsqueezeBackward0
X[...] AliasBackward0
X[I] IndexBackward0
X%2 RemainderBackward0
X%S RemainderBackward1
T.fmod(X,S) FmodBackward1
X.masked_fill(X>0,T.tensor(2.0)) MaskedFillBackward1
X.index_fill(0,I,T.tensor(2.0)) IndexFillBackward1
X.round(decimals=1) RoundBackward1
X.sort(stable=True)[0] SortBackward1
X[:1].squeeze((0,)) SqueezeBackward2
X.scatter_reduce(0,T.zeros(3,3,dtype=T.int64),S,'amax') ScatterReduceBackward0
X.scatter_reduce(0,T.zeros(3,3,dtype=T.int64),S,'mean') ScatterReduceBackward0
F.cross_entropy(X,S.detach()) DivBackward1
F.cross_entropy(X,S.detach(),reduction='none') NegBackward0
F.grid_sample(P,T.zeros(1,2,2,2),align_corners=True) GridSampler2DBackward0
F.channel_shuffle(X[None],3) ChannelShuffleBackward0
T.block_diag(X,X) BlockDiagBackward0
T.renorm(X,2,0,1) RenormBackward0
T.vdot(X[0],X[0]) VdotBackward0
T.matrix_exp(X) LinalgMatrixExpBackward0
T.logdet(T.eye(3)+S*0) WhereBackward0
T.cholesky_solve(X,T.eye(3)+S*0) CholeskySolveBackward0
T.cholesky_inverse(T.eye(3)+S*0) CholeskyInverseBackward0
X.squeeze() SqueezeBackward0
X[:1].squeeze(0) SqueezeBackward1
X.unsqueeze(0) UnsqueezeBackward0
X.repeat(2,1) RepeatBackward0
X.tril() TrilBackward0
X.triu() TriuBackward0
X.trace() TraceBackward0
X.index_select(0,I) IndexSelectBackward0
X.index_add(0,I,X) IndexAddBackward0
X.take(I) TakeBackward0
X.sort()[0] SortBackward0
X.topk(2)[0] TopkBackward0
X.kthvalue(2)[0] KthvalueBackward0
X.mv(X[0]) MvBackward0
X[0].dot(X[0]) DotBackward0
T.stack([X,X]) StackBackward0
T.addmm(X,X,X) AddmmBackward0
T.baddbmm(X[None],X[None],X[None]) BaddbmmBackward0
F.linear(X,X,X[0]) AddmmBackward0
F.conv_transpose2d(P,P) ConvolutionBackward0
F.conv1d(X[None],X[None]) ConvolutionBackward0
F.conv1d(X,X[None]) SqueezeBackward1
F.conv2d(P[0],P) SqueezeBackward1
F.conv3d(P[None],P[None]) ConvolutionBackward0
F.conv_transpose1d(X[None],X[:,None]) ConvolutionBackward0
F.max_pool1d(X,2) SqueezeBackward1
F.avg_pool1d(X[None],2) SqueezeBackward1
F.avg_pool3d(P[None],1) AvgPool3DBackward0
F.max_pool3d(P[None],1) MaxPool3DWithIndicesBackward0
F.adaptive_max_pool2d(P,2) AdaptiveMaxPool2DBackward0
F.adaptive_avg_pool2d(P[0],2) AdaptiveAvgPool2DBackward0
F.interpolate(P,scale_factor=2) UpsampleNearest2DBackward0
F.interpolate(P,scale_factor=2,mode='bilinear') UpsampleBilinear2DBackward0
F.interpolate(X[None],scale_factor=2,mode='linear') UpsampleLinear1DBackward0
F.interpolate(P,scale_factor=2,mode='bicubic',antialias=True) UpsampleBicubic2DAaBackward0
F.scaled_dot_product_attention(P,P,P) ScaledDotProductFlashAttentionForCpuBackward0
F.cosine_embedding_loss(X,S,X[0].detach().sign(),reduction='none') AddBackward0
F.pairwise_distance(X,S) NormBackward1
F.pdist(X) PdistBackward0
T.cdist(X,S,p=1) CdistBackward0
T.linalg.cross(X,S) LinalgCrossBackward0
T.linalg.eigh(X[None])[0] LinalgEighBackward0
T.linalg.svd(X[None])[1] LinalgSvdBackward0
T.linalg.solve(T.eye(3)+S,X[0]) LinalgSolveExBackward0
T.addmv(X[0],X,X[0]) AddmvBackward0
T.addr(X,X[0],X[0]) AddrBackward0
X.median(0)[0] MedianBackward1
X.cummax(0)[0] CummaxBackward0
T.std_mean(X)[1] StdMeanBackward0
T.var_mean(X,0)[0] VarMeanBackward0
X.mT TransposeBackward0
X.H TransposeBackward0
X.rot90() Rot90Backward0
X.deg2rad() Deg2RadBackward0
X.fmax(S) FmaxBackward0
T.diag_embed(X) DiagEmbedBackward0
T.diag(X[0]) DiagEmbedBackward0
T.diagonal_scatter(X,X[0]) DiagonalScatterBackward0
T.select_scatter(X,X[0],0,1) SelectScatterBackward0
T.slice_scatter(X,X[:1],0,0,1) SliceScatterBackward0
X.index_fill(0,I[:1],2.) IndexFillBackward0
F.rrelu(X,training=True) RreluWithNoiseBackward0
F.layer_norm(X,(3,),X[0],X[0]) NativeLayerNormBackward0
F.group_norm(X,1) NativeGroupNormBackward0
F.embedding(I,X) EmbeddingBackward0
F.embedding_bag(I[None],X) EmbeddingBagBackward0
F.pixel_shuffle(X.reshape(1,9,1,1),3) PixelShuffleBackward0
F.unfold(P,1) Im2ColBackward0
F.selu(X) EluBackward0
F.celu(X) CeluBackward0
F.mish(X) MishBackward0
F.glu(X[:,:2]) GluBackward0
F.hardshrink(X) HardshrinkBackward0
F.softshrink(X) SoftshrinkBackward0
F.threshold(X,0,0) ThresholdBackward0
F.prelu(X,X[0,:1]) PreluKernelBackward0
F.cross_entropy(X,I) NllLossBackward0
F.mse_loss(X,2*X) MseLossBackward0
F.mse_loss(X,2*X,reduction='none') MseLossBackward0
F.smooth_l1_loss(X,2*X) SmoothL1LossBackward0
F.huber_loss(X,2*X) HuberLossBackward0
F.binary_cross_entropy(S,S.detach()) BinaryCrossEntropyBackward0
F.binary_cross_entropy_with_logits(X,S.detach()) BinaryCrossEntropyWithLogitsBackward0
F.soft_margin_loss(X,S.detach()) SoftMarginLossBackward0
F.multi_margin_loss(X,I) MultiMarginLossBackward0
F.multilabel_margin_loss(X,I.expand(3,3)) MultilabelMarginLossBackward0
X@T.ones(3,3) MmBackward0
X[None]@X[None] UnsafeViewBackward0
X.expand(2,3,3)@X UnsafeViewBackward0
F.linear(X.expand(2,3,3),X) UnsafeViewBackward0
2/X MulBackward0
1/(1+(-X).exp()) MulBackward0
X.clamp_min(1) ClampMinBackward0
X.unique() Unique2Backward0
X.unique(dim=0,return_inverse=True)[0] UniqueDimBackward0
X.unique_consecutive() UniqueConsecutiveBackward0
X.histogram(3)[0] torch::autograd::NotImplemented
T.bincount(I,X[0]) torch::autograd::NotImplemented
T.heaviside(X,X) torch::autograd::NotImplemented
T.geqrf(X)[1] GeqrfBackward0
T.slogdet(X)[0] LinalgSlogdetBackward0
T.linalg.cholesky_ex(-X)[0] LinalgCholeskyExBackward0
T.linalg.lstsq(X,X)[1] LinalgLstsqBackward0
X.mode()[0] ModeBackward0
T.poisson(X) PoissonBackward0
T.binomial(X,S) torch::autograd::NotImplemented
T.bernoulli(S) BernoulliBackward0
S.bernoulli(0.5) torch::autograd::NotImplemented
T.normal(X,1.0) NormalBackward1
T.normal(1.0,X) NormalBackward2
T.normal(X,X) NormalBackward3
T.zeros(3,3).bernoulli_(S) BernoulliBackward1
S.bernoulli_(0.5) BernoulliBackward2
S.normal_() NormalBackward0
S.uniform_() UniformBackward0
S.exponential_() ExponentialBackward0
S.geometric_(0.5) GeometricBackward0
S.cauchy_() CauchyBackward0
S.log_normal_() LogNormalBackward0
S.random_() RandomBackward2
S.random_(5) RandomBackward1
S.random_(0,5) RandomBackward0
S.fill_(1) FillBackward2
S.zero_() ZeroBackward0
F.dropout1d(X,training=False) SqueezeBackward1
F.dropout3d(X[None,None],training=False) SqueezeBackward1
X.clamp_max(2*X) ClampMaxBackward1
"""
CASES = [line.rsplit(maxsplit=1) for line in NAMED.strip().splitlines()]


def grad_fn_name(library, expression):
    x = library.arange(9.0).reshape(3, 3).requires_grad_()
    names = {
        "T": library,
        "F": library.nn.functional,
        "X": x,
        "S": x.sigmoid(),
        "P": x.reshape(1, 1, 3, 3),
        "I": library.tensor([2, 0, 1]),
    }
    return eval(expression, names).grad_fn.name()


@pytest.mark.parametrize(("expression", "name"), CASES, ids=[case[0] for case in CASES])
def test_grad_fn_has_torchs_name(expression, name):
    assert grad_fn_name(minigrad, expression) == name


def test_the_names_are_torchs(torch):
    found = {expression: grad_fn_name(torch, expression) for expression, _ in CASES}
    assert found == dict(CASES)


def test_the_class_of_grad_fn_bears_its_name():
    x = minigrad.ones(2, 2, requires_grad=True)
    y = (x * 2).exp()
    node = y.grad_fn
    assert type(node).__name__ == "ExpBackward0" and str(type(node)) == "<class 'ExpBackward0'>"
    assert repr(node).startswith("<ExpBackward0 object at 0x")
    assert type(node.next_functions[0][0]).__name__ == "MulBackward0"
    assert type(node.next_functions[0][0].next_functions[0][0]).__name__ == "AccumulateGrad"
    assert type(x.exp().grad_fn) is type(node) and y.grad_fn is node
    (a, b), values = x.unbind(), x.max(dim=0).values
    assert type((a + b).grad_fn.next_functions[1][0]).__name__ == "UnbindBackward0"
    assert isinstance(values.grad_fn, minigrad.autograd.graph.Node)
    y.sum().backward()
    assert (x.grad - 2 * y).abs().max() == 0
    del node, y, a, b, values
    gc.collect()  # nodes of such a class are taken apart like others
    z = x
    for _ in range(20_000):
        z = z + 1
        assert type(z.grad_fn).__name__ == "AddBackward0"
    del z


def test_the_class_of_a_functions_node_bears_its_name():
    class Twice(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    y = Twice.apply(minigrad.ones(2, requires_grad=True))
    assert type(y.grad_fn).__name__ == "TwiceBackward" and y.grad_fn.name() == "TwiceBackward"
    assert type(y.grad_fn)._forward_cls is Twice


def test_the_loss_of_a_layer_comes_from_the_layer():
    layer = minigrad.nn.Linear(3, 2)
    loss = minigrad.nn.MSELoss()(layer(minigrad.ones(4, 3)), minigrad.zeros(4, 2))
    assert loss.grad_fn.next_functions[0][0].name() == "AddmmBackward0"


# Programs, and the tape that torch shows of each.
TAPES = """
F.linear(X,X,X[0]) Addmm(Select(A),A,T(A))
F.linear(X,X) Mm(A,T(A))
F.linear(X[None],X) UnsafeView(Mm(View(Unsqueeze(A)),T(A)))
F.relu(F.linear(X.detach(),X,X[0])) Relu(Addmm(Select(A),-,T(A)))
F.cross_entropy(X,I) NllLoss(LogSoftmax(A))
F.cross_entropy(F.linear(X,X),I,weight=X[0].detach()) NllLoss(LogSoftmax(Mm(A,T(A))))
F.nll_loss(X.log_softmax(1),I) NllLoss(LogSoftmax(A))
F.binary_cross_entropy(X.sigmoid(),S.detach()) BinaryCrossEntropy(Sigmoid(A),-)
F.binary_cross_entropy(S,S.detach(),weight=X.detach()) BinaryCrossEntropy(Sigmoid(A),-)
L(X,S.detach()) BinaryCrossEntropyWithLogits(A,-)
L(X,S,pos_weight=X[0].detach()) BinaryCrossEntropyWithLogits(A,Sigmoid(A))
F.mse_loss(X,S) MseLoss(A,Sigmoid(A))
F.smooth_l1_loss(X,S) SmoothL1Loss(A,Sigmoid(A))
F.huber_loss(X,S.detach(),reduction='sum') HuberLoss(A,-)
"""
DRAWN = [line.split(maxsplit=1) for line in TAPES.strip().splitlines()]


def drawn(node):
    """Return the tape below a node: its name, and in brackets those its gradients go to."""
    if node is None:
        return "-"
    below = ",".join(drawn(end) for end, _ in node.next_functions)
    name = node.name().removesuffix("Backward0")
    return "A" if name.endswith("AccumulateGrad") else f"{name}({below})"


def tape_of(library, expression):
    x = library.arange(9.0).reshape(3, 3).requires_grad_()
    index = library.tensor([2, 0, 1])
    names = {"F": library.nn.functional, "X": x, "S": x.sigmoid(), "I": index}
    names["L"] = library.nn.functional.binary_cross_entropy_with_logits
    return drawn(eval(expression, names).grad_fn)


@pytest.mark.parametrize(("expression", "tape"), DRAWN, ids=[case[0] for case in DRAWN])
def test_the_tape_of_a_layer_or_loss_is_torchs(expression, tape):
    assert tape_of(minigrad, expression) == tape


def test_those_tapes_are_torchs(torch):
    assert {expression: tape_of(torch, expression) for expression, _ in DRAWN} == dict(DRAWN)


# Writes through a view of a tensor Y = 2 X, and the tape of Y afterwards.
WRITES = """
Y[0]=5 CopySlices(Mul(A,-),-)
Y[0]=X[1] CopySlices(Mul(A,-),Select(A))
Y[1:]+=X[1:] CopySlices(CopySlices(Mul(A,-),Slice(A)),AsStrided(CopySlices(Mul(A,-),Slice(A))))
Y[1:].mul_(X[0]) CopySlices(Mul(A,-),Select(A))
Y[1].add_(1) CopySlices(Mul(A,-),-)
Y[1].exp_() CopySlices(Mul(A,-))
Y.view(9)[1:].copy_(X.sum()) CopySlices(Mul(A,-),Sum(A))
"""
WRITTEN = [line.split() for line in WRITES.strip().splitlines()]


def tape_after(library, statement):
    x = library.arange(9.0).reshape(3, 3).requires_grad_()
    names = {"X": x, "Y": x * 2}
    exec(statement, names)
    return drawn(names["Y"].grad_fn).replace("torch::autograd::", "")


@pytest.mark.parametrize(("statement", "tape"), WRITTEN, ids=[case[0] for case in WRITTEN])
def test_the_tape_after_a_write_through_a_view_is_torchs(statement, tape):
    assert tape_after(minigrad, statement) == tape


def test_those_tapes_are_torchs_too(torch):
    assert {statement: tape_after(torch, statement) for statement, _ in WRITTEN} == dict(WRITTEN)


def test_a_part_of_a_node_is_one_object_and_has_no_backward_alone():
    w = minigrad.ones(2, 2, requires_grad=True)
    y = minigrad.nn.functional.linear(minigrad.ones(1, 2), w)
    part = y.grad_fn.next_functions[1][0]
    assert part is y.grad_fn.next_functions[1][0] and type(part).__name__ == "TBackward0"
    edge = minigrad.autograd.graph.GradientEdge(part, 0)
    with pytest.raises(RuntimeError, match="TBackward0 is a part of MmBackward0"):
        minigrad.autograd.backward(edge, minigrad.ones(2, 2))
    y.sum().backward()
    assert w.grad.tolist() == [[1, 1], [1, 1]]


def test_results_without_a_derivative():
    x = minigrad.ones(3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="the derivative for '_unique2' is not"):
        x.unique().sum().backward()
    for y in (x.histogram(2)[0], minigrad.binomial(x, x), x.bernoulli(0.5)):
        with pytest.raises(RuntimeError, match="derivative for aten::"):
            y.sum().backward()
    drawn_from_x = (minigrad.poisson(x), minigrad.bernoulli(x), minigrad.normal(x, x))
    sum(drawn_from_x).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]
    for name in ("weight", "pos_weight"):
        loss = minigrad.nn.functional.binary_cross_entropy_with_logits
        with pytest.raises(RuntimeError, match=f"not differentiable with respect to .*'{name}'"):
            loss(x, x.detach(), **{name: x})


def test_an_input_that_comes_back_keeps_its_name():
    x = minigrad.ones(2, requires_grad=True) * 2
    minigrad.nn.functional.dropout(x, 0.0)
    assert x.grad_fn.name() == "MulBackward0"
    assert x.squeeze().grad_fn.name() == "SqueezeBackward0"


def test_gather_and_scatter_take_one_index_without_dimensions():
    x, i = minigrad.arange(3.0), minigrad.tensor(1)
    assert x.gather(0, i).shape == () and x.gather(0, i).item() == 1
    assert x.scatter(0, i, 5.0).tolist() == [0, 5, 2]
    assert x.scatter(0, i, minigrad.tensor(7.0)).tolist() == [0, 7, 2]
    assert x.scatter_add(0, i, minigrad.tensor(2.0)).tolist() == [0, 3, 2]


# ---------------------------------------------------------------- of derivatives

# What is differentiated, and for each derivative the name of its grad_fn, until it has none.
DERIVATIVES = """
x**2 Mul Mul -
x**3 Mul Mul Mul -
x**4+x Add Mul Mul Mul -
x*x Add -
2/x Mul Mul Mul Mul Mul Mul
x.sin() Mul Mul Mul Mul Mul Mul
x.exp() Mul Mul Mul Mul Mul Mul
x.tanh() TanhBackward TanhBackward TanhBackward TanhBackward TanhBackward TanhBackward
x.sigmoid() SigmoidBackward SigmoidBackward
x.relu() ThresholdBackward ThresholdBackward ThresholdBackward
F.leaky_relu(x) LeakyReluBackward -
F.hardtanh(x) HardtanhBackward -
F.relu6(x) HardtanhBackward -
F.hardshrink(x) HardshrinkBackward -
F.softshrink(x) SoftshrinkBackward -
F.elu(x) EluBackward
F.selu(x) EluBackward
F.gelu(x) GeluBackward
F.softplus(x) SoftplusBackward
F.logsigmoid(x) LogSigmoidBackward
F.hardswish(x) HardswishBackward -
F.mse_loss(x,T.zeros(())) MseLossBackward -
F.binary_cross_entropy(x,T.zeros(())) BinaryCrossEntropyBackward
x.expand(3).exp().sum() Sum Sum Sum
"""
CHAINS = [line.split(maxsplit=1) for line in DERIVATIVES.strip().splitlines()]


def names_of_derivatives(library, expression, count):
    x = library.tensor(0.4, requires_grad=True)
    y, names = eval(expression, {"T": library, "F": library.nn.functional, "x": x}), []
    for _ in range(count):
        (y,) = library.autograd.grad(y, x, create_graph=True)
        names.append(y.grad_fn.name().removesuffix("Backward0") if y.requires_grad else "-")
    return names


@pytest.mark.parametrize(("expression", "names"), CHAINS, ids=[case[0] for case in CHAINS])
def test_derivatives_have_torchs_names_and_end_where_they_do(expression, names):
    names = names.split()
    assert names_of_derivatives(minigrad, expression, len(names)) == names


def test_those_names_are_torchs(torch):
    for expression, names in CHAINS:
        names = names.split()
        assert names_of_derivatives(torch, expression, len(names)) == names, expression


def test_a_number_over_a_tensor_has_torchs_bits(torch):
    values = [0.1 * k for k in range(1, 200)]
    assert (3 / minigrad.tensor(values)).tolist() == (3 / torch.tensor(values)).tolist()
    assert (2 / minigrad.tensor([1, 4])).tolist() == [2.0, 0.5]
