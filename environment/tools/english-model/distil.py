"""Trains the six layers of the English model's base towards all twelve, on a GPU: masked words, and the teacher's sentences.

  pip install torch==2.13.0 safetensors==0.8.0 tokenizers==0.23.3
  python distil.py --teacher DIR --student DIR --text DIR [FILE ...] --seconds 500 --out DIR

  --teacher   all layers of the encoder, with the student's vocabulary (base.py --layers)
  --student   the base (base.py)
  --text      .txt files and folders of them, one document a line, as for `npm run pretrain`; what is given twice counts twice
  --seconds   for everything, the encoding of the text too

The loss is that of masked language modelling (whole words, 15 %, of them 80 % masks, 10 % random tokens, 10 % as they are),
and 2 (1 - cos) between the mean states of each document, the student's on the masked text and the teacher's on the whole one,
both less their batch's mean. AdamW, bfloat16 matrix products, linear warm-up and decay; dropout as the model's config says.
"""
import argparse
import json
import random
import shutil
import time
from itertools import repeat
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

BEGAN = time.time()
LENGTH, ROWS, READS, PIECES = 128, 256, 26, 16  # tokens of a row, rows of a step, places read in a row, documents in a row
RATE, HEAD_RATE, WARM_UP, MEASURED = 5e-4, 1e-3, 400, 100
OPEN_ROWS = 32
HEAD = "cls.predictions."


class Encoder(nn.Module):
    """BERT with the names of its checkpoint, for rows of several documents that do not see each other."""

    def __init__(self, folder, dropout):
        super().__init__()
        config = json.loads((folder / "config.json").read_text())
        self.layers, self.heads, self.epsilon = config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"]
        self.dropout = config["hidden_dropout_prob"] if dropout else 0.0
        self.weights = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(tensor) for name, tensor in load_file(folder / "model.safetensors").items()})

    def get(self, name):
        return self.weights[name.replace(".", "/")]

    def linear(self, x, name):
        return F.linear(x, self.get(f"{name}.weight"), self.get(f"{name}.bias"))

    def norm(self, x, name):
        weight, bias = self.get(f"{name}.LayerNorm.weight"), self.get(f"{name}.LayerNorm.bias")
        return F.layer_norm(x, weight.shape, weight, bias, self.epsilon)

    def drop(self, x):
        return F.dropout(x, self.dropout, training=self.dropout > 0)

    def forward(self, ids, pieces, positions):
        table = lambda name: self.get(f"bert.embeddings.{name}_embeddings.weight")
        x = F.embedding(ids, table("word")) + F.embedding(positions, table("position")) + table("token_type")[0]
        x = self.drop(self.norm(x, "bert.embeddings"))
        mask = (pieces[:, :, None] == pieces[:, None, :])[:, None]
        rows, length, hidden = x.shape
        split = lambda y: y.view(rows, length, self.heads, hidden // self.heads).transpose(1, 2)
        for i in range(self.layers):
            at = f"bert.encoder.layer.{i}."
            q, k, v = (split(self.linear(x, f"{at}attention.self.{part}")) for part in ["query", "key", "value"])
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.dropout).transpose(1, 2).reshape(rows, length, hidden)
            x = self.norm(x + self.drop(self.linear(mixed, f"{at}attention.output.dense")), f"{at}attention.output")
            x = self.norm(x + self.drop(self.linear(F.gelu(self.linear(x, f"{at}intermediate.dense")), f"{at}output.dense")), f"{at}output")
        return x

    def predict(self, states):
        x = F.gelu(self.linear(states, f"{HEAD}transform.dense"))
        return F.linear(self.norm(x, f"{HEAD}transform"), self.get("bert.embeddings.word_embeddings.weight"), self.get(f"{HEAD}bias"))


def encode(job):
    path, tokenizer_file = job
    tokenizer = Tokenizer.from_file(tokenizer_file)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [encoding.ids for start in range(0, len(lines), 20000) for encoding in tokenizer.encode_batch(lines[start:start + 20000], add_special_tokens=False)]


