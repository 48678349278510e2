#include "weights/formats/pytorch/torch_globals.h"

#include <array>

namespace ferrum {

const TorchType kTorchByte{"uint8", "Byte", 1, DataType::kU8};

namespace {

// The first ten have tensor classes, and classes for CUDA, from before types were arguments.
constexpr size_t kClassicTypes = 10;
constexpr std::array kTypes{
    TorchType{"float64", "Double", 8, DataType::kF64},
    TorchType{"float32", "Float", 4, DataType::kF32},
    TorchType{"float16", "Half", 2, DataType::kF16},
    TorchType{"bfloat16", "BFloat16", 2, DataType::kBF16},
    TorchType{"int64", "Long", 8, DataType::kI64},
    TorchType{"int32", "Int", 4, DataType::kI32},
    TorchType{"int16", "Short", 2, DataType::kI16},
    TorchType{"int8", "Char", 1, DataType::kI8},
    TorchType{"uint8", "Byte", 1, DataType::kU8},
    TorchType{"bool", "Bool", 1, DataType::kBool},
    TorchType{"complex64", "ComplexFloat", 8, DataType::kC64},
    TorchType{"complex128", "ComplexDouble", 16},
    TorchType{"uint16", "", 2, DataType::kU16},
    TorchType{"uint32", "", 4, DataType::kU32},
    TorchType{"uint64", "", 8, DataType::kU64},
    TorchType{"float8_e4m3fn", "", 1, DataType::kF8E4M3},
    TorchType{"float8_e5m2", "", 1, DataType::kF8E5M2},
    TorchType{"float8_e4m3fnuz", "", 1, DataType::kF8E4M3Fnuz},
    TorchType{"float8_e5m2fnuz", "", 1, DataType::kF8E5M2Fnuz},
    TorchType{"float8_e8m0fnu", "", 1, DataType::kF8E8M0},
    TorchType{"float4_e2m1fn_x2", "", 1, DataType::kF4E2M1},
    TorchType{"complex32", "", 4},
    TorchType{"qint8", "QInt8", 1},
    TorchType{"qint32", "QInt32", 4},
    TorchType{"quint8", "QUInt8", 1},
    TorchType{"quint4x2", "QUInt4x2", 1},
    TorchType{"quint2x4", "QUInt2x4", 1},
    TorchType{"bits8", "", 1},
    TorchType{"bits16", "", 2},
    TorchType{"bits1x8", "", 1},
    TorchType{"bits2x4", "", 1},
    TorchType{"bits4x2", "", 1},
    TorchType{"int1", "", 1},
    TorchType{"int2", "", 1},
    TorchType{"int3", "", 1},
    TorchType{"int4", "", 1},
    TorchType{"int5", "", 1},
    TorchType{"int6", "", 1},
    TorchType{"int7", "", 1},
    TorchType{"uint1", "", 1},
    TorchType{"uint2", "", 1},
    TorchType{"uint3", "", 1},
    TorchType{"uint4", "", 1},
    TorchType{"uint5", "", 1},
    TorchType{"uint6", "", 1},
    TorchType{"uint7", "", 1},
};

using enum TorchRole;

struct NamedRole {
  std::string_view name;
  TorchRole role;
};
constexpr NamedRole kGlobals[] = {
    {"_codecs.encode", kPlain},
    {"builtins.bytearray", kPlain},
    {"builtins.complex", kPlain},
    {"builtins.set", kPlain},
    {"collections.Counter", kOrderedDict},
    {"collections.OrderedDict", kOrderedDict},
    {"torch.Size", kPlain},
    {"torch.Tensor", kTensorClass},
    {"torch._tensor._rebuild_from_type_v2", kRebuildAs},
    {"torch._utils._rebuild_device_tensor_from_cpu_tensor", kRebuildOuter},
    {"torch._utils._rebuild_device_tensor_from_numpy", kUnsupported},
    {"torch._utils._rebuild_meta_tensor_no_storage", kUnsupported},
    {"torch._utils._rebuild_nested_tensor", kUnsupported},
    {"torch._utils._rebuild_parameter", kRebuildOuter},
    {"torch._utils._rebuild_parameter_with_state", kRebuildOuter},
    {"torch._utils._rebuild_qtensor", kUnsupported},
    {"torch._utils._rebuild_sparse_tensor", kUnsupported},
    {"torch._utils._rebuild_tensor", kRebuildTensor},
    {"torch._utils._rebuild_tensor_v2", kRebuildTensor},
    {"torch._utils._rebuild_tensor_v3", kRebuildTyped},
    {"torch._utils._rebuild_wrapper_subclass", kUnsupported},
    {"torch.device", kPlain},
    {"torch.nn.parameter.Parameter", kParameter},
    {"torch.per_channel_affine", kPlain},
    {"torch.per_channel_affine_float_qparams", kPlain},
    {"torch.per_channel_symmetric", kPlain},
    {"torch.per_tensor_affine", kPlain},
    {"torch.per_tensor_symmetric", kPlain},
    {"torch.serialization._get_layout", kPlain},
    {"torch.storage.TypedStorage", kPlain},
};

const TorchType* find_type(std::string_view TorchType::*key, std::string_view name) {
  for (const TorchType& type : kTypes) {
    if (!name.empty() && type.*key == name) return &type;
  }
  return nullptr;
}

// "FloatStorage" of "torch" or "torch.cuda", "HalfTensor" also of their "sparse".
std::optional<TorchGlobal> find_class(std::string_view module, std::string_view name) {
  const bool sparse = module.ends_with(".sparse");
  if (sparse) module.remove_suffix(7);
  if (module != "torch" && module != "torch.cuda") return std::nullopt;
  const bool storage = name.ends_with("Storage") && !sparse;
  if (!storage && !name.ends_with("Tensor")) return std::nullopt;
  name.remove_suffix(storage ? 7 : 6);
  const TorchType* type = find_type(&TorchType::stem, name);
  if (!type || (sparse && type->dtype == DataType::kBool)) return std::nullopt;
  if (type >= &kTypes[kClassicTypes] && (!storage || module != "torch")) return std::nullopt;
  return TorchGlobal{"", storage ? kStorageClass : sparse ? kUnsupported : kTensorClass, type};
}

std::optional<TorchGlobal> find_role(std::string_view module, std::string_view name) {
  if (module == "torch") {
    if (const TorchType* type = find_type(&TorchType::name, name)) {
      return TorchGlobal{"", kDtype, type};
    }
  }
  if (module == "torch.storage" && name == "UntypedStorage") {
    return TorchGlobal{"", kStorageClass, &kTorchByte};
  }
  if (auto found = find_class(module, name)) return found;
  for (const auto& [known, role] : kGlobals) {
    if (known.size() == module.size() + 1 + name.size() && known.starts_with(module) &&
        known[module.size()] == '.' && known.ends_with(name)) {
      return TorchGlobal{"", role};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<TorchGlobal> find_torch_global(std::string_view module, std::string_view name) {
  if (module == "__builtin__") module = "builtins";
  if (module == "torch.tensor") module = "torch._tensor";
  auto found = find_role(module, name);
  if (found) found->name = std::string(module) + "." + std::string(name);
  return found;
}

}  // namespace ferrum
