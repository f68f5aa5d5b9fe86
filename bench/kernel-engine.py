"""PyTorch's half of the kernel benchmark: workloads, methods to compare with, and the float64 reference.

    python kernel-engine.py make DIR NAME               write the workload DIR/NAME (model, prompts, reference kernels)
    python kernel-engine.py run WORKLOAD METHOD OUT …   run one method, write its times and kernels to the file OUT
    python kernel-engine.py authors-time WORKLOAD OUT … time the steps of the authors' algorithm on a few batches
    python kernel-engine.py calibrate OUT               speed of one large matrix product

bench/kernel-engine.ts calls it; needs torch, transformers and safetensors.
"""
import argparse
import json
import os
import resource
import shutil
import time
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean

import torch
import transformers
from transformers import RobertaConfig, RobertaForMaskedLM

import pytorch_kernels as methods

transformers.logging.disable_progress_bar()

SIZES = {
    # For trying out the benchmark itself; the vocabulary is RoBERTa's, so that real sentences fit.
    "tiny": dict(layers=2, hidden=64, heads=2, intermediate=128, vocabulary=50265, tokens=12, train=3, evaluate=5),
    "small": dict(layers=4, hidden=256, heads=4, intermediate=1024, vocabulary=8000, tokens=48, train=16, evaluate=64),
    "base": dict(layers=12, hidden=768, heads=12, intermediate=3072, vocabulary=50265, tokens=64, train=4, evaluate=8),
}
WORDS = [6587, 372]  # " terrible" and " great" in RoBERTa's vocabulary


def write_json(path, content):
    temporary = Path(f"{path}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content))
    temporary.replace(path)


def random_prompts(count, tokens, vocabulary, seed):
    """<s> words … <mask> . </s>: the r-th most frequent word has a probability proportional to 1/(r + 2.7)."""
    generator = torch.Generator().manual_seed(seed)
    words = vocabulary - 5
    weights = 1 / (torch.arange(1, words + 1) + 2.7)
    prompts = []
    for _ in range(count):
        ids = (torch.multinomial(weights, tokens - 4, replacement=True, generator=generator) + 4).tolist()
        prompts.append({"ids": [0, *ids, vocabulary - 1, 4, 2], "maskPosition": tokens - 3})
    return prompts


def make(directory, name):
    size = SIZES[name]
    folder = directory / f"{name}.{os.getpid()}.tmp"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=size["vocabulary"], hidden_size=size["hidden"], num_hidden_layers=size["layers"], num_attention_heads=size["heads"],
        intermediate_size=size["intermediate"], max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, tie_word_embeddings=True,
    )
    RobertaForMaskedLM(config).save_pretrained(folder)
    prompts = random_prompts(size["train"] + size["evaluate"], size["tokens"], size["vocabulary"], seed=1)
    content = {"labelWordIds": WORDS, "train": prompts[: size["train"]], "evaluate": prompts[size["train"] :]}
    write_json(folder / "prompts.json", content)
    kernels = methods.reference(load_margin(folder, WORDS), content["train"], content["evaluate"])
    write_json(folder / "reference.json", as_lists(kernels))
    shutil.rmtree(directory / name, ignore_errors=True)
    folder.rename(directory / name)


def load_margin(folder, words):
    # Eager attention: the fused one has no forward-mode derivative.
    model = RobertaForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    # The file has one matrix for both; the decoder is a parameter of its own, as in the authors' code.
    model.lm_head.decoder.weight = torch.nn.Parameter(model.lm_head.decoder.weight.detach().clone())
    return methods.Margin(model, words)


def as_lists(kernels):
    return {formula: kernel.flatten().tolist() for formula, kernel in kernels.items()}


def memory_now():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def memory_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def prepare(arguments):
    prompts = json.loads((arguments.workload / "prompts.json").read_text())
    return load_margin(arguments.model or arguments.workload, prompts["labelWordIds"]), prompts["train"], prompts["evaluate"]