def packed(documents, cls, sep, pad):
    """Rows of LENGTH tokens, the number of the document that each token is of (padding is one of its own), and its place there."""
    random.Random(1).shuffle(documents)
    rows, open_rows = [], []
    for document in documents:
        for start in range(0, len(document), LENGTH - 2):
            piece = [cls, *document[start:start + LENGTH - 2], sep]
            row = next((row for row in open_rows if row[0] + len(piece) <= LENGTH and len(row[1]) < PIECES - 1), None)
            if row is None:
                if len(open_rows) == OPEN_ROWS:
                    rows.append(open_rows.pop(max(range(OPEN_ROWS), key=lambda i: open_rows[i][0])))
                row = [0, []]
                open_rows.append(row)
            row[0] += len(piece)
            row[1].append(piece)
    rows += open_rows
    ids, pieces, positions = (np.full((len(rows), LENGTH), fill, np.int32) for fill in [pad, PIECES - 1, 0])
    for i, (_, documents_of_row) in enumerate(rows):
        at = 0
        for number, piece in enumerate(documents_of_row):
            end = at + len(piece)
            ids[i, at:end], pieces[i, at:end], positions[i, at:end] = piece, number, np.arange(len(piece))
            at = end
    return torch.from_numpy(np.stack([ids, pieces, positions], 1))


def mask_words(ids, pieces, tables, mask_id):
    """The masked ids, READS places of each row, and which of these are to be predicted."""
    continues, special, ordinary = tables
    word = torch.cumsum(~continues[ids], 1) - 1
    draw = lambda: torch.rand(ids.shape, device=ids.device).gather(1, word.clamp(min=0))
    chosen = (draw() < 0.15) & ~special[ids]
    score, places = (chosen + 0.5 * torch.rand(ids.shape, device=ids.device)).topk(READS, 1)
    read = score >= 1
    chosen = torch.zeros_like(chosen).scatter(1, places, read)
    ticket = draw()
    other = ordinary[torch.randint(len(ordinary), ids.shape, device=ids.device)]
    masked = torch.where(chosen & (ticket < 0.8), mask_id, torch.where(chosen & (ticket >= 0.8) & (ticket < 0.9), other, ids))
    return masked, places, read


def sentence_loss(student, teacher, pieces):
    which = F.one_hot(pieces.long(), PIECES)[:, :, : PIECES - 1].to(student.dtype)
    count = which.sum(1)
    real = (count > 0).reshape(-1, 1)
    mean = lambda states: (torch.einsum("rtp,rth->rph", which, states) / count.clamp(min=1)[..., None]).reshape(-1, states.shape[-1]).float()
    centred = lambda x: x - (x * real).sum(0) / real.sum()
    cosine = F.cosine_similarity(centred(mean(student)), centred(mean(teacher)), dim=1)
    return ((1 - cosine) * real[:, 0]).sum() / real.sum()


def losses(student, teacher, ids, pieces, positions, tables, mask_id):
    masked, places, read = mask_words(ids, pieces, tables, mask_id)
    with torch.no_grad():
        aim = teacher(ids, pieces, positions)
    states = student(masked, pieces, positions)
    at_places = states.gather(1, places[..., None].expand(-1, -1, states.shape[-1]))
    logits = student.predict(at_places).float()
    each = F.cross_entropy(logits.flatten(0, 1), ids.gather(1, places).long().flatten(), reduction="none")
    return (each * read.flatten()).sum() / read.sum(), sentence_loss(states, aim, pieces)


def fill(model, tokenizer, device, texts):
    for text in texts:
        encoding = tokenizer.encode(text)
        ids = torch.tensor([encoding.ids], device=device)
        with torch.no_grad():
            states = model(ids, torch.zeros_like(ids), torch.arange(ids.shape[1], device=device)[None])
            scores = model.predict(states[0, encoding.tokens.index("[MASK]")]).float().softmax(0).topk(5)
        print("   ", text, " ".join(f"{tokenizer.id_to_token(i)} {100 * p:.0f}" for p, i in zip(scores.values.tolist(), scores.indices.tolist())), flush=True)


TEXTS = ["The capital of France is [MASK].", "She poured the coffee into a [MASK].", "The opposite of hot is [MASK].", "The food was cold and the waiter was rude. It was [MASK].",
         "I laughed from the first scene to the last. It was [MASK].", "The battery died after two days. It was [MASK].", "The phone works perfectly. It was [MASK].", "The president spoke about taxes. It is about [MASK]."]


