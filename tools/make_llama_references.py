#!/usr/bin/env python3
"""Makes tests/parity/models: tiny random Llama-family models and what transformers says of them;
and tests/parity/rope.json: its RoPE frequencies for the configs of well-known models.

Per model: config.json, model.safetensors (f32) and reference.json with
  prompt        token ids
  positions     of the prompt whose logits are kept
  logits        [positions][vocab], f32
  greedy        the 64 tokens that follow the prompt
  bf16, f16     largest deviation of transformers' own 16-bit logits from its f32 ones, over all
                positions of this prompt and 7 others, as a share of the f32 logits' range

A seed is taken only if every greedy step is decided by a margin that rounding cannot turn.
The models gguf_* are GGUF files instead of config.json and model.safetensors, and what transformers
says is of the weights as that file holds them.

Needs torch, transformers, safetensors and gguf. Run: tools/make_llama_references.py [NAME...]
"""

import json
import pathlib
import sys

import gguf_models
import torch
import transformers
from gguf import GGMLQuantizationType as Types
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "parity" / "models"
GREEDY_TOKENS = 64
MARGIN = 2e-3  # of the logits' range, between the first and the second token of every step

BASE = dict(vocab_size=96, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=256,
            rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)


def rope(kind="default", theta=10000.0, **more):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=theta, **more))


# name: (model class, config changes, prompt length, spelling of the written config)
MODELS = {
    "mha": (LlamaForCausalLM, rope(), 24, "legacy"),
    "gqa_tied": (LlamaForCausalLM, dict(num_key_value_heads=2, tie_word_embeddings=True,
                                        rms_norm_eps=1e-6, **rope(theta=500000.0)), 24, "legacy"),
    "mqa_biases": (LlamaForCausalLM, dict(num_key_value_heads=1, attention_bias=True,
                                          mlp_bias=True, **rope()), 24, "current"),
    "wide_heads": (LlamaForCausalLM, dict(head_dim=24, num_key_value_heads=2,
                                          num_hidden_layers=3, **rope()), 33, "current"),
    "rope_linear": (LlamaForCausalLM, dict(num_key_value_heads=2, **rope("linear", factor=2.5)),
                    40, "legacy_type"),
    "rope_dynamic_prompt": (LlamaForCausalLM, dict(max_position_embeddings=32,
                                                   **rope("dynamic", factor=4.0)), 50, "legacy"),
    "rope_dynamic_answer": (LlamaForCausalLM, dict(max_position_embeddings=48,
                                                   **rope("dynamic", factor=2.0)), 20, "current"),
    "rope_llama3": (LlamaForCausalLM, dict(head_dim=16, num_key_value_heads=2,
                                           **rope("llama3", theta=500000.0, factor=8.0,
                                                  low_freq_factor=1.0, high_freq_factor=4.0,
                                                  original_max_position_embeddings=64)),
                    40, "legacy"),
    "rope_yarn": (LlamaForCausalLM, dict(head_dim=16,
                                         **rope("yarn", factor=4.0,
                                                original_max_position_embeddings=64)),
                  40, "current"),
    "rope_yarn_mscale": (LlamaForCausalLM, dict(head_dim=16, num_key_value_heads=2,
                                                **rope("yarn", factor=8.0, beta_fast=24.0,
                                                       beta_slow=2.0, mscale=1.0,
                                                       mscale_all_dim=0.5, truncate=False,
                                                       original_max_position_embeddings=32)),
                         40, "legacy"),
    "mistral_window": (MistralForCausalLM, dict(num_key_value_heads=2, sliding_window=12,
                                                **rope(theta=1000000.0)), 40, "legacy"),
    "sharded": (LlamaForCausalLM, dict(num_key_value_heads=2, **rope()), 24, "current"),
    "gguf_f32": (LlamaForCausalLM, dict(num_key_value_heads=2, attention_bias=True, mlp_bias=True,
                                        head_dim=12, **rope(theta=20000.0)), 24, "gguf"),
    "gguf_q8_0": (LlamaForCausalLM, dict(num_key_value_heads=1, **rope("yarn", factor=4.0,
                                         original_max_position_embeddings=64)), 40, "gguf"),
    "gguf_k_quants": (LlamaForCausalLM, dict(hidden_size=256, num_attention_heads=2, head_dim=16,
                                             num_key_value_heads=1, **rope()), 24, "gguf"),
    "gguf_rope_factors": (LlamaForCausalLM, dict(head_dim=16, num_key_value_heads=2,
                                                 tie_word_embeddings=True,
                                                 **rope("llama3", theta=500000.0, factor=8.0,
                                                        low_freq_factor=1.0, high_freq_factor=4.0,
                                                        original_max_position_embeddings=64)),
                          40, "gguf"),
}

