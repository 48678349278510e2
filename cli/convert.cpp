#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <fnmatch.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_target.h"
#include "cli/printable.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "cli/transfer_progress.h"
#include "cli/validators.h"
#include "cli/weight_options.h"
#include "ferrum/engine/parts.h"
#include "ferrum/types/error.h"
#include "ferrum/types/format_bytes.h"
#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_conversion.h"
#include "ferrum/weights/weight_location.h"

namespace ferrum::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxTextBytes = int64_t{64} << 20;

constexpr const char* kExamples = R"(Examples:
  ferrum convert model.pt model.safetensors
  ferrum convert hf:org/name my-model/ --dtype bf16       a folder that runs
  ferrum convert path/to/model small/ --quantize int4:64
  ferrum convert model.gguf weights.npz --dtype f32
  ferrum convert model.onnx fc.bin --format raw --tensor fc.weight --slice 0::128
  ferrum convert fc.bin fc.npy --from raw:dtype=f32,shape=128x512

Tensors are sliced, then transposed, scaled, cast, quantised.)";

struct ConvertOptions {
  std::string source, destination, from, format;
  std::vector<std::string> tensors;  // patterns
  std::vector<std::string> except;   // patterns
  std::vector<std::string> slices;   // "dim:start:end"
  std::string transpose;             // "dim,dim"
  std::optional<float> scale;
  std::string dtype;
  std::string quantize;                                           // "int4:64"
  std::vector<std::string> dense{"*embed*", "lm_head*", "*norm*",
                                 "*.gate.weight"};  // patterns; the last: routers of experts
  bool json = false;
  WeightOptions weights;
};

// Of what fnmatch knows, names have only * and ?.
std::string to_glob(const std::string& pattern) {
  std::string glob;
  for (const char c : pattern) {
    if (c == '[' || c == ']' || c == '\\') glob += '\\';
    glob += c;
  }
  return glob;
}

bool matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fnmatch(to_glob(pattern).c_str(), name.c_str(), 0) == 0;
  });
}

bool is_wanted(const ConvertOptions& o, const std::string& name) {
  return (o.tensors.empty() || matches(o.tensors, name)) && !matches(o.except, name);
}

template <class Int>
Int parse_integer(const std::string& text, const std::string& what) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  throw UsageError("'" + text + "' in " + what + " is no integer of " +
                       std::to_string(8 * sizeof(Int)) + " bits",
                   "see ferrum convert --help");
}

TensorTransformation parse_slice(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 3) {
    throw UsageError("--slice '" + text + "' is not DIM:START:END", "Write 0::128 for the first.");
  }
  const auto bound = [&](const std::string& part) {
    return part.empty() ? std::nullopt
                        : std::optional(parse_integer<int64_t>(part, "--slice " + text));
  };
  return TensorTransformation::slice(parse_integer<int>(parts[0], "--slice " + text),
                                     bound(parts[1]), bound(parts[2]));
}

// "int8", "int4:64", "fp8:e5m2".
std::optional<QuantizationConfig> parse_quantization(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::vector<std::string> parts = split(text, ':');
  QuantizationConfig config{parts[0], Json::object()};
  if (parts.size() == 1) return config;
  if (parts.size() == 2 && parts[0] == "int4") {
    config.parameters["group_size"] = parse_integer<int64_t>(parts[1], "--quantize " + text);
  } else if (parts.size() == 2 && parts[0] == "fp8") {
    config.parameters["format"] = parts[1];
  } else {
    throw UsageError("--quantize '" + text + "' is not understood",
                     "Write int8, int4, int4:GROUP_SIZE, fp8 or fp8:e5m2.");
  }
  return config;
}

DataType parse_option_dtype(const std::string& text) try {
  return parse_dtype(text);
} catch (const Error& error) {
  throw UsageError("--dtype: " + error.message(), error.hint());
}

// What happens to each tensor, in order.
class Steps {
 public:
  explicit Steps(const ConvertOptions& o)
      : quantization_(parse_quantization(o.quantize)), dense_(o.dense) {
    for (const std::string& slice : o.slices) all_.push_back(parse_slice(slice));
    if (!o.transpose.empty()) {
      const std::vector<std::string> dims = split(o.transpose, ',');
      if (dims.size() != 2) throw UsageError("--transpose is not DIM,DIM", "Write 0,1.");
      all_.push_back(TensorTransformation::transpose(parse_integer<int>(dims[0], "--transpose"),
                                                     parse_integer<int>(dims[1], "--transpose")));
    }
    if (o.scale && !std::isfinite(*o.scale)) throw UsageError("--scale is not a finite number");
    if (o.scale) all_.push_back(TensorTransformation::scale(*o.scale));
    if (!o.dtype.empty()) cast_ = parse_option_dtype(o.dtype);
  }

