"""A Llama-architecture model in plain PyTorch, fit for training on packed rows.

Parameter names are those of transformers' LlamaForCausalLM, so the state is exported as it is.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 2048,
    "hidden_size": 256,
    "intermediate_size": 576,
    "num_hidden_layers": 5,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "attention_dropout": 0.0,
    "initializer_range": 0.02,
    "use_cache": True,
    "torch_dtype": "bfloat16",
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return (x * cos + torch.cat([-b, a], -1) * sin).to(x.dtype)


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(CONFIG["hidden_size"]))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, CONFIG["rms_norm_eps"])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, self.dim = CONFIG["hidden_size"], CONFIG["head_dim"]
        self.heads, self.kv = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        self.q_proj = nn.Linear(hidden, self.heads * self.dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv * self.dim, bias=False)
        self.v_proj = nn.Linear(hidden, self.kv * self.dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.dim, hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        q, k, v = (
            p(x).view(b, t, -1, self.dim).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (z.repeat_interleave(self.heads // self.kv, 1) for z in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm, self.self_attn = Norm(), Attention()
        self.post_attention_layernorm, self.mlp = Norm(), Mlp()

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = Norm()

    def forward(self, ids, cos, sin, mask):
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return self.norm(x)


class Llama(nn.Module):
    """Token losses of packed rows; a token sees only the tokens before it in its own document."""

    def __init__(self):
        super().__init__()
        self.model = Trunk()
        for name, p in self.named_parameters():
            if p.dim() == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(
                    p, std=0.02 / (math.sqrt(2 * CONFIG["num_hidden_layers"]) if last else 1)
                )
        length, dim = CONFIG["max_position_embeddings"], CONFIG["head_dim"]
        angles = torch.arange(length)[:, None] * CONFIG["rope_theta"] ** (
            -torch.arange(0, dim, 2) / dim
        )
        angles = torch.cat([angles, angles], -1)
        self.cos, self.sin = angles.cos(), angles.sin()
        self.causal = torch.ones(length, length, dtype=torch.bool).tril()
        self.trunk = self.model

    def forward(self, rows):
        """`rows` [3, batch, length + 1]: token ids, whether a token is scored, its document."""
        ids, scored, document = rows
        length, scored = ids.shape[1] - 1, scored[:, 1:] == 1
        same = document[:, :-1, None] == document[:, None, :-1]
        mask = (same & self.causal[:length, :length])[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            x = self.trunk(ids[:, :-1], self.cos[:length], self.sin[:length], mask)
            logits = F.linear(x[scored], self.model.embed_tokens.weight)
        return F.cross_entropy(logits.float(), ids[:, 1:][scored], reduction="none")