def run(arguments):
    margin, train, evaluate = prepare(arguments)
    compute = getattr(methods, arguments.method)
    if arguments.method == "authors":
        compute = partial(compute, outer_size=arguments.batch[0], inner_size=arguments.batch[1])
        # It does the same work over and over: one batch on each side is warm-up enough.
        compute(margin, train[: arguments.batch[0]], evaluate[: arguments.batch[1]], arguments.formulas)
    loaded = memory_now()
    if arguments.method != "authors":
        compute(margin, train, evaluate, arguments.formulas)
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        kernels = compute(margin, train, evaluate, arguments.formulas)
        seconds.append(time.perf_counter() - start)
    write_json(arguments.out, {"seconds": seconds, "loaded": loaded, "peak": memory_peak(), "kernels": as_lists(kernels)})


def evenly(items, count):
    return [items[(2 * i + 1) * len(items) // (2 * count)] for i in range(min(count, len(items)))]


def authors_time(arguments):
    """Mean seconds of one Jacobian of the outer side and of one inner step, over a few batches spread over both lists,
    and the kernel entries [training example, evaluation example, value] that those steps compute."""
    margin, train, evaluate = prepare(arguments)
    parameters = methods.plain_parameters(margin)
    formula = arguments.formulas[0]
    sides = (evaluate, train) if arguments.exchange else (train, evaluate)
    numbers = [evenly(methods.batches(range(len(side)), size), count) for side, size, count in zip(sides, arguments.batch, arguments.count)]
    outer, inner = ([methods.collate([side[i] for i in batch]) for batch in chosen] for side, chosen in zip(sides, numbers))
    methods.inner_step(margin, parameters, formula, methods.outer_gradients(margin, parameters, formula, outer[0]), inner[0])  # warm-up
    outer_seconds, inner_seconds, entries = [], [], []
    for rows, batch in zip(numbers[0], outer):
        start = time.perf_counter()
        gradients = methods.outer_gradients(margin, parameters, formula, batch)
        outer_seconds.append(time.perf_counter() - start)
        for columns, inner_batch in zip(numbers[1], inner):
            start = time.perf_counter()
            block = methods.inner_step(margin, parameters, formula, gradients, inner_batch)
            inner_seconds.append(time.perf_counter() - start)
            for i, j in product(range(len(rows)), range(len(columns))):
                place = (columns[j], rows[i]) if arguments.exchange else (rows[i], columns[j])
                entries.append([*place, block[i, j].item()])
    timed = [len(outer), len(inner)]
    write_json(arguments.out, {"outer": mean(outer_seconds), "inner": mean(inner_seconds), "timed": timed, "peak": memory_peak(), "entries": entries})


def calibrate(arguments):
    a = torch.rand(2048, 2048)
    onednn = lambda: torch.ops.mkldnn._linear_pointwise(a, a, None, "none", [], "")

    def speed(multiply):
        seconds = []
        for _ in range(8):
            start = time.perf_counter()
            multiply()
            seconds.append(time.perf_counter() - start)
        return 2 * 2048**3 / min(seconds) / 1e9

    write_json(arguments.out, {"torch.mm": speed(lambda: a @ a), "torch oneDNN": speed(onednn), "versions": {"torch": torch.__version__, "transformers": transformers.__version__}})


def pair(text):
    return [int(part) for part in text.split("x")]


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(dest="command", required=True)
command = commands.add_parser("make")
command.add_argument("directory", type=Path)
command.add_argument("name", choices=SIZES)
for name in ("run", "authors-time"):
    command = commands.add_parser(name)
    command.add_argument("workload", type=Path)
    if name == "run":
        command.add_argument("method", choices=["authors", "torch_func", "hooks", "hand"])
        command.add_argument("--repeats", type=int, default=1)
    else:
        command.add_argument("--exchange", action="store_true", help="the evaluation side is the outer one")
        command.add_argument("--count", type=pair, default=[2, 8], help="outer and inner batches to time")
    command.add_argument("out", type=Path)
    command.add_argument("--model", type=Path, help="folder of the model, if it is not the workload's")
    command.add_argument("--formulas", type=lambda text: text.split(","), default=["sgd"])
    command.add_argument("--batch", type=pair, default=[1, 1], help="the authors' outer and inner batch sizes")
commands.add_parser("calibrate").add_argument("out", type=Path)

arguments = parser.parse_args()
if arguments.command == "make":
    make(arguments.directory, arguments.name)
else:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    {"run": run, "authors-time": authors_time, "calibrate": calibrate}[arguments.command](arguments)
