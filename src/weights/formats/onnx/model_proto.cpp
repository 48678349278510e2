#include "weights/formats/onnx/model_proto.h"

#include <utility>
#include <vector>

#include "ferrum/types/error.h"
#include "weights/formats/onnx/model_description.h"
#include "weights/strict_sax.h"

namespace ferrum {
namespace {

constexpr int kMaxDepth = 32;  // of graphs in the attributes of nodes of graphs
constexpr size_t kMaxTensors = 500'000;
constexpr int64_t kMaxNameBytes = int64_t{64} << 20;  // of all tensors

// Fields of the messages on the way to the tensors.
namespace model {
enum { kGraph = 7, kFunctions = 25 };
}
namespace graph {
enum { kNode = 1, kInitializer = 5, kSparseInitializer = 15 };
}
namespace node {
enum { kOutput = 2, kName = 3, kOpType = 4, kAttribute = 5 };
}
namespace attribute {
enum {
  kName = 1,
  kTensor = 5,
  kGraph = 6,
  kTensors = 10,
  kGraphs = 11,
  kSparseTensor = 22,
  kSparseTensors = 23
};
}
namespace function {
enum { kName = 1, kNode = 7, kDomain = 10, kAttribute = 11, kOverload = 13 };
}

// Walks down the messages. What it finds gets its name from the inside out: a tensor of a graph in
// an attribute is first named by itself, then after the attribute, then after the node.
class ModelWalk {
 public:
  explicit ModelWalk(const ByteSource& source) : reader_(source) {}

  OnnxModel walk() {
    bool has_graph = false;
    const ByteRange all{0, reader_.source().size()};
    reader_.read_message(all, [&](const WireField& field) {
      if (field.number == model::kGraph) {
        if (std::exchange(has_graph, true)) reader_.fail(field.position, "it has two graphs");
        walk_graph(reader_.bytes_of(field), 0);
      } else if (field.number == model::kFunctions) {
        walk_function(reader_.bytes_of(field));
      } else {
        description_.take(reader_, field);
      }
      return true;
    });
    if (!has_graph) reader_.fail(all.end, "it has no graph");
    model_.extra = description_.to_json();
    for (OnnxTensor& tensor : found_) keep(std::move(tensor));
    return std::move(model_);
  }

 private:
  // Puts `label` before the names of what was found from `first` on.
  void prepend(const std::string& label, size_t first) {
    for (size_t i = first; i < found_.size(); ++i) {
      std::string& name = found_[i].name;
      if (!name.empty()) name.insert(0, 1, '/');
      name.insert(0, label);
      name_bytes_ += static_cast<int64_t>(label.size()) + 1;
      check_names();
    }
  }
  void check_names() const {
    if (name_bytes_ <= kMaxNameBytes) return;
    throw Error(ErrorCode::kInvalidFormat,
                reader_.source().name() + " has names of more than 64 MiB");
  }

  void find_tensor(ByteRange message) {
    if (found_.size() == kMaxTensors) {
      reader_.fail(message.begin, "it has more than " + std::to_string(kMaxTensors) + " tensors");
    }
    found_.push_back(parse_tensor_proto(reader_, message));
    name_bytes_ += static_cast<int64_t>(found_.back().name.size());
    check_names();
  }

  [[noreturn]] void refuse_sparse(const WireField& field) const {
    throw Error(
        ErrorCode::kUnsupported,
        reader_.source().name() + " has a sparse tensor at byte " + std::to_string(field.position),
        "save the model with dense initializers");
  }

  void walk_graph(ByteRange message, int depth) {
    if (depth > kMaxDepth) {
      reader_.fail(message.begin,
                   "its graphs are nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    reader_.read_message(message, [&](const WireField& field) {
      if (field.number == graph::kNode) walk_node(reader_.bytes_of(field), depth);
      if (field.number == graph::kSparseInitializer) refuse_sparse(field);
      if (field.number == graph::kInitializer) {
        find_tensor(reader_.bytes_of(field));
        if (found_.back().name.empty()) {
          reader_.fail(field.position, "an initializer has no name");
        }
      }
      return true;
    });
  }