  const std::optional<QuantizationConfig>& quantization() const { return quantization_; }

  bool quantizes(const std::string& name, const TensorInfo& info) const {
    return quantization_ && info.shape.rank() == 2 && is_floating_point(info.dtype) &&
           !matches(dense_, name);
  }

  std::vector<TensorTransformation> of(const std::string& name, const TensorInfo& info) const {
    std::vector<TensorTransformation> steps = all_;
    // Integers and truth values mean themselves.
    if (cast_ && is_floating_point(info.dtype)) steps.push_back(TensorTransformation::cast(*cast_));
    if (quantizes(name, info)) steps.push_back(TensorTransformation::quantize(*quantization_));
    return steps;
  }

 private:
  std::vector<TensorTransformation> all_;
  std::optional<DataType> cast_;
  std::optional<QuantizationConfig> quantization_;
  std::vector<std::string> dense_;
};

// Where the tensors come from.
struct Input {
  std::unique_ptr<ModelFiles> files;  // null: one file
  std::vector<WeightSource> sources;
  std::map<std::string, ModelWeights::Entry, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> unreadable;
};

// A folder is what ends in a slash or is one; whatever has the ending of a format is a file.
bool is_folder(const std::string& destination) {
  std::error_code unknown;
  return destination.ends_with('/') || fs::is_directory(destination, unknown);
}

// Whether its file has config and tokenizer inside.
bool is_whole_model(const WeightSource& file, const WeightCatalogs& catalogs,
                    WeightLoader& loader) {
  return catalogs.formats.get(loader.get_metadata(file).format).open_model != nullptr;
}

Input open_input(const ConvertOptions& o, const Parts& parts, WeightLoader& loader,
                 const WeightLoaderConfig& config) {
  Input input;
  const auto file = find_file_target(parts.weights, o.source, o.from, config);
  const bool is_model = file && o.from.empty() && is_folder(o.destination) &&
                        is_whole_model(*file, parts.weights, loader);
  if (file && !is_model) {
    const WeightMetadata metadata = loader.get_metadata(*file);
    for (const auto& [name, info] : metadata.tensors) {
      input.tensors.emplace(name, ModelWeights::Entry{info, *file});
    }
    input.unreadable = metadata.unreadable;
    input.sources = {*file};
    return input;
  }
  input.files = is_model ? ferrum::open_model(parts.weights, o.source, config)
                         : open_model_folder(parts.weights, o.source, config);
  ask_for_texts(*input.files);
  const ModelWeights weights(*input.files, loader);
  input.tensors = weights.tensors();
  for (const auto& [name, tensor] : weights.unreadable()) input.unreadable[name] = tensor.why;
  input.sources = weights.sources();
  return input;
}

// What is wanted whole comes through the cache, which compares its hash; of the rest only what is
// asked for is read, by range.
void fetch(const ConvertOptions& o, const Input& input, const Parts& parts, WeightLoader& loader,
           const std::stop_token& stop, TransferProgress& line) {
  if (o.weights.no_cache || !o.tensors.empty() || !o.except.empty() || !o.slices.empty()) return;
  for (const WeightSource& source : input.sources) {
    if (!parts.weights.sources.get(source.kind).fetch) continue;
    try {
      loader.preload(source, stop,
                     [&](int64_t done, int64_t total) { line.show("downloading", done, total); });
    } catch (const Error& error) {
      const bool is_of_cache =
          error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kResourceExhausted;
      if (!is_of_cache) throw;
      line.clear();
      write_note(printable(without_secrets(error.message())) +
                 "; it is read by range, and no hash is compared");
    }
  }
}

WeightConversion plan(const ConvertOptions& o, const Input& input, const Steps& steps) {
  WeightConversion conversion;
  conversion.format = o.format;
  conversion.target.path = o.destination;
  for (const auto& [name, entry] : input.tensors) {
    if (!is_wanted(o, name)) continue;
    conversion.tensors.push_back({name, std::nullopt, std::nullopt, Device::cpu(), entry.source,
                                  steps.of(name, entry.info)});
  }
  return conversion;
}