# Of the models that are GGUF files: types by the names of tensors, and of all others.
GGUF_TYPES = {
    "gguf_f32": {"": Types.F32},
    "gguf_q8_0": {"": Types.Q8_0},
    "gguf_k_quants": {"": Types.Q4_K, "token_embd": Types.Q6_K, "attn_v": Types.Q6_K},
    "gguf_rope_factors": {"": Types.F16, "attn_k": Types.Q4_0},
}


def make_model(name, seed):
    cls, changes, _, _ = MODELS[name]
    config_cls = MistralConfig if cls is MistralForCausalLM else LlamaConfig
    config = config_cls(**{**BASE, **changes}, attn_implementation="eager")
    model = cls(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in key:
                weight.copy_(1 + 0.2 * noise)
            elif key.endswith("bias"):
                weight.copy_(0.3 * noise)
            elif "embed_tokens" in key:
                weight.copy_(noise)
            else:
                weight.copy_(noise * 1.5 / weight.shape[1] ** 0.5)
    if name in GGUF_TYPES:
        model.gguf_tensors = gguf_models.round_weights(model, GGUF_TYPES[name])
    return model


def prompt_of(name, seed, variant=0):
    generator = torch.Generator().manual_seed(seed + 1 + 1000 * variant)
    return torch.randint(3, BASE["vocab_size"], (MODELS[name][2],), generator=generator).tolist()


@torch.no_grad()
def run_greedy(model, prompt):
    """Logits of the prompt, the tokens that follow, and the smallest margin on the way."""
    out = model(torch.tensor([prompt]), use_cache=True)
    prompt_logits, tokens, margin = out.logits[0], [], float("inf")
    while True:
        last = out.logits[0, -1]
        best = last.topk(2).values
        margin = min(margin, ((best[0] - best[1]) / (last.max() - last.min())).item())
        tokens.append(int(last.argmax()))
        if len(tokens) == GREEDY_TOKENS:
            return prompt_logits, tokens, margin
        out = model(torch.tensor([tokens[-1:]]), past_key_values=out.past_key_values,
                    use_cache=True)


@torch.no_grad()
def deviation(name, seed, dtype):
    exact, rounded = make_model(name, seed), make_model(name, seed).to(dtype)
    worst = 0.0
    for variant in range(8):
        prompt = torch.tensor([prompt_of(name, seed, variant)])
        expected, logits = exact(prompt).logits[0], rounded(prompt).logits[0].float()
        range_ = expected.max() - expected.min()
        worst = max(worst, ((logits - expected).abs().max() / range_).item())
    return worst


def spell(config, spelling):
    """The same config as older releases of transformers wrote it."""
    if spelling == "current":
        return config
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    config["torch_dtype"] = config.pop("dtype", "float32")
    kind = parameters.pop("rope_type")
    if kind == "default":
        config["rope_scaling"] = None
    else:
        config["rope_scaling"] = {"type" if spelling == "legacy_type" else "rope_type": kind,
                                  **parameters}
    return config


def write_checkpoint(model, name, folder):
    model.save_pretrained(folder, max_shard_size="32KB" if name == "sharded" else "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    config = spell(json.loads(path.read_text()), MODELS[name][3])
    path.write_text(json.dumps(config, indent=1) + "\n")


def write(name, seed, prompt, logits, greedy):
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    model = make_model(name, seed)
    if name in GGUF_TYPES:
        gguf_models.write(model.config, model.gguf_tensors, folder / f"{name}.gguf")
    else:
        write_checkpoint(model, name, folder)
    positions = sorted({0, len(prompt) // 3, len(prompt) - 2, len(prompt) - 1})
    reference = dict(
        transformers=transformers.__version__, seed=seed, prompt=prompt, positions=positions,
        greedy=greedy,
        bf16=deviation(name, seed, torch.bfloat16), f16=deviation(name, seed, torch.float16),
        logits=[[float(f"{x:.9g}") for x in logits[p].tolist()] for p in positions])
    text = json.dumps(reference, separators=(",", ":")).replace("],[", "],\n[")
    (folder / "reference.json").write_text(text + "\n")


# config.json as published (its RoPE part), and sequence lengths to ask for.
ROPE_CONFIGS = [
    (dict(head_dim=64, max_position_embeddings=131072, rope_theta=500000.0,
          rope_scaling=dict(rope_type="llama3", factor=32.0, low_freq_factor=1.0,
                            high_freq_factor=4.0, original_max_position_embeddings=8192)), [1]),
    (dict(head_dim=128, max_position_embeddings=32768, rope_theta=1000000.0,
          rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=32768)), [1]),
    (dict(head_dim=64, max_position_embeddings=131072, rope_theta=150000.0,
          rope_scaling=dict(rope_type="yarn", factor=32.0, beta_fast=32.0, beta_slow=1.0,
                            truncate=False, original_max_position_embeddings=4096)), [1]),
    (dict(head_dim=64, max_position_embeddings=163840, rope_theta=10000,
          rope_scaling=dict(type="yarn", factor=40, beta_fast=32, beta_slow=1, mscale=1.0,
                            mscale_all_dim=0.7, original_max_position_embeddings=4096)), [1]),
    (dict(head_dim=128, max_position_embeddings=4096, rope_theta=10000.0,
          rope_scaling=dict(type="yarn", factor=16.0, attention_factor=1.25,
                            original_max_position_embeddings=4096)), [1]),
    (dict(head_dim=128, max_position_embeddings=4096, rope_theta=10000.0,
          rope_scaling=dict(type="linear", factor=4.0)), [1]),
    (dict(head_dim=128, max_position_embeddings=2048, rope_theta=10000.0,
          rope_scaling=dict(type="dynamic", factor=2.0)), [1, 2048, 2049, 5000]),
    (dict(head_dim=16, max_position_embeddings=131072, rope_theta=10000.0,
          rope_scaling=dict(rope_type="longrope", original_max_position_embeddings=4096,
                            short_factor=[1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 2.2, 2.5],
                            long_factor=[1.0, 1.4, 2.7, 6.3, 14.1, 29.9, 47.8, 64.2])),
     [1, 4096, 4097, 100000]),
    (dict(head_dim=96, max_position_embeddings=4096,
          rope_parameters=dict(rope_type="default", rope_theta=10000.0)), [1]),
]


def make_rope():
    cases = []
    for config_json, lengths in ROPE_CONFIGS:
        config = LlamaConfig(**json.loads(json.dumps(config_json)))
        for length in lengths:
            rotary = transformers.models.llama.modeling_llama.LlamaRotaryEmbedding(config)
            rotary(torch.zeros(1), torch.tensor([[length - 1]]))
            cases.append(dict(config=config_json, length=length,
                              attention_factor=rotary.attention_scaling,
                              frequencies=[float(f"{x:.9g}") for x in rotary.inv_freq.tolist()]))
    text = ",\n".join(json.dumps(case) for case in cases)
    (ROOT.parent / "rope.json").write_text("[" + text + "]\n")


def make(name):
    for seed in range(1000):
        prompt = prompt_of(name, seed)
        logits, greedy, margin = run_greedy(make_model(name, seed), prompt)
        if margin >= MARGIN and len(set(greedy)) >= 12:
            write(name, seed, prompt, logits, greedy)
            print(f"{name}: seed {seed}, margin {margin:.1e}, {len(set(greedy))} distinct tokens")
            return
    sys.exit(f"{name}: no seed with a margin of {MARGIN}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for model_name in sys.argv[1:] or MODELS:
        make(model_name)
    make_rope()
