"""Empirical neural tangent kernels of a masked language model in PyTorch, computed in several ways.

Every method takes the model as f = margin(ids, mask positions) and two lists of prompts, and returns
{formula: float64 tensor [n, m]}. Parameters are all of those that f depends on; the decoder is a parameter of its own.

    authors      Jacobian of each training batch, then one forward-mode pass for every batch of evaluation examples
    torch_func   torch.func: vmap(grad) for all examples at once, then matrix products
    hooks        inputs and output derivatives of every module by hooks, gradients and products module by module
"""
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, jvp, vmap
from torch.nn import functional as F

FORMULAS = ["sgd", "signgd", "asymmetric_signgd", "asymmetric_signgd_flipped"]

# One float32 product over all parameters of roberta-base is 4 % wrong; pieces of this length, summed in float64, are right.
PIECE = 2**16


class Margin(nn.Module):
    """f(x) = logit of the second label word − logit of the first, read at the mask: ids [B, T] → [B]."""

    def __init__(self, masked_lm, words):
        super().__init__()
        self.masked_lm, self.words = masked_lm, words

    def forward(self, ids, positions, attention=None):
        hidden = self.masked_lm.roberta(input_ids=ids, attention_mask=attention).last_hidden_state
        read = hidden.gather(1, positions.view(-1, 1, 1).expand(-1, 1, hidden.shape[-1])).squeeze(1)
        logits = self.masked_lm.lm_head(read)
        return logits[:, self.words[1]] - logits[:, self.words[0]]


