"""Empirical neural tangent kernels of a masked language model in PyTorch, computed in several ways.

Every method takes the model as f = margin(ids, mask positions) and two lists of prompts, and returns
{formula: float64 tensor [n, m]}. Parameters are all of those that f depends on; the decoder is a parameter of its own.

    authors      Jacobian of each training batch, then one forward-mode pass for every batch of evaluation examples
    torch_func   torch.func: vmap(grad) for all examples at once, then matrix products
    hooks        inputs and output derivatives of every module by hooks, gradients and products module by module
    hand         forward and backward pass written out, products on oneDNN, the last layer at the mask only
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


def matrix_product(a, b):
    """A · Bᵀ by PyTorch's default library."""
    return a @ b.T


def add_products(kernels, g, h, signs=True, multiply=matrix_product):
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
        product = multiply(a, b).double().view(len(left_kinds), len(g), len(right_kinds), len(h))
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


def outer_gradients(margin, parameters, formula, batch):
    gradients = jacobian(margin, parameters, batch)
    return {name: g.sign() for name, g in gradients.items()} if formula == "asymmetric_signgd" else gradients


def inner_step(margin, parameters, formula, gradients, batch):
    """One block of the kernel, [outer, inner]; the sign of "asymmetric_signgd" is on the outer side."""
    if formula == "signgd":
        return sign_products(gradients, jacobian(margin, parameters, batch))
    return forward_products(margin, parameters, gradients, batch)


def authors(margin, train, evaluate, formulas, outer_size=1, inner_size=1):
    """A pass for each formula: a kernel row by row. The flipped kernel is a run with the two sides exchanged."""
    parameters = plain_parameters(margin)
    kernels = {}
    for formula in formulas:
        flipped = formula == "asymmetric_signgd_flipped"
        rows, columns = (evaluate, train) if flipped else (train, evaluate)
        kind = "asymmetric_signgd" if flipped else formula
        inner = [collate(b) for b in batches(columns, inner_size)]
        blocks = []
        for outer in batches(rows, outer_size):
            gradients = outer_gradients(margin, parameters, kind, collate(outer))
            blocks.append(torch.cat([inner_step(margin, parameters, kind, gradients, batch) for batch in inner], 1))
        kernel = torch.cat(blocks)
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


# --- Hand-structured ---


