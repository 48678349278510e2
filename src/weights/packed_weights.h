#pragma once
// The weights of a model as kernels read them, kept from one start to the next.
//
// What must be decoded, cast or gathered is written once to the cache, by one process, and mapped
// from there afterwards by all. The file has the tensors' bytes alone, each at a multiple of 64,
// in the order of the requests; its name stands for everything that decides what is in it: the
// bytes of every source, the requests, and the layout that the kernels read. For the bytes stand
// the stamps of the sources, of a file its path, device, inode, size and time of change (ctime,
// which no program sets at will), of a remote one its version: to hash the content would be to read
// all of it at each start, which is what the cache is there to save.

#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "ferrum/tensor/tensor.h"
#include "ferrum/weights/model_weights.h"
#include "ferrum/weights/weight_catalogs.h"

namespace ferrum {

// Immutable; tensors that it gave out keep the file mapped, and in the cache.
class PackedWeights {
 public:
  struct Job {
    const ModelWeights& weights;
    std::span<const ModelWeights::Request> requests;
    std::string location;  // of the model, for people
    std::string layout;    // what reads them: backend, version, arrangement of elements
  };

  // Finds the file, or makes it from what `weights` loads, in windows of bounded size. Null where
  // nothing would be gained, since everything is used where it lies, or where a source is not told
  // from another by its stamp. Throws as the loader, and kResourceExhausted or kIo for a cache that
  // cannot be written.
  static std::unique_ptr<PackedWeights> open(const Job& job, const WeightCatalogs& catalogs,
                                             const WeightLoaderConfig& config,
                                             std::stop_token stop, const LoadProgress& progress);

  // Brings all into memory, as WeightLoader::preload does.
  void preload(const std::stop_token& stop, const LoadProgress& progress) const;

  // In host memory, read-only. `name` is of one of the requests.
  const Tensor& get(std::string_view name) const { return tensors_.find(name)->second; }

 private:
  std::unique_ptr<ByteSource> file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace ferrum