// A conversion that would do less than was asked.
void check_effect(const ConvertOptions& o, const Input& input, const Steps& steps,
                  const WeightConversion& conversion, const Parts& parts) {
  for (const auto& [name, why] : input.unreadable) {
    if (!is_wanted(o, name)) continue;
    throw Error(ErrorCode::kUnsupported, "tensor '" + name + "' of " + o.source + ": " + why,
                "go without it by --except '" + name + "'");
  }
  if (input.tensors.empty()) {
    throw Error(ErrorCode::kNotFound, o.source + " holds no tensor", "there is nothing to convert");
  }
  if (conversion.tensors.empty()) {
    throw Error(ErrorCode::kNotFound, o.source + " has no tensor that --tensor and --except leave",
                "list them with ferrum inspect");
  }
  if (!steps.quantization()) return;
  bind_quantization(parts.quantizations, *steps.quantization());  // refuses what is none
  const bool any = std::any_of(
      conversion.tensors.begin(), conversion.tensors.end(), [&](const TensorSpec& spec) {
        return steps.quantizes(spec.name, input.tensors.find(spec.name)->second.info);
      });
  if (!any) {
    throw Error(ErrorCode::kInvalidArgument, "there is nothing to quantise in " + o.source,
                "only matrices of floating-point numbers are, but those that --dense names");
  }
}

// The target would take the place of what it is made of.
void refuse_source(const ConvertOptions& o, const Input& input, const WeightCatalogs& catalogs,
                   const std::string& target) {
  std::set<std::string> files;
  for (const WeightSource& source : input.sources) {
    if (source.kind != "file") continue;
    files.insert(source.location.at("path"));
    for (const WeightSource& further : find_further_files(catalogs, source)) {
      files.insert(further.location.at("path"));
    }
  }
  std::error_code unknown;
  const bool same_folder = input.files && fs::equivalent(o.source, o.destination, unknown);
  if (same_folder || std::any_of(files.begin(), files.end(), [&](const std::string& file) {
        return fs::equivalent(file, target, unknown);
      })) {
    throw UsageError(same_folder ? "DST is the folder of SRC" : "DST is a file of SRC",
                     "Name another one: SRC stays as it is.");
  }
}

// The modules that stay as they are, for the quantization_config of the model. An output layer that
// shares the embedding's weights is one of them, and has no tensor to show it.
std::vector<std::string> dense_modules(const Input& input, const Steps& steps) {
  constexpr std::string_view kSuffix = ".weight";
  std::vector<std::string> modules;
  for (const auto& [name, entry] : input.tensors) {
    if (!name.ends_with(kSuffix) || entry.info.shape.rank() != 2) continue;
    if (!steps.quantizes(name, entry.info)) {
      modules.push_back(name.substr(0, name.size() - kSuffix.size()));
    }
  }
  if (!input.tensors.contains("lm_head.weight")) modules.emplace_back("lm_head");
  return modules;
}

// What config.json calls the dtype of a model's weights; empty for one that models do not have.
std::string name_in_config(const std::string& dtype) {
  if (dtype.empty()) return "";
  switch (parse_dtype(dtype)) {
    case DataType::kF32: return "float32";
    case DataType::kF16: return "float16";
    case DataType::kBF16: return "bfloat16";
    default: return "";
  }
}

// What a model needs besides its weights, by name; config.json as the new weights ask for.
std::map<std::string, std::string> model_texts(const ConvertOptions& o, const Input& input,
                                               const Steps& steps, const Parts& parts) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : input.files->names()) {
    // An index names shards, which are one file now.
    if (!is_beside_weights(name) || name.ends_with(".index.json")) continue;
    if (name != "config.json") {
      texts[name] = input.files->read_text(name, kMaxTextBytes);
      continue;
    }
    OrderedJson config = read_ordered_json(*input.files, name);
    if (const std::string dtype = name_in_config(o.dtype); !dtype.empty()) {
      // Its old name and its new one.
      if (config.contains("dtype")) config["dtype"] = dtype;
      if (config.contains("torch_dtype") || !config.contains("dtype")) {
        config["torch_dtype"] = dtype;
      }
    }
    if (steps.quantization()) {
      const auto scheme = bind_quantization(parts.quantizations, *steps.quantization());
      config["quantization_config"] = scheme->checkpoint_config(dense_modules(input, steps));
    }
    texts[name] = config.dump(2) + "\n";
  }
  return texts;
}

void make_folder(const std::string& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (failed) throw Error(ErrorCode::kIo, "cannot make " + path + ": " + failed.message());
}

