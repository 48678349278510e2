#pragma once
// A GGUF file that is a whole model, presented as the folder of files that transformers would have
// written: one way from files to engine.

#include <memory>

#include "ferrum/weights/model_files.h"
#include "ferrum/weights/weight_reader.h"

namespace ferrum {

// True for "x.gguf" and the first of several parts.
bool may_be_gguf_model(std::string_view name);

// `source` is where `file` was opened from. Its files are config.json, generation_config.json,
// tokenizer.json and tokenizer_config.json, made when they are read, and "model.gguf", which has
// the tensors as transformers names them. What the model cannot be presented as is refused by the
// file that would say it. Throws as open_gguf_file.
std::unique_ptr<ModelFiles> open_gguf_model(const WeightFile& file, const WeightSource& source);

}  // namespace ferrum
