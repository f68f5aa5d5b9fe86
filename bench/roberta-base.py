"""A random model of roberta-base size, and PyTorch's logits and SGD kernel on it, for bench/roberta-base.ts.

    python roberta-base.py model DIR TOKENIZER_DIR    write the model in Hugging Face layout
    python roberta-base.py oracle DIR                 read DIR/prompts.json, write DIR/oracle.json

Needs torch, transformers and safetensors, and about 8 GB of memory. Products of gradients are summed in float64.
"""
import json
import shutil
import sys
import time
from pathlib import Path

import torch
from transformers import RobertaConfig, RobertaForMaskedLM

directory = Path(sys.argv[2])


def make_model():
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, tie_word_embeddings=True)
    RobertaForMaskedLM(config).save_pretrained(directory)
    shutil.copy(Path(sys.argv[3]) / "tokenizer.json", directory / "tokenizer.json")


def make_oracle():
    prompts = json.loads((directory / "prompts.json").read_text())
    model = RobertaForMaskedLM.from_pretrained(directory, attn_implementation="eager").eval()
    # The decoder is a parameter of its own, as in the authors' code.
    model.lm_head.decoder.weight = torch.nn.Parameter(model.lm_head.decoder.weight.detach().clone())
    parameters = [p for p in model.parameters()]
    words = prompts["labelWordIds"]

    def gradient(prompt):
        hidden = model.roberta(torch.tensor([prompt["ids"]])).last_hidden_state[0, prompt["maskPosition"]]
        logits = model.lm_head(hidden)[words]
        grads = torch.autograd.grad(logits[1] - logits[0], parameters, allow_unused=True)
        return logits.detach().double().tolist(), [g for g in grads]

    def product(g, h):
        total = 0.0
        for a, b in zip(g, h):
            if a is not None:
                for x, y in zip(a.flatten().split(2**20), b.flatten().split(2**20)):
                    total += float(x.double() @ y.double())
        return total

    start = time.time()
    train = [gradient(p) for p in prompts["train"]]
    kernel, logits = [[] for _ in train], [l for l, _ in train]
    for prompt in prompts["evaluate"]:
        values, h = gradient(prompt)
        logits.append(values)
        for row, (_, g) in zip(kernel, train):
            row.append(product(g, h))
    (directory / "oracle.json").write_text(json.dumps({"logits": logits, "kernel": kernel, "seconds": time.time() - start}))


{"model": make_model, "oracle": make_oracle}[sys.argv[1]]()