void check_format_of_folder(const ConvertOptions& o) {
  if (!is_folder(o.destination) || o.format.empty() || o.format == "safetensors") return;
  throw UsageError("a folder is of safetensors, --format is " + o.format, "Name a file to write.");
}

// Whose readers ask of __metadata__ where the names and shapes come from: here as torch has them.
bool writes_safetensors(const WeightConversion& conversion) {
  return conversion.format == "safetensors" ||
         (conversion.format.empty() && conversion.target.path.ends_with(".safetensors"));
}

int convert(const ConvertOptions& o) {
  const Steps steps(o);
  const WeightLoaderConfig config = to_loader_config(o.weights);
  check_format_of_folder(o);
  std::optional<EndOnInterrupt> ends(std::in_place);  // while a server is asked what there is
  const Parts parts = create_parts();
  const BackendConfig backend_config;
  const auto backend = parts.backends.get(backend_config.backend_type).create(backend_config);
  backend->initialize(Device::cpu());
  const auto loader = create_weight_loader(parts.weights, backend->tensor_factory(), config);
  const Input input = open_input(o, parts, *loader, config);
  WeightConversion conversion = plan(o, input, steps);
  check_effect(o, input, steps, conversion, parts);
  std::map<std::string, std::string> texts;
  if (is_folder(o.destination)) {
    conversion.target.path = (fs::path(o.destination) / "model.safetensors").string();
    if (input.files) texts = model_texts(o, input, steps, parts);
  }
  refuse_source(o, input, parts.weights, conversion.target.path);
  if (writes_safetensors(conversion)) conversion.target.metadata["format"] = "pt";
  ends.reset();
  std::stop_source stop;
  const OnInterrupt on_interrupt([&] { stop.request_stop(); });
  if (is_folder(o.destination)) make_folder(o.destination);
  TransferProgress line;
  fetch(o, input, parts, *loader, stop.get_token(), line);
  const ConversionResult result = convert_weights(
      conversion, *loader, parts.weights.formats, stop.get_token(),
      [&](int64_t done, int64_t total) { line.show("converting", done, total); });
  line.clear();
  for (const auto& [name, text] : texts) {
    write_model_text((fs::path(o.destination) / name).string(), text);
  }
  if (o.json) {
    write_json({{"path", conversion.target.path},
                {"tensors", result.tensors},
                {"size_bytes", result.bytes}});
  } else {
    write_out(printable_line(conversion.target.path) + "  " + std::to_string(result.tensors) +
              (result.tensors == 1 ? " tensor, " : " tensors, ") + format_bytes(result.bytes) +
              "\n");
  }
  return kDone;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand("convert", "Write weights in another format or dtype");
  command->add_option("SRC", o->source, "Model or weight file: a path, hf:, https:// or s3://")
      ->required()
      ->check(not_empty());
  command
      ->add_option("DST", o->destination,
                   "File (.safetensors, .npy, .npz), or a folder for the whole model")
      ->required()
      ->check(not_empty());
  command->add_option("--from", o->from, kFromHelp)->check(not_empty());
  command->add_option("--format", o->format, "Write this format, whatever the ending of DST")
      ->check(not_empty());
  command->add_option("--tensor", o->tensors, "Only tensors of this name; * and ? match any")
      ->check(not_empty());
  command->add_option("--except", o->except, "No tensors of this name; * and ? match any")
      ->check(not_empty());
  command->add_option("--slice", o->slices, "A range of one dimension: DIM:START:END, open ends")
      ->check(not_empty());
  command->add_option("--transpose", o->transpose, "Exchange two dimensions: DIM,DIM")
      ->check(not_empty());
  command->add_option("--scale", o->scale, "Multiply by this");
  command
      ->add_option("--dtype", o->dtype, "Cast floating-point tensors: f32, f16, bf16, f8_e4m3, ...")
      ->check(not_empty());
  command
      ->add_option("--quantize", o->quantize,
                   "Matrices in fewer bits: int8, int4[:GROUP_SIZE], fp8[:e4m3|e5m2]")
      ->check(not_empty());
  command->add_option("--dense", o->dense, "Not to be quantised; * and ? match any")
      ->capture_default_str();
  command->add_flag("--json", o->json, "Print one JSON object when the file is there");
  add_weight_options(*command, o->weights);
  command->footer(kExamples);
  command->callback([o, &action] { action = [o] { return convert(*o); }; });
}

}  // namespace ferrum::cli
