#pragma once
// What conformance runs on: every registered backend, in each of its instruction sets, with its own
// groups and with the composed ones.

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "conformance/op_case.h"
#include "ferrum/backends/backend_catalog.h"

namespace ferrum::conformance {

struct Target {
  std::string name;  // "cpu_avx2", "cpu_amx_composed"
  BackendConfig config;
  bool composed = false;
};

inline void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

const BackendCatalog& backend_catalog();
std::vector<Target> targets();

// A ready backend and its kernels.
class RunningTarget {
 public:
  explicit RunningTarget(const Target& target);
  ComputeBackend& backend() { return *backend_; }
  Kernels& kernels() { return *kernels_; }

 private:
  std::unique_ptr<ComputeBackend> backend_;
  std::unique_ptr<KernelOps> groups_;
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace ferrum::conformance