  // A node goes by its first output, which names the value that a Constant stands for.
  void walk_node(ByteRange message, int depth) {
    const size_t first = found_.size();
    std::string output, name, op_type;
    reader_.read_message(message, [&](const WireField& field) {
      if (field.number == node::kOutput && output.empty()) output = reader_.text_of(field);
      if (field.number == node::kName) name = reader_.text_of(field);
      if (field.number == node::kOpType) op_type = reader_.text_of(field);
      if (field.number == node::kAttribute) walk_attribute(reader_.bytes_of(field), depth);
      return true;
    });
    if (op_type == "Constant" && found_.size() == first + 1 && found_[first].name == "value") {
      found_[first].name.clear();
    }
    prepend(!output.empty() ? output : !name.empty() ? name : op_type, first);
  }

  void walk_attribute(ByteRange message, int depth) {
    const size_t first = found_.size();
    std::string name;
    int tensors = 0, graphs = 0;
    reader_.read_message(message, [&](const WireField& field) {
      const size_t begin = found_.size();
      switch (field.number) {
        case attribute::kName:
          name = reader_.text_of(field);
          break;
        case attribute::kTensor:
          find_value(reader_.bytes_of(field));
          break;
        case attribute::kGraph:
          walk_graph(reader_.bytes_of(field), depth + 1);
          break;
        case attribute::kTensors:
          find_value(reader_.bytes_of(field));
          prepend(std::to_string(tensors++), begin);
          break;
        case attribute::kGraphs:
          walk_graph(reader_.bytes_of(field), depth + 1);
          prepend(std::to_string(graphs++), begin);
          break;
        case attribute::kSparseTensor:
        case attribute::kSparseTensors:
          refuse_sparse(field);
        default:
          break;
      }
      return true;
    });
    prepend(name, first);
  }

  // The own name of a tensor in an attribute means nothing.
  void find_value(ByteRange message) {
    find_tensor(message);
    found_.back().name.clear();
  }

  void walk_function(ByteRange message) {
    const size_t first = found_.size();
    std::string domain, name, overload;
    reader_.read_message(message, [&](const WireField& field) {
      switch (field.number) {
        case function::kName:
          name = reader_.text_of(field);
          break;
        case function::kDomain:
          domain = reader_.text_of(field);
          break;
        case function::kOverload:
          overload = reader_.text_of(field);
          break;
        case function::kNode:
          walk_node(reader_.bytes_of(field), 0);
          break;
        case function::kAttribute:
          walk_attribute(reader_.bytes_of(field), 0);
          break;
        default:
          break;
      }
      return true;
    });
    if (!domain.empty()) name.insert(0, domain + ".");
    if (!overload.empty()) name += "." + overload;
    prepend(name, first);
  }

  void keep(OnnxTensor tensor) {
    if (tensor.name.empty()) reader_.fail(0, "a tensor has no name");
    if (model_.tensors.contains(tensor.name) || model_.unreadable.contains(tensor.name)) {
      reader_.fail(0, "two tensors are named " + quote_json(tensor.name));
    }
    if (!tensor.unreadable.empty()) {
      model_.unreadable[tensor.name] = tensor.unreadable;
      return;
    }
    if (const auto* data = std::get_if<ExternalData>(&tensor.values)) describe_external(*data);
    for (const std::string& key : tensor.ignored_keys) {
      model_.extra["ignored_external_data_keys"][key] = true;
    }
    std::string name = tensor.name;
    model_.tensors[std::move(name)] = std::move(tensor);
  }

  void describe_external(const ExternalData& data) {
    Json& file = model_.extra["external_data"][data.location];
    if (file.is_null()) file = Json::object();
    if (data.checksum.empty()) return;
    file["sha1"] = data.checksum;
    file["sha1_is_checked"] = false;
  }

  WireReader reader_;
  ModelDescription description_;
  OnnxModel model_;
  std::vector<OnnxTensor> found_;
  int64_t name_bytes_ = 0;
};

}  // namespace

OnnxModel parse_model_proto(const ByteSource& source) { return ModelWalk(source).walk(); }

}  // namespace ferrum
