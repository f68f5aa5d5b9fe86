"""Fine-tuning steps by PyTorch for bench/training-step.ts: python training-step.py JOB.json OPTIMIZER OUT.json

As the project and the authors' trainer do it: cross-entropy of the label words' logits at the mask, gradients clipped to
norm 1, learning rate falling linearly to 0, no dropout, the decoder a parameter of its own. AdamW with epsilon 1e-8 and
no decay. Needs torch and transformers.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForMaskedLM

job = json.load(open(sys.argv[1]))
optimizer_name = sys.argv[2]
model = AutoModelForMaskedLM.from_pretrained(job["model"], dtype=torch.float32).eval()
# The head's two parts, which RoBERTa and BERT name differently: up to the decoder, and the decoder.
if model.config.model_type == "bert":
    encoder, transform, decoder = model.bert, model.cls.predictions.transform, model.cls.predictions.decoder
else:
    encoder, lm_head = model.roberta, model.lm_head
    decoder = lm_head.decoder
    transform = lambda x: lm_head.layer_norm(torch.nn.functional.gelu(lm_head.dense(x)))
decoder.weight = torch.nn.Parameter(decoder.weight.detach().clone())
words = torch.tensor(job["labelWordIds"])
PAD = model.config.pad_token_id


def logits(prompts):
    """As quick as the library makes it: the head at the masks only, the label words' rows of the decoder."""
    longest = max(len(p["ids"]) for p in prompts)
    ids = torch.tensor([p["ids"] + [PAD] * (longest - len(p["ids"])) for p in prompts])
    hidden = encoder(ids, attention_mask=(ids != PAD).long()).last_hidden_state
    at_mask = hidden[torch.arange(len(prompts)), torch.tensor([p["maskPosition"] for p in prompts])]
    return torch.nn.functional.linear(transform(at_mask), decoder.weight[words], decoder.bias[words])


parameters = [p for p in model.parameters() if p.requires_grad]
rate = job["rates"][optimizer_name]
# The fused steps are PyTorch's quickest on a CPU.
if optimizer_name == "sgd":
    optimizer = torch.optim.SGD(parameters, lr=rate, fused=True)
else:
    optimizer = torch.optim.AdamW(parameters, lr=rate, eps=1e-8, weight_decay=0.0, fused=True)
steps = len(job["batches"])
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: (steps - t) / steps)
train, labels = job["train"]["sequences"], job["train"]["labels"]
marks = []
for batch in job["batches"]:
    loss = torch.nn.functional.cross_entropy(logits([train[i] for i in batch]), torch.tensor([labels[i] for i in batch]))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    schedule.step()
    loss.item()
    marks.append(time.perf_counter())
with torch.no_grad():
    final = logits(job["dev"])
json.dump({"seconds": [b - a for a, b in zip(marks, marks[1:])], "logits": final.flatten().tolist()}, open(sys.argv[3], "w"))
