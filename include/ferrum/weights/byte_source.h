#pragma once
// The bytes of one opened weight source: ranges of a file, of memory, of an object in a bucket.
//
// Thread-safe: ranges are read from several threads at once. The size never changes; a source whose
// content changes underneath fails with kIo where it can notice.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ferrum/tensor/storage.h"
#include "ferrum/types/function_ref.h"

namespace ferrum {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual const std::string& name() const = 0;  // for messages
  virtual int64_t size() const = 0;

  // Fills `destination` from `offset` on. Throws kInvalidArgument for a range past the end, kIo.
  virtual void read(int64_t offset, std::span<std::byte> destination) const = 0;

  // Hands [offset, offset + bytes) to `sink`, in order, in chunks of at most 1 MiB, each but the
  // last a multiple of 64 bytes. A source that waits for its medium reads ahead. What `sink` throws
  // ends the stream.
  virtual void stream(int64_t offset, int64_t bytes,
                      FunctionRef<void(std::span<const std::byte>)> sink) const;

  // All bytes where they lie, when the host can address them (a mapped file, lent memory): tensors
  // are then views of it. Null for a source that fetches ranges.
  virtual std::shared_ptr<Storage> storage() const { return nullptr; }

  // Brings a range near, so that a later read waits for no medium. Throws kUnsupported where there
  // is no nearer place.
  virtual void prefetch(int64_t offset, int64_t bytes) const = 0;

  // A range of storage() will soon be read: begins to bring it near, and waits for nothing.
  virtual void expect(int64_t /*offset*/, int64_t /*bytes*/) const {}

  // Gives back the memory that a range of storage() takes in this process. It can still be read,
  // more slowly the next time.
  virtual void release(int64_t /*offset*/, int64_t /*bytes*/) const {}

 protected:
  // Throws kInvalidArgument unless [offset, offset + bytes) lies inside.
  void check_range(int64_t offset, int64_t bytes) const;
};

}  // namespace ferrum
