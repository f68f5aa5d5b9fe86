#!/usr/bin/env python3
"""Loads trained models that saved-models.ts wrote with transformers, and LoRA adapters with PEFT, and compares logits.

  node environment/run.mjs build/test/finetune/saved-models.js FOLDER
  python test/finetune/check_saved_models.py FOLDER

Needs torch, transformers and safetensors. Where peft is not installed, adapters are merged by hand, W + alpha/r B A.
Ends with exit code 1 if logits differ by more than 2e-5 (float32 on both sides).
"""

import json
import os
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer, BertForMaskedLM, RobertaForMaskedLM, RobertaForSequenceClassification

try:
    from peft import PeftModel
except ImportError:
    PeftModel = None

LIMIT = 2e-5


def merge_by_hand(model, folder):
    with open(os.path.join(folder, "adapter_config.json")) as file:
        config = json.load(file)
    tensors = {name.removeprefix("base_model.model."): tensor for name, tensor in load_file(os.path.join(folder, "adapter_model.safetensors")).items()}
    with torch.no_grad():
        for layer in config["target_modules"]:
            product = tensors.pop(f"{layer}.lora_B.weight") @ tensors.pop(f"{layer}.lora_A.weight")
            model.get_submodule(layer).weight += config["lora_alpha"] / config["r"] * product
        for name, tensor in tensors.items():
            model.get_parameter(name).copy_(tensor)
    return model


def load(folder, expected):
    """The model, and a word on how it was loaded. Nothing may be missing or left over."""
    if expected["head"] == "tanh classifier":
        model, report = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
        left = {name for name in report["unexpected_keys"] if not name.startswith("lm_head.")}
        assert isinstance(model, RobertaForSequenceClassification) and not report["missing_keys"] and not left, report
        return model, "transformers"
    if expected["kind"] == "model":
        model, report = AutoModelForMaskedLM.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
        problems = {what: names for what, names in report.items() if what in ("missing_keys", "unexpected_keys", "mismatched_keys") and names}
        assert isinstance(model, (RobertaForMaskedLM, BertForMaskedLM)) and not problems, problems
        assert AutoTokenizer.from_pretrained(folder).mask_token_id == AutoTokenizer.from_pretrained(expected["base"]).mask_token_id
        return model, "transformers"
    model = AutoModelForMaskedLM.from_pretrained(expected["base"], attn_implementation="eager")
    if PeftModel is None:
        return merge_by_hand(model, folder), "merged by hand"
    return PeftModel.from_pretrained(model, folder), "peft"


def main(root):
    worst = 0.0
    for name in sorted(os.listdir(root)):
        folder = os.path.join(root, name)
        with open(os.path.join(folder, "expected.json")) as file:
            expected = json.load(file)
        model, how = load(folder, expected)
        model.eval()
        classifier = load_file(os.path.join(folder, "classifier.safetensors")) if expected["head"] == "classifier" else None
        logits = []
        with torch.no_grad():
            for sequence in expected["sequences"]:
                ids = torch.tensor([sequence["ids"]])
                if expected["head"] == "tanh classifier":
                    logits.append(model(input_ids=ids).logits[0])
                elif classifier is None:
                    logits.append(model(input_ids=ids).logits[0, sequence["maskPosition"], expected["labelWordIds"]])
                else:
                    hidden = model(input_ids=ids, output_hidden_states=True).hidden_states[-1][0, 0]
                    logits.append(classifier["classifier.weight"] @ hidden + classifier["classifier.bias"])
        difference = (torch.stack(logits).reshape(-1) - torch.tensor(expected["logits"])).abs().max().item()
        worst = max(worst, difference)
        print(f"{name:20} {how:15} largest difference of a logit {difference:.1e}")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