def linear(x, weight, bias=None):
    """x Wᵀ + b on oneDNN, which is faster than PyTorch's default library on some processors."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def norm_forward(x, weight, bias, epsilon):
    output, mean, deviation = torch.native_layer_norm(x, [x.shape[-1]], weight, bias, epsilon)
    return output, (x, mean, deviation)


def hand(margin, train, evaluate, formulas):
    """One forward and one backward pass over both sides together. At each place where parameters enter, both sides'
    gradients are formed in slices and multiplied at once. Prompts of one length."""
    ids, positions, attention = collate(train + evaluate)
    assert attention is None, "hand needs prompts of equal length"
    config, n = margin.masked_lm.config, len(train)
    heads, depth = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    p = {name.removeprefix("masked_lm."): value.detach() for name, value in margin.named_parameters()}
    kernels = zeros(formulas, n, len(evaluate))

    def add(gradients, signs=True):
        add_products(kernels, gradients[:n], gradients[n:], signs, multiply=linear)

    def linear_site(x, delta, key_bias=False):
        rows = max(1, 4 * PIECE // x.shape[-1])
        columns = x.transpose(1, 2).contiguous()
        for part in delta.transpose(1, 2).contiguous().split(rows, 1):
            gradients = torch.empty(len(x), part.shape[1] * x.shape[-1])
            for i in range(len(x)):
                gradients[i] = linear(part[i], columns[i]).view(-1)
            add(gradients)
        add(delta.sum(1), signs=not key_bias)

    def norm_site(trace, delta, weight):
        x, mean, deviation = trace
        add((delta * (x - mean) * deviation).sum(1))
        add(delta.sum(1))
        return torch.ops.aten.native_layer_norm_backward(delta, x, [x.shape[-1]], mean, deviation, weight, None, [True, False, False])[0]

    def split(x):
        return x.view(len(x), x.shape[1], heads, depth).transpose(1, 2)

    def merge(x):
        return x.transpose(1, 2).reshape(len(x), x.shape[2], heads * depth)

    def read(x):
        return x.gather(1, positions.view(-1, 1, 1).expand(-1, 1, x.shape[-1]))

    name = "roberta.embeddings."
    rows = torch.arange(ids.shape[1]) + config.pad_token_id + 1
    x = p[name + "word_embeddings.weight"][ids] + p[name + "position_embeddings.weight"][rows] + p[name + "token_type_embeddings.weight"][0]
    x, embedding_trace = norm_forward(x, p[name + "LayerNorm.weight"], p[name + "LayerNorm.bias"], config.layer_norm_eps)

    layers = []
    for layer in range(config.num_hidden_layers):
        w = {k.removeprefix(f"roberta.encoder.layer.{layer}."): v for k, v in p.items() if k.startswith(f"roberta.encoder.layer.{layer}.")}
        rows_in = read(x) if layer == config.num_hidden_layers - 1 else x
        q, k, v = (split(linear(z, w[f"attention.self.{part}.weight"], w[f"attention.self.{part}.bias"])) for part, z in (("query", rows_in), ("key", x), ("value", x)))
        q = q * depth**-0.5
        weights = (q @ k.transpose(2, 3)).softmax(-1)
        context = merge(weights @ v)
        attended = linear(context, w["attention.output.dense.weight"], w["attention.output.dense.bias"]) + rows_in
        middle, middle_trace = norm_forward(attended, w["attention.output.LayerNorm.weight"], w["attention.output.LayerNorm.bias"], config.layer_norm_eps)
        u = linear(middle, w["intermediate.dense.weight"], w["intermediate.dense.bias"])
        activation = F.gelu(u)
        fed = linear(activation, w["output.dense.weight"], w["output.dense.bias"]) + middle
        output, output_trace = norm_forward(fed, w["output.LayerNorm.weight"], w["output.LayerNorm.bias"], config.layer_norm_eps)
        layers.append((w, x, rows_in, q, k, v, weights, context, middle_trace, middle, u, activation, output_trace))
        x = output

    dense = linear(x, p["lm_head.dense.weight"], p["lm_head.dense.bias"])
    z, head_trace = norm_forward(F.gelu(dense), p["lm_head.layer_norm.weight"], p["lm_head.layer_norm.bias"], config.layer_norm_eps)
    add(torch.cat([-z[:, 0], z[:, 0]], 1))  # the decoder's two rows
    add(torch.tensor([[-1.0, 1.0]]).expand(len(ids), 2))  # and biases
    words = p["lm_head.decoder.weight"][margin.words]
    delta = norm_site(head_trace, (words[1] - words[0]).expand_as(z), p["lm_head.layer_norm.weight"])
    delta = torch.ops.aten.gelu_backward(delta, dense)
    linear_site(x, delta)
    delta = linear(delta, p["lm_head.dense.weight"].T)

    while layers:
        w, x, rows_in, q, k, v, weights, context, middle_trace, middle, u, activation, output_trace = layers.pop()
        d_fed = norm_site(output_trace, delta, w["output.LayerNorm.weight"])
        linear_site(activation, d_fed)
        d_u = torch.ops.aten.gelu_backward(linear(d_fed, w["output.dense.weight"].T), u)
        linear_site(middle, d_u)
        d_attended = norm_site(middle_trace, d_fed + linear(d_u, w["intermediate.dense.weight"].T), w["attention.output.LayerNorm.weight"])
        linear_site(context, d_attended)
        d_context = split(linear(d_attended, w["attention.output.dense.weight"].T))
        d_weights = d_context @ v.transpose(2, 3)
        d_scores = torch.ops.aten._softmax_backward_data(d_weights, weights, -1, torch.float32)
        d_q, d_k, d_v = merge(d_scores @ k) * depth**-0.5, merge(d_scores.transpose(2, 3) @ q), merge(weights.transpose(2, 3) @ d_context)
        linear_site(rows_in, d_q)
        linear_site(x, d_k, key_bias=True)
        linear_site(x, d_v)
        d_rows = d_attended + linear(d_q, w["attention.self.query.weight"].T)
        delta = linear(d_k, w["attention.self.key.weight"].T) + linear(d_v, w["attention.self.value.weight"].T)
        if rows_in is x:
            delta += d_rows
        else:
            delta.scatter_add_(1, positions.view(-1, 1, 1).expand_as(d_rows), d_rows)

    delta = norm_site(embedding_trace, delta, p[name + "LayerNorm.weight"])
    for table_rows in (ids, rows.expand(len(ids), -1), torch.zeros_like(ids)):
        g, h = embedding_gradients((table_rows[:n], delta[:n]), (table_rows[n:], delta[n:]))
        add_products(kernels, g, h, multiply=linear)
    return kernels


# --- The reference ---


def reference(margin, train, evaluate):
    """All four kernels by one backward pass for each example. All sums over parameters are in float64, and so is the
    model unless it is large (it would take 11 GB at roberta-base's size)."""
    if sum(p.numel() for p in margin.parameters()) < 2**25:
        margin.double()
    parameters = dict(margin.named_parameters())

    def gradients(prompts):
        result = {name: torch.empty(len(prompts), p.numel(), dtype=p.dtype) for name, p in parameters.items()}
        for i, prompt in enumerate(prompts):
            for name, g in zip(parameters, torch.autograd.grad(margin(*collate([prompt]))[0], list(parameters.values()))):
                result[name][i] = g.flatten()
        return result

    rows = gradients(train)
    at_once = max(1, 2**27 // sum(p.numel() for p in parameters.values()))  # about a gigabyte of gradients
    blocks = []
    for prompts in batches(evaluate, at_once):
        columns = gradients(prompts)
        block = zeros(FORMULAS, len(train), len(prompts))
        for name in parameters:
            add_products(block, rows[name], columns[name], signs=not is_key_bias(name), multiply=lambda a, b: a.double() @ b.double().T)
        blocks.append(block)
    return {formula: torch.cat([block[formula] for block in blocks], 1) for formula in FORMULAS}