def collate(prompts, pad=1):
    """Prompts as (ids, positions, attention); attention is None where nothing is padded."""
    lengths = [len(p["ids"]) for p in prompts]
    ids = torch.full((len(prompts), max(lengths)), pad)
    for row, prompt in zip(ids, prompts):
        row[: len(prompt["ids"])] = torch.tensor(prompt["ids"])
    attention = None if min(lengths) == max(lengths) else (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return ids, torch.tensor([p["maskPosition"] for p in prompts]), attention


def batches(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]


def is_key_bias(name):
    """The gradient of a key bias is zero in exact arithmetic, so its sign is noise: the methods here, except the authors', leave it out."""
    return name.endswith("attention.self.key.bias")


def zeros(formulas, n, m):
    return {formula: torch.zeros(n, m, dtype=torch.float64) for formula in formulas}


def add_products(kernels, g, h, signs=True):
    """Adds ⟨g_i, h_j⟩ to every kernel, in its formula's signs: g [n, P], h [m, P]. All formulas come from one product
    [G; sign G] · [H; sign H]ᵀ. With signs=False only the SGD kernel gets its share."""
    wanted = [f for f in kernels if signs or f == "sgd"]
    if not wanted:
        return
    left = {f: f in ("signgd", "asymmetric_signgd") for f in wanted}
    right = {f: f in ("signgd", "asymmetric_signgd_flipped") for f in wanted}
    left_kinds, right_kinds = sorted(set(left.values())), sorted(set(right.values()))
    for a, b in zip(g.split(PIECE, 1), h.split(PIECE, 1)):
        a = torch.cat([a.sign() if kind else a for kind in left_kinds])
        b = torch.cat([b.sign() if kind else b for kind in right_kinds])
        product = (a @ b.T).double().view(len(left_kinds), len(g), len(right_kinds), len(h))
        for f in wanted:
            kernels[f] += product[left_kinds.index(left[f]), :, right_kinds.index(right[f])]


# --- The authors' algorithm, written anew (without their gc.collect() after every batch) ---


def plain_parameters(margin):
    return {name: p.detach() for name, p in margin.named_parameters()}


def jacobian(margin, parameters, batch):
    """{parameter: [B, …]} by reverse mode."""
    return jacrev(lambda p: functional_call(margin, p, batch))(parameters)


def forward_products(margin, parameters, tangents, batch):
    """⟨tangent_i, ∇f(x_j)⟩ for all tangents and the batch, [tangents, B], by forward mode."""

    def slice_for(tangent):
        return jvp(lambda p: functional_call(margin, p, batch), (parameters,), (tangent,))[1]

    return vmap(slice_for)(tangents).double()


def sign_products(rows, columns):
    return sum(torch.einsum("iw,jw->ij", rows[k].sign().flatten(1).double(), columns[k].sign().flatten(1).double()) for k in rows)


def authors_row(margin, parameters, formula, outer, inner_batches):
    """The kernel of one outer batch with all inner batches; the sign, if any, is on the outer side."""
    tangents = jacobian(margin, parameters, outer)
    if formula == "asymmetric_signgd":
        tangents = {name: g.sign() for name, g in tangents.items()}
    for inner in inner_batches:
        if formula == "signgd":
            yield sign_products(tangents, jacobian(margin, parameters, inner))
        else:
            yield forward_products(margin, parameters, tangents, inner)


def authors(margin, train, evaluate, formulas, outer_size=1, inner_size=1):
    """A pass for each formula: a kernel row by row. The flipped kernel is a run with the two sides exchanged."""
    parameters = plain_parameters(margin)
    kernels = {}
    for formula in formulas:
        flipped = formula == "asymmetric_signgd_flipped"
        rows, columns = (evaluate, train) if flipped else (train, evaluate)
        inner = [collate(b) for b in batches(columns, inner_size)]
        outer = [collate(b) for b in batches(rows, outer_size)]
        kind = "asymmetric_signgd" if flipped else formula
        kernel = torch.cat([torch.cat(list(authors_row(margin, parameters, kind, batch, inner)), 1) for batch in outer])
        kernels[formula] = kernel.T if flipped else kernel
    return kernels


# --- torch.func ---


def per_example_gradients(margin, parameters, prompts):
    """{parameter: [B, …]} by vmap(grad); prompts of one length, because the model's padding code cannot be vmapped."""
    ids, positions, attention = collate(prompts)
    assert attention is None, "torch_func needs prompts of equal length"
    one = lambda p, i, at: functional_call(margin, p, (i[None], at[None]))[0]
    return vmap(grad(one), (None, 0, 0))(parameters, ids, positions)


def torch_func(margin, train, evaluate, formulas):
    parameters = plain_parameters(margin)
    g, h = (per_example_gradients(margin, parameters, prompts) for prompts in (train, evaluate))
    kernels = zeros(formulas, len(train), len(evaluate))
    for name in parameters:
        add_products(kernels, g[name].flatten(1), h[name].flatten(1), signs=not is_key_bias(name))
    return kernels


# --- Hooks ---


def record_sites(margin, prompts):
    """{module name: (module, input, derivative of f with respect to the output)} for one batched pass, both [B, T, ·]."""
    sites, handles = {}, []

    def after(name):
        def hook(module, arguments, output):
            if isinstance(module, nn.Embedding):
                output = output.detach().requires_grad_()  # the start of the graph: parameters take no part in it
            output.register_hook(lambda delta: sites.__setitem__(name, (module, arguments[0].detach(), delta)))
            return output

        return hook

    margin.requires_grad_(False)
    for name, module in margin.named_modules():
        if isinstance(module, (nn.Linear, nn.LayerNorm, nn.Embedding)):
            handles.append(module.register_forward_hook(after(name)))
    try:
        margin(*collate(prompts)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
        margin.requires_grad_(True)
    return sites


def linear_gradients(x, delta):
    return torch.bmm(delta.transpose(1, 2), x).flatten(1), delta.sum(1)


def norm_gradients(module, x, delta):
    normalized = F.layer_norm(x, module.normalized_shape, eps=module.eps)
    return (delta * normalized).sum(1), delta.sum(1)


def embedding_gradients(train, evaluate):
    """Both sides' gradients in the rows of the table that both sides use: the others are zero on one side."""
    shared = torch.tensor(sorted(set(train[0].flatten().tolist()) & set(evaluate[0].flatten().tolist())))
    used = lambda rows: (rows[:, None, :] == shared[None, :, None]).float()  # [B, shared, T]
    return [torch.bmm(used(rows.expand(len(delta), -1)), delta.expand(len(delta), -1, -1)).flatten(1) for rows, delta in (train, evaluate)]


def hooks(margin, train, evaluate, formulas):
    here, there = record_sites(margin, train), record_sites(margin, evaluate)
    kernels = zeros(formulas, len(train), len(evaluate))
    for name, (module, *site) in here.items():
        sides = [site, there[name][1:]]
        if isinstance(module, nn.Embedding):
            add_products(kernels, *embedding_gradients(*sides))
            continue
        if name.endswith("lm_head.decoder"):
            sides = [(x, delta[:, margin.words]) for x, delta in sides]  # the other rows' gradients are zero
        sides = [[t[:, None] if t.dim() == 2 else t for t in side] for side in sides]
        form = linear_gradients if isinstance(module, nn.Linear) else lambda x, delta: norm_gradients(module, x, delta)
        (g, g_bias), (h, h_bias) = (form(*side) for side in sides)
        add_products(kernels, g, h)
        add_products(kernels, g_bias, h_bias, signs=not is_key_bias(f"{name}.bias"))
    return kernels


# --- The reference ---


def reference(margin, train, evaluate):
    """All four kernels by one backward pass for each example, model and sums in float64."""
    margin.double()
    parameters = dict(margin.named_parameters())

    def gradient(prompt):
        value = margin(*collate([prompt]))[0]
        return dict(zip(parameters, torch.autograd.grad(value, list(parameters.values()))))

    rows = [gradient(prompt) for prompt in train]
    kernels = zeros(FORMULAS, len(train), len(evaluate))
    for j, prompt in enumerate(evaluate):
        column = gradient(prompt)
        for i, row in enumerate(rows):
            one = zeros(FORMULAS, 1, 1)
            for name, g in row.items():
                add_products(one, g.view(1, -1), column[name].view(1, -1), signs=not is_key_bias(name))
            for formula in FORMULAS:
                kernels[formula][i, j] = one[formula][0, 0]
    return kernels
