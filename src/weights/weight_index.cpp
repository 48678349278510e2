#include "weights/weight_index.h"

#include "weights/strict_sax.h"

namespace ferrum {
namespace {

// "weight_map" is read; every other key of the document is skipped.
class IndexHandler : public StrictSax {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;
  IndexHandler(std::string what, Map& map) : StrictSax(std::move(what)), map_(map) {}

  bool start_object(size_t) override {
    if (in_map_) unexpected("an object");
    if (depth_ == 1 && section_ == "weight_map") {
      if (has_map_) fail("has the key \"weight_map\" twice");
      in_map_ = has_map_ = true;
    }
    enter();
    return true;
  }
  bool start_array(size_t) override {
    skip("an array");
    enter();
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) section_ = std::move(name);
    else if (in_map_) tensor_ = std::move(name);
    return true;
  }
  bool string(std::string& value) override {
    if (!in_map_) return skip("a string");
    if (!is_model_file_name(value)) {
      fail("places tensor " + quote_json(tensor_) + " in " + quote_json(value) +
           ", which is not a file of the model");
    }
    if (map_.size() == kMaxWeightIndexTensors) {
      fail("has more than " + std::to_string(kMaxWeightIndexTensors) + " tensors");
    }
    if (!map_.emplace(tensor_, std::move(value)).second) {
      fail("has the tensor " + quote_json(tensor_) + " twice");
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    in_map_ = false;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool null() override { return skip("null"); }
  bool boolean(bool) override { return skip("a boolean"); }
  bool number_integer(int64_t) override { return skip("a number"); }
  bool number_unsigned(uint64_t) override { return skip("a number"); }
  bool number_float(double, const std::string&) override { return skip("a number"); }

  void finish() const {
    if (!has_map_) fail("has no \"weight_map\" object");
  }

 protected:
  std::string place() const override {
    return in_map_ ? " (tensor " + quote_json(tensor_) + ")" : "";
  }

 private:
  bool skip(const char* event) const {
    if (depth_ == 0 || in_map_ || (depth_ == 1 && section_ == "weight_map")) unexpected(event);
    return true;
  }
  void enter() {
    if (++depth_ > 32) fail("nests deeper than 32 levels");
  }

  Map& map_;
  int depth_ = 0;
  bool in_map_ = false, has_map_ = false;
  std::string section_, tensor_;
};

}  // namespace

std::map<std::string, std::string, std::less<>> parse_weight_index(std::string_view json,
                                                                   const std::string& what) {
  IndexHandler::Map map;
  IndexHandler handler(what, map);
  handler.parse(json);
  handler.finish();
  return map;
}

}  // namespace ferrum
