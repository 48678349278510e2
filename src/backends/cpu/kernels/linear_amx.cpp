// LinearOps with AMX tiles: rows of the weight, as they lie, times packed x.
//
// A register block is 2 x 3 tiles of sums; per step of 32 elements it loads five tiles, two of
// them twice, and does six products. To load a tile from L1 costs half a product, from L2 more than
// a whole one, and the two overlap badly, so L2 bounds this kernel: x (kTokens x kDepth x bf16 =
// 768 KiB) stays there, and kDepth is long enough that most sums never leave their registers. From
// there they go straight to the output, by way of 6 KiB in L1.

#include "backends/cpu/kernels/amx_tiles.h"
#include "backends/cpu/kernels/linear_few_bf16.h"
#include "backends/cpu/kernels/power_of_two.h"

namespace ferrum::cpu {
namespace {

constexpr int64_t kRowGroup = 2 * kTileRows;  // rows of a register block
constexpr int64_t kDepth = 2048;
constexpr int64_t kTokens = 192;
constexpr int64_t kMaxRows = 64;        // small tasks, so that all threads end together;
constexpr int64_t kMaxDeepRows = 256;   // but enough that a block of x is worth its way to L2

// The rows row .. row + 31 of one of the weights, elements i0 .. i0 + kDepth of them.
struct Panel {
  int64_t row, i0;
  bool up;
};

const char* address(const LinearTask& a, const Panel& p) {
  return static_cast<const char*>(p.up ? a.up : a.weight) + (p.row * a.in + p.i0) * 2;
}

// Where the panel begins that follows p; null if nothing is known to.
const char* next_panel(const LinearTask& a, Panel p) {
  if (a.up && !p.up) return address(a, {p.row, p.i0, true});
  p = {p.row + kRowGroup, p.i0, false};
  if (p.row >= a.rows) p = {0, p.i0 + kDepth, false};
  return p.i0 < a.in ? address(a, p) : static_cast<const char*>(a.next);
}

// Tiles [2][steps][16 rows][32] of a panel; zeros outside.
void copy_tiles(const LinearTask& a, const Panel& p, int64_t steps, char* to) {
  const int64_t whole = smaller(steps, (a.in - p.i0) / kTileDepth);
  const __mmask32 rest = lanes32(a.in - p.i0 - whole * kTileDepth);
  for (int64_t r = 0; r < kRowGroup; ++r) {
    char* const tile_row = to + (r / kTileRows * steps * kTileRows + r % kTileRows) * 64;
    const bool inside = p.row + r < a.rows;
    const char* const from = address(a, p) + (inside ? r : 0) * a.in * 2;
    for (int64_t s = 0; s < steps; ++s) {
      __m512i part = _mm512_setzero_si512();
      if (inside) {
        part = s < whole ? _mm512_loadu_si512(from + s * 64)
                         : _mm512_maskz_loadu_epi16(rest, from + s * 64);
      }
      _mm512_store_si512(tile_row + s * kTileBytes, part);
    }
  }
}

// A panel as tiles: in place where it is all there.
TileBlock weight_tiles(const LinearTask& a, const Panel& p, int64_t steps) {
  TileBlock block{};
  block.steps = steps;
  if (p.row + kRowGroup <= a.rows && p.i0 + steps * kTileDepth <= a.in) {
    block.a = address(a, p);
    block.a_row = a.in * 2;
    block.a_step = kTileDepth * 2;
    block.a_next = kTileRows * block.a_row;
  } else {
    copy_tiles(a, p, steps, static_cast<char*>(a.scratch));
    block.a = a.scratch;
    block.a_row = kTileDepth * 2;
    block.a_step = kTileBytes;
    block.a_next = steps * kTileBytes;
  }
  return block;
}

// Lets the products of a panel bring near the next one.
void prefetch_next(const LinearTask& a, const Panel& p, TileBlock* block) {
  block->ahead = next_panel(a, p);
  if (!block->ahead) return;
  block->ahead_row = a.in * 2;
  int64_t blocks = 0;
  for (int64_t left = round_up(a.tokens, kVector); left > 0; left -= block_columns(left)) ++blocks;
  block->ahead_count = (kRowGroup + blocks - 1) / blocks;
}

// Where the block of rows r.. and tokens t.. keeps its sums: only those that wait for more
// elements, or for the product with the other weight, need a place of their own.
float* block_sums(const LinearTask& a, const Panel& p, int64_t t, int64_t tokens) {
  float* const sums =
      a.sums + (p.up ? round_up(a.rows, kRowGroup) * round_up(a.tokens, kVector) : 0);
  if (a.in > kDepth) return sums + t * round_up(a.rows, kRowGroup) + p.row * tokens;
  return a.up ? sums + t * kRowGroup : sums;
}

// The output of a token and rows r .. r + 31: whole lines, which go to memory past the caches.
void store_lines(const LinearTask& a, int64_t r, int64_t token, __m512 low, __m512 high) {
  const int64_t at = token * a.out_stride + r;
  if (a.out_dtype == DataType::kF32) {
    float* const to = static_cast<float*>(a.out) + at;
    _mm512_stream_ps(to, low);
    _mm512_stream_ps(to + kVector, high);
    return;
  }
  const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
  _mm512_stream_si512(reinterpret_cast<__m512i*>(static_cast<uint16_t*>(a.out) + at),
                      reinterpret_cast<__m512i>(both));
}

int64_t out_size(const LinearTask& a) { return a.out_dtype == DataType::kF32 ? 4 : 2; }

bool has_lines(const LinearTask& a, int64_t r) {
  const auto address = reinterpret_cast<uintptr_t>(a.out) + static_cast<uintptr_t>(r * out_size(a));
  return r + kRowGroup <= a.rows && address % 64 == 0 && a.out_stride * out_size(a) % 64 == 0 &&
         a.out_dtype != DataType::kF16;
}

// 16 sums of one row each, for 16 tokens -> 16 rows, for one token each, and the bias.
struct Rows16 {
  __m512i v[16];

