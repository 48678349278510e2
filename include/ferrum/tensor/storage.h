#pragma once
// A range of bytes on one device. Tensors share it; the last one to go frees it.
//
// Who owns the bytes is the subclass' business: an allocation of a DeviceMemoryManager, a mapped
// file, or bytes that the caller lends. Neither copied nor moved. The pointer and the size never
// change, so reading them is thread-safe; the bytes themselves are the users' to order.

#include <cstdint>

#include "ferrum/types/device.h"

namespace ferrum {

class Storage {
 public:
  virtual ~Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Address on `device()`; dereferenceable by the host only for "cpu".
  void* data() const { return data_; }
  int64_t size() const { return size_; }
  const Device& device() const { return device_; }
  // False for mapped weight files and lent constants: nothing may write there.
  bool writable() const { return writable_; }

 protected:
  Storage(void* data, int64_t size, Device device, bool writable)
      : data_(data), size_(size), device_(std::move(device)), writable_(writable) {}

 private:
  void* data_;
  int64_t size_;
  Device device_;
  bool writable_;
};

}  // namespace ferrum