def main():
    parser = argparse.ArgumentParser()
    for name in ["teacher", "student", "out"]:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--text", type=Path, nargs="+", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--plain", action="store_true", help="without torch.compile")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")

    files = [file for path in options.text for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    with Pool() as pool:
        documents = [document for part in pool.map(encode, zip(files, repeat(str(options.student / "tokenizer.json"))), chunksize=1) for document in part]
    tokenizer = Tokenizer.from_file(str(options.student / "tokenizer.json"))
    names = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    pad, cls, sep, mask, unknown = (names.index(f"[{name}]") for name in ["PAD", "CLS", "SEP", "MASK", "UNK"])
    specials = torch.zeros(len(names), dtype=torch.bool)
    specials[[pad, cls, sep, mask, unknown]] = True
    tables = [table.to(device) for table in [torch.tensor([name.startswith("##") for name in names]), specials, torch.nonzero(~specials)[:, 0].int()]]
    rows = packed(documents, cls, sep, pad).to(device)
    per_row = (rows[:, 0] != pad).sum().item() / len(rows)
    print(f"{time.time() - BEGAN:.0f} s: {len(documents)} documents, {len(rows)} rows, {per_row:.0f} tokens a row, {device}", flush=True)

    student, teacher = Encoder(options.student, dropout=True).to(device), Encoder(options.teacher, dropout=False).to(device).requires_grad_(False)
    parts = {name: ("head" if name.startswith(HEAD.replace(".", "/")) else "body", tensor.ndim > 1) for name, tensor in student.weights.items()}
    groups = [{"params": [student.weights[name] for name, kind in parts.items() if kind == (part, decays)], "peak": peak, "weight_decay": 0.01 * decays}
              for part, peak in [("body", RATE), ("head", HEAD_RATE)] for decays in [True, False]]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, fused=device == "cuda")
    step_losses = losses if options.plain else torch.compile(losses)
    steps = curve_steps = None
    order, at, step, recent = torch.randperm(len(rows)), 0, 0, []
    curve = []
    while steps is None or step < steps:
        if at + ROWS > len(rows):
            order, at = torch.randperm(len(rows)), 0
        ids, pieces, positions = rows[order[at:at + ROWS].to(device)].unbind(1)
        at += ROWS
        for group in groups:
            group["lr"] = group["peak"] * min((step + 1) / WARM_UP, 1.0 if steps is None else (steps - step) / max(1, steps - WARM_UP), 1.0)
        with torch.autocast(device, torch.bfloat16):
            masked_loss, distance = step_losses(student, teacher, ids, pieces, positions, tables, mask)
        (masked_loss + 2 * distance).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        recent.append(torch.stack([masked_loss.detach(), distance.detach()]))
        if step == MEASURED // 2:
            masked_loss.item()
            since = time.time()
        if step == MEASURED:
            masked_loss.item()
            each = (time.time() - since) / (MEASURED - MEASURED // 2)
            steps = MEASURED + max(1, int((options.seconds - (time.time() - BEGAN)) / each))
            curve_steps = max(1, steps // 20)
            print(f"{time.time() - BEGAN:.0f} s: {1000 * each:.1f} ms a step, {ROWS * per_row / each:.0f} tokens/s, {steps} steps", flush=True)
        if curve_steps and (step % curve_steps == 0 or step == steps):
            loss, sentences = torch.stack(recent).mean(0).tolist()
            recent = []
            curve.append({"step": step, "tokens": round(step * ROWS * per_row), "loss": loss, "distance": sentences})
            print(f"{time.time() - BEGAN:.0f} s: step {step} of {steps}, {step * ROWS * per_row / 1e6:.0f} M tokens, loss {loss:.3f}, distance {sentences:.4f}", flush=True)

    student.dropout = 0.0
    fill(student, tokenizer, device, TEXTS)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(options.student / name, options.out / name)
    # float32's last digits are noise of training, and the shipped model has fewer still.
    save_file({name.replace("/", "."): tensor.detach().half().cpu().contiguous() for name, tensor in student.weights.items()}, options.out / "model.safetensors", metadata={"format": "pt"})
    record = {"steps": steps, "tokens": round(steps * ROWS * per_row), "seconds": round(time.time() - BEGAN), "device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "curve": curve}
    (options.out / "distillation.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