  Rows16(const float* sums, const float* bias, __mmask16 rows) {
    for (int64_t i = 0; i < 16; ++i) v[i] = _mm512_load_si512(sums + i * kVector);
    transpose16(v);
    if (!bias) return;
    const __m512 b = _mm512_maskz_loadu_ps(rows, bias);
    for (__m512i& x : v) x = _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(x), b));
  }
  __m512 operator[](int64_t i) const { return _mm512_castsi512_ps(v[i]); }
};

template <Accuracy kAccuracy>
inline __m512 silu_mul(__m512 gate, __m512 up) {
  const __m512 x = _mm512_mul_ps(gate, _mm512_set1_ps(-0x1.715476p+0f));  // -log2 e
  const __m512 power = power_of_two<F32x16, kAccuracy>(x);
  const __m512 total = _mm512_add_ps(_mm512_set1_ps(1.0f), power);
  return _mm512_div_ps(_mm512_mul_ps(gate, up), total);
}

// Replaces gate by silu(gate) * up.
void silu_mul(const LinearTask& a, Rows16& gate, const Rows16& up) {
  for (int64_t i = 0; i < 16; ++i) {
    const __m512 y = a.out_dtype == DataType::kBF16 ? silu_mul<Accuracy::kCoarse>(gate[i], up[i])
                                                    : silu_mul<Accuracy::kF32>(gate[i], up[i]);
    gate.v[i] = _mm512_castps_si512(y);
  }
}

// Rows r .. r + 31 of `tokens` tokens from t, as far as they exist; `up` are the sums of the other
// weight, or null.
void store_block(const LinearTask& a, int64_t r, int64_t t, int64_t tokens, const float* sums,
                 const float* up) {
  const bool lines = has_lines(a, r);
  tokens = smaller(tokens, a.tokens - t);
  for (int64_t first = 0; first < tokens; first += kVector) {
    const auto rows = [&](const float* from, const float* bias, int64_t half) {
      const int64_t row = r + half * kTileRows;
      return Rows16(from + (first * 2 + half * kTileRows) * kVector, bias ? bias + row : nullptr,
                    lanes16(a.rows - row));
    };
    Rows16 low = rows(sums, a.bias, 0), high = rows(sums, a.bias, 1);
    if (up) {
      silu_mul(a, low, rows(up, a.up_bias, 0));
      silu_mul(a, high, rows(up, a.up_bias, 1));
    }
    for (int64_t i = 0; i < smaller(kVector, tokens - first); ++i) {
      const int64_t token = t + first + i;
      if (lines) {
        store_lines(a, r, token, low[i], high[i]);
        continue;
      }
      const int64_t at = token * a.out_stride + r;
      store_masked(a.out, a.out_dtype, at, lanes16(a.rows - r), low[i]);
      store_masked(a.out, a.out_dtype, at + kTileRows, lanes16(a.rows - r - kTileRows), high[i]);
    }
  }
}

// All tokens by one panel; what is complete then goes to the output.
void multiply_panel(const LinearTask& a, const Panel& p) {
  const int64_t tokens = round_up(a.tokens, kVector);
  const int64_t steps = smaller(kDepth, round_up(a.in, kTileDepth) - p.i0) / kTileDepth;
  TileBlock block = weight_tiles(a, p, steps);
  block.b = static_cast<const char*>(a.x) + p.i0 * tokens * 2;
  block.b_next = steps * kTileBytes;
  block.sums_next = kRowGroup * kVector;
  block.add = p.i0 > 0;
  prefetch_next(a, p, &block);
  const bool complete = p.i0 + kDepth >= a.in && (p.up || !a.up);
  for (int64_t t = 0, columns; t < tokens; t += columns) {
    columns = block_columns(tokens - t);
    block.sums = block_sums(a, p, t, columns);
    multiply_tiles(block, columns);
    if (complete) {
      const float* const gate = block_sums(a, {p.row, p.i0, false}, t, columns);
      store_block(a, p.row, t, columns, gate, p.up ? block.sums : nullptr);
    }
    block.b = static_cast<const char*>(block.b) + columns / kVector * block.b_next;
    block.ahead += block.ahead_count * block.ahead_row;
  }
}

void many(const LinearTask& a) {
  const TileScope tiles;
  for (int64_t i0 = 0; i0 < a.in; i0 += kDepth) {
    for (int64_t r = 0; r < a.rows; r += kRowGroup) {
      multiply_panel(a, {r, i0, false});
      if (a.up) multiply_panel(a, {r, i0, true});
    }
  }
  _mm_sfence();  // before others may read the lines
}

}  // namespace

LinearKernels linear_kernels_amx() {
  return {.pack = pack,
          .store = store,
          .few = few_bf16_kernel(),
          .few_tokens = 1,
          .many = {.run = many,
                   .x_dtype = DataType::kBF16,
                   .lanes = kVector,
                   .depth = kDepth,
                   .row_group = kRowGroup,
                   .max_rows = kMaxRows,
                   .max_deep_rows = kMaxDeepRows,
                   .max_tokens = kTokens,
                   .scratch_bytes = kRowGroup * kDepth * 2,
                   .gated = true}};
}

}  // namespace ferrum::cpu
