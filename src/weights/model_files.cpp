#include "ferrum/weights/model_files.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ferrum/types/error.h"
#include "weights/model_text_check.h"
#include "weights/open_file.h"
#include "weights/weight_index.h"

namespace ferrum {
namespace {

[[noreturn]] void refuse_name(std::string_view name, const std::string& location) {
  throw Error(ErrorCode::kNotFound, location + " has no file '" + std::string(name) + "'");
}

std::string path_in(const std::string& location, std::string_view name) {
  return location + "/" + std::string(name);
}

class ModelDirectory : public ModelFiles {
 public:
  explicit ModelDirectory(std::string path) : path_(std::move(path)) {}

  std::vector<std::string> names() const override {
    DIR* directory = opendir(path_.c_str());
    if (!directory) {
      throw Error(ErrorCode::kIo, "cannot list " + path_ + ": " + std::strerror(errno));
    }
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory)) {
      const std::string name = entry->d_name;
      if (!name.starts_with('.') && is_regular_file(name)) names.push_back(name);
    }
    closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  // A pipe or a dangling link is there, though nothing can be read from it: reading says why.
  bool contains(std::string_view name) const override {
    struct stat status {};
    return is_model_file_name(name) && lstat(path_of(name).c_str(), &status) == 0 &&
           !S_ISDIR(status.st_mode);
  }

  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    if (!is_model_file_name(name)) refuse_name(name, path_);
    const OpenFile file(path_of(name));
    check_model_text_size(path_of(name), file.size(), max_bytes);
    std::string text(static_cast<size_t>(file.size()), '\0');
    for (size_t done = 0; done < text.size();) {
      const ssize_t count = ::read(file.descriptor(), text.data() + done, text.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        throw Error(ErrorCode::kIo, "cannot read " + path_of(name) + ": " +
                                        (count < 0 ? std::strerror(errno) : "it became shorter"));
      }
      done += static_cast<size_t>(count);
    }
    check_model_text(path_of(name), text);
    return text;
  }

  WeightSource weight_source(std::string_view name) const override {
    if (!contains(name)) refuse_name(name, path_);
    return WeightSource::file(path_of(name));
  }

  std::string location() const override { return path_; }

 private:
  bool is_regular_file(const std::string& name) const {
    struct stat status {};
    return stat(path_of(name).c_str(), &status) == 0 && S_ISREG(status.st_mode);
  }

  std::string path_of(std::string_view name) const { return path_in(path_, name); }

  std::string path_;
};

class EmbeddedModel : public ModelFiles {
 public:
  EmbeddedModel(std::vector<std::pair<std::string, std::string_view>> files, std::string location)
      : files_(std::move(files)), location_(std::move(location)) {
    std::sort(files_.begin(), files_.end());
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_) names.push_back(name);
    return names;
  }
  bool contains(std::string_view name) const override { return find(name) != nullptr; }
  std::string read_text(std::string_view name, int64_t max_bytes) const override {
    const std::string_view bytes = get(name);
    check_model_text_size(path_in(location_, name), static_cast<int64_t>(bytes.size()), max_bytes);
    check_model_text(path_in(location_, name), bytes);
    return std::string(bytes);
  }
  WeightSource weight_source(std::string_view name) const override {
    return WeightSource::memory(borrow_bytes(get(name)), std::string(name));
  }
  std::string location() const override { return location_; }

 private:
  const std::string_view* find(std::string_view name) const {
    for (const auto& [known, bytes] : files_) {
      if (known == name) return &bytes;
    }
    return nullptr;
  }
  std::string_view get(std::string_view name) const {
    const std::string_view* bytes = find(name);
    if (!bytes) refuse_name(name, location_);
    return *bytes;
  }

  std::vector<std::pair<std::string, std::string_view>> files_;
  std::string location_;
};

}  // namespace

Json read_json(const ModelFiles& files, std::string_view name) {
  return parse_json(files.read_text(name, kMaxConfigBytes), path_in(files.location(), name));
}

OrderedJson read_ordered_json(const ModelFiles& files, std::string_view name) {
  return parse_ordered_json(files.read_text(name, kMaxConfigBytes),
                            path_in(files.location(), name));
}

std::unique_ptr<ModelFiles> open_model_directory(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error(ErrorCode::kNotFound, "there is no file or directory " + path);
    }
    throw Error(ErrorCode::kIo, "cannot open " + path + ": " + std::strerror(errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument, path + " is not a directory",
                "name the folder that holds config.json and the weights");
  }
  return std::make_unique<ModelDirectory>(path);
}

std::unique_ptr<ModelFiles> open_embedded_model(
    std::vector<std::pair<std::string, std::string_view>> files, std::string location) {
  return std::make_unique<EmbeddedModel>(std::move(files), std::move(location));
}

}  // namespace ferrum
