"""Llama models as GGUF files: what llama.cpp's converter makes of transformers' checkpoints, by the
Python package `gguf`. Of make_llama_references.py."""
import math

import gguf
import numpy as np
import torch

Types = gguf.GGMLQuantizationType

LAYER = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
         "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down"}
MODEL = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def name_of(parameter):
    stem, kind = parameter.rsplit(".", 1)
    if stem in MODEL:
        return f"{MODEL[stem]}.{kind}"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{LAYER[part]}.{kind}"


def quantise_q4_k(rows):
    blocks = rows.reshape(-1, 8, 32)
    low = np.minimum(blocks.min(-1), 0)
    scale = (blocks.max(-1) - low) / 15
    d = (scale.max(-1, keepdims=True) / 63).astype(np.float16)
    dmin = (-low.min(-1, keepdims=True) / 63).astype(np.float16)
    scales = np.round(scale / d.astype(np.float32)).clip(1, 63).astype(np.uint8)
    mins = np.round(-low / dmin.astype(np.float32)).clip(0, 63).astype(np.uint8)
    offset = dmin.astype(np.float32) * mins
    q = np.round((blocks + offset[..., None]) / (d.astype(np.float32) * scales)[..., None])
    q = q.clip(0, 15).astype(np.uint8).reshape(-1, 4, 2, 32)
    packed = np.concatenate([scales[:, :4] | (scales[:, 4:] >> 4 << 6),
                             mins[:, :4] | (mins[:, 4:] >> 4 << 6),
                             (scales[:, 4:] & 15) | (mins[:, 4:] & 15) << 4], axis=1)
    codes = (q[:, :, 0] | q[:, :, 1] << 4).reshape(-1, 128)
    return np.concatenate([d.view(np.uint8), dmin.view(np.uint8), packed, codes], axis=1)


def quantise_q6_k(rows):
    blocks = rows.reshape(-1, 16, 16)
    scale = np.abs(blocks).max(-1) / 31
    d = (scale.max(-1, keepdims=True) / 127).astype(np.float16)
    scales = np.round(scale / d.astype(np.float32)).clip(1, 127).astype(np.int8)
    q = np.round(blocks / (d.astype(np.float32) * scales)[..., None]).clip(-32, 31) + 32
    q = q.astype(np.uint8).reshape(-1, 2, 2, 2, 32)  # 128 elements, nibble, half, byte
    low = (q[:, :, 0] & 15) | (q[:, :, 1] & 15) << 4
    pairs = (q >> 4).reshape(-1, 2, 4, 32)
    high = pairs[:, :, 0] | pairs[:, :, 1] << 2 | pairs[:, :, 2] << 4 | pairs[:, :, 3] << 6
    return np.concatenate([low.reshape(-1, 128), high.reshape(-1, 64), scales.view(np.uint8),
                           d.view(np.uint8)], axis=1)


OWN = {Types.Q4_K: quantise_q4_k, Types.Q6_K: quantise_q6_k}


def quantise(rows, number):
    if number not in OWN:
        return gguf.quantize(rows, number)
    return OWN[number](rows).reshape(rows.shape[0], -1)


def type_of(name, weight, types):
    """The wanted type where the rows are whole blocks, else Q8_0; f32 for vectors."""
    if weight.ndim < 2:
        return Types.F32
    wanted = types.get(name.split(".")[-2], types[""])
    return wanted if weight.shape[1] % gguf.GGML_QUANT_SIZES[wanted][0] == 0 else Types.Q8_0


@torch.no_grad()
def round_weights(model, types):
    """Leaves the weights as they are once they have been in a file of these types; returns the
    file's tensors: name, elements or blocks by rows, type."""
    tensors = []
    for parameter, weight in model.named_parameters():
        name = name_of(parameter)
        number = type_of(name, weight, types)
        data = quantise(weight.numpy().copy(), number)
        weight.copy_(torch.from_numpy(gguf.dequantize(data, number).reshape(weight.shape).copy()))
        if "attn_q." in name:
            data = permute(data, model.config.num_attention_heads)
        elif "attn_k." in name:
            data = permute(data, model.config.num_key_value_heads)
        tensors.append((name, np.ascontiguousarray(data), number))
    return tensors


def permute(weight, heads):
    """Pairs of rows that RoPE turns together come to lie side by side."""
    return (weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:])
            .swapaxes(1, 2).reshape(weight.shape))


def rope_factors(config):
    """Llama 3.1's scaling as divisors of the frequencies."""
    rope, dim = config.rope_parameters, config.head_dim
    low_wavelength = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high_wavelength = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    factors = []
    for i in range(0, dim, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / dim)
        if wavelength < high_wavelength:
            factors.append(1)
        elif wavelength > low_wavelength:
            factors.append(rope["factor"])
        else:
            smooth = rope["original_max_position_embeddings"] / wavelength - rope["low_freq_factor"]
            smooth /= rope["high_freq_factor"] - rope["low_freq_factor"]
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, np.float32)


def add_config(writer, config):
    rope = config.rope_parameters
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(0)
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(config))
    elif rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def add_tokenizer(writer, vocab_size):
    """Three special tokens, a token for each visible character, and one that is merged."""
    tokens = ["<|pad|>", "<|begin|>", "<|end|>"] + [chr(33 + i) for i in range(vocab_size - 4)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens + ["ab"])
    normal = [gguf.TokenType.NORMAL] * (vocab_size - 3)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + normal)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{% for m in messages %}{{ m.content }}<|end|>{% endfor %}")


def write(config, tensors, path):
    writer = gguf.GGUFWriter(path, "llama")
    add_config(writer, config)
    add_tokenizer(writer, config.vocab_size)
    for name, data, number in tensors:
        writer.add_tensor(name, data, raw_dtype=number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
