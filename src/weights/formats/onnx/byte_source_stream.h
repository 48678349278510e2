#pragma once
// A ByteSource as a stream of the Protocol Buffers library, in which positions have 64 bits.

#include <google/protobuf/io/zero_copy_stream.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "ferrum/weights/byte_source.h"

namespace ferrum {

// What is addressable is lent in place. Other sources are read as far ahead as the reading has been
// going on: little after a long way, more with each piece that follows.
class ByteSourceStream : public google::protobuf::io::ZeroCopyInputStream {
 public:
  // Borrows `source`.
  explicit ByteSourceStream(const ByteSource& source);

  // The next byte to be handed out. `seek` takes a position inside the source, or its end.
  int64_t position() const { return position_; }
  void seek(int64_t position);

  // The library's code is not to be thrown through: a failed read ends the stream, and is thrown
  // again here.
  void rethrow_failure() const;

  bool Next(const void** data, int* size) override;
  void BackUp(int count) override;
  bool Skip(int count) override;
  int64_t ByteCount() const override { return position_; }

 private:
  bool read_ahead(int64_t bytes);

  const ByteSource& source_;
  const std::shared_ptr<Storage> storage_;
  std::vector<std::byte> buffer_;
  int64_t position_ = 0;
  int64_t ahead_;
  std::exception_ptr failure_;
};

}  // namespace ferrum
