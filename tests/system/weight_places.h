#pragma once
// The places in which the files of tests/data/weights/matrix lie for the weight matrix, and how a
// user names them there.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ferrum/weights/weight_catalogs.h"
#include "ferrum/weights/weight_source.h"
#include "support/temp_folder.h"

namespace ferrum::test {

const std::string kMatrixFolder = FERRUM_SOURCE_DIR "/tests/data/weights/matrix/";

class WeightPlace {
 public:
  virtual ~WeightPlace() = default;

  virtual void prepare(WeightCatalogs&) {}
  virtual WeightSource source(const WeightCatalogs& catalogs, const std::string& file) = 0;
  // Of places that name models: that of a folder, as users write it.
  virtual std::string model(const std::string&) { return ""; }

  // Of remote places: from now on no true byte of a file leaves the servers; they still tell what
  // there is, and in which version.
  virtual void hide_content() {}
  // How often bytes of files were asked for since then.
  virtual int content_requests() { return 0; }

  std::string cache_dir() const { return cache_.path(); }

 protected:
  TempFolder cache_;
};

struct WeightPlaceKind {
  std::string_view name;
  std::unique_ptr<WeightPlace> (*make)();
  bool has_siblings = true;   // files of several parts can lie there
  bool names_models = false;
  bool is_remote = false;     // preload brings files into a cache
};
std::span<const WeightPlaceKind> weight_places();

}  // namespace ferrum::test
