// How much of large files on a server the formats ask for: directories and headers for metadata,
// and of tensors the range that is wanted.

#include <gtest/gtest.h>

#include <cstdio>

#include "ferrum/weights/weight_catalogs.h"
#include "support/gguf_bytes.h"
#include "support/host_tensor_factory.h"
#include "support/http_server.h"
#include "support/proto_bytes.h"
#include "support/safetensors_bytes.h"
#include "support/sparse_bytes.h"
#include "support/tar_bytes.h"
#include "support/temp_folder.h"
#include "support/torch_bytes.h"
#include "support/zip_bytes.h"
#include "weights/archives/zip_layout.h"
#include "weights/sources/url/url_location.h"

namespace ferrum {
namespace {

using test::SparseBytes;

constexpr int64_t kKiB = int64_t{1} << 10, kMiB = kKiB << 10;
constexpr int64_t kHeadBytes = 400;         // of a response of the server
constexpr int64_t kLookBytes = 4 * kKiB;    // of a short read somewhere else
constexpr int64_t kFirstBytes = 256 * kKiB; // of the first request

// Equal tensors of f32, one after the other.
struct Tensors {
  int64_t count, bytes;
  int64_t floats() const { return bytes / 4; }
  static std::string name(int64_t i) { return "model.layers." + std::to_string(i) + ".weight"; }
};

SparseBytes safetensors_file(const Tensors& tensors) {
  Json header;
  for (int64_t i = 0; i < tensors.count; ++i) {
    header[Tensors::name(i)] = {{"dtype", "F32"},
                                {"shape", {tensors.floats()}},
                                {"data_offsets", {i * tensors.bytes, (i + 1) * tensors.bytes}}};
  }
  SparseBytes file;
  file.append(safetensors_bytes(header.dump(), ""));
  file.append_zeros(tensors.count * tensors.bytes);
  return file;
}

// A dict of views of storages "0", "1", ...
std::string torch_pickle(const Tensors& tensors) {
  using namespace torch_bytes;
  std::string items;
  for (int64_t i = 0; i < tensors.count; ++i) {
    items += text(Tensors::name(i)) +
             rebuild(storage(tensors.floats(), std::to_string(i)), 0, {tensors.floats()}, {1});
  }
  return "}(" + items + "u.";
}

// Of each entry what it begins with, and zeros up to its size.
struct ZipContentStart {
  std::string name, start;
  int64_t bytes;
};
SparseBytes zip_file(const std::vector<ZipContentStart>& entries) {
  std::vector<ZipRecord> records;
  for (const auto& [name, start, bytes] : entries) {
    const auto* const text = reinterpret_cast<const Bytef*>(start.data());
    records.push_back({name, bytes, static_cast<uint32_t>(crc32_z(0, text, start.size()))});
  }
  const int64_t directory = lay_out_zip(records);
  SparseBytes file;
  for (size_t i = 0; i < records.size(); ++i) {
    file.put(records[i].local_offset, to_zip_local_header(records[i]));
    file.put(records[i].data_offset, entries[i].start);
  }
  file.put(directory, to_zip_directory(records, directory));
  return file;
}

SparseBytes torch_zip_file(const Tensors& tensors) {
  const std::string pickle = torch_pickle(tensors);
  std::vector<ZipContentStart> entries{
      {"archive/data.pkl", pickle, static_cast<int64_t>(pickle.size())},
      {"archive/byteorder", "little", 6}};
  for (int64_t i = 0; i < tensors.count; ++i) {
    entries.push_back({"archive/data/" + std::to_string(i), "", tensors.bytes});
  }
  return zip_file(entries);
}

SparseBytes torch_stream_file(const Tensors& tensors) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < tensors.count; ++i) keys.push_back(std::to_string(i));
  std::string head = torch_bytes::stream(torch_pickle(tensors), keys, 0);
  head.resize(head.size() - keys.size() * 8);  // the numbers of their elements
  SparseBytes file;
  file.append(head);
  for (int64_t i = 0; i < tensors.count; ++i) {
    file.append(torch_bytes::number(tensors.floats()));
    file.append_zeros(tensors.bytes);
  }
  return file;
}

SparseBytes torch_tar_file(const Tensors& tensors) {
  using namespace torch_bytes;
  SparseBytes storages;
  storages.append(integer(tensors.count) + ".");
  std::string views = integer(tensors.count) + ".", pickle = "}(";
  for (int64_t i = 0; i < tensors.count; ++i) {
    storages.append("(" + integer(i) + text("cpu") + "ctorch\nFloatStorage\nt." +
                    number(tensors.floats()));
    storages.append_zeros(tensors.bytes);
    views += "(" + integer(i) + integer(i) + "ctorch\nFloatTensor\nt." + number(1, 4) +
             number(0, 4) + number(tensors.floats()) + number(1) + number(0);
    pickle += text(Tensors::name(i)) + integer(i) + "Q";
  }
  storages.append("].");
  char size[16];
  std::snprintf(size, sizeof size, "%011llo", static_cast<unsigned long long>(storages.size()));
  SparseBytes file;
  file.append(tar_entry("sys_info", "}.") + tar_entry("storages", "", '0', size));
  file.append(std::move(storages));
  file.append_zeros((512 - file.size() % 512) % 512);
  file.append(tar_entry("tensors", views) + tar_entry("pickle", pickle + "u."));
  return file;
}

SparseBytes gguf_file(const Tensors& tensors, int64_t vocabulary) {
  std::vector<std::string> tokens;
  for (int64_t i = 0; i < vocabulary; ++i) tokens.push_back("token" + std::to_string(i));
  GgufBytes head;
  head.key("general.architecture", GgufBytes::kText, GgufBytes::text("llama"));
  head.key("tokenizer.ggml.tokens", GgufBytes::kList, GgufBytes::list(GgufBytes::kText, tokens));
  for (int64_t i = 0; i < tensors.count; ++i) {
    head.tensor(Tensors::name(i), {tensors.floats()}, 0, static_cast<uint64_t>(i * tensors.bytes));
  }
  SparseBytes file;
  file.append(head.bytes());
  file.append_zeros(tensors.count * tensors.bytes);
  return file;
}

std::string npy_header(const Tensors& tensors) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(tensors.floats()) + ",), }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\1\0\x76\0", 10) + header + "\n";
}

SparseBytes npz_file(const Tensors& tensors) {
  const std::string header = npy_header(tensors);
  std::vector<ZipContentStart> entries;
  for (int64_t i = 0; i < tensors.count; ++i) {
    entries.push_back({Tensors::name(i) + ".npy", header,
                       static_cast<int64_t>(header.size()) + tensors.bytes});
  }
  return zip_file(entries);
}

// Of elements that deflate lengthens.
SparseBytes deflated_npz_file(const Tensors& tensors) {
  std::string array = npy_header(tensors);
  uint32_t state = 1;
  for (int64_t i = 0; i < tensors.bytes; ++i) {
    state = state * 1664525 + 1013904223;
    array += static_cast<char>(state >> 24);
  }
  const auto* const bytes = reinterpret_cast<const Bytef*>(array.data());
  ZipPiece piece{.name = "", .data = deflated(array), .method = 8};
  piece.bytes = static_cast<uint32_t>(array.size());
  piece.crc32 = static_cast<uint32_t>(crc32_z(0, bytes, array.size()));
  std::vector<ZipPiece> pieces;
  for (int64_t i = 0; i < tensors.count; ++i) {
    piece.name = Tensors::name(i) + ".npy";
    pieces.push_back(piece);
  }
  SparseBytes file;
  file.append(zip_bytes(pieces));
  return file;
}

SparseBytes onnx_file(const Tensors& tensors, int64_t node_bytes) {
  using namespace test;
  SparseBytes graph;
  for (int64_t i = 0; i < node_bytes / 100; ++i) {
    graph.append(bytes_field(1, bytes_field(2, std::string(94, 'x')) + bytes_field(4, "")));
  }
  for (int64_t i = 0; i < tensors.count; ++i) {
    const std::string head =
        number_field(1, static_cast<uint64_t>(tensors.floats())) + number_field(2, 1) +
        bytes_field(8, Tensors::name(i)) +
        field(9, 2, varint(static_cast<uint64_t>(tensors.bytes)));
    const auto size = static_cast<uint64_t>(tensors.bytes) + head.size();
    graph.append(field(5, 2, varint(size)) + head);
    graph.append_zeros(tensors.bytes);
  }
  SparseBytes file;
  file.append(number_field(1, 10) + field(7, 2, varint(static_cast<uint64_t>(graph.size()))));
  file.append(std::move(graph));
  return file;
}

class RemoteMetadataTest : public testing::Test {
 protected:
  // Reads the metadata of `file`, which has `tensors`, in at most so many requests and bytes; then
  // a slice of the last but one of them in at most so many more beside its own 1000 bytes.
  void expect_traffic(SparseBytes file, const Tensors& tensors, int64_t requests, int64_t bytes,
                      int64_t slice_requests = 1, int64_t slice_bytes = 0) {
    test::ServedFile served;
    served.content = {file.size(), [&](int64_t offset, std::span<char> to) {
                        file.fill(offset, to);
                      }};
    test::HttpServer server(
        [&](const test::ServerRequest& request) { return serve_file(request, served); });
    const WeightSource source = url_source({server.url("/file"), {}});
    const auto loader = create_weight_loader(catalogs, factory, config);
    const WeightMetadata metadata = loader->get_metadata(source);
    EXPECT_EQ(static_cast<int64_t>(metadata.tensors.size()), tensors.count);
    EXPECT_EQ(metadata.total_size_bytes, tensors.count * tensors.bytes);
    EXPECT_LE(static_cast<int64_t>(server.requests().size()), requests);
    EXPECT_LE(server.bytes_sent(), bytes + requests * kHeadBytes);

    server.forget_requests();
    const int64_t before = server.bytes_sent();
    const int64_t first = tensors.floats() / 2;
    const Tensor slice = loader->load_tensor(
        {Tensors::name(tensors.count - 2), {}, {}, Device::cpu(), source,
         {TensorTransformation::slice(0, first, first + 250)}});
    EXPECT_EQ(slice.size_bytes(), 1000);
    EXPECT_LE(static_cast<int64_t>(server.requests().size()), slice_requests);
    EXPECT_LE(server.bytes_sent() - before, 1000 + slice_bytes + slice_requests * kHeadBytes);
  }

  test::TempFolder folder;
  HostTensorFactory factory;
  WeightCatalogs catalogs = create_weight_catalogs();
  WeightLoaderConfig config{.cache_dir = folder.path() / "cache"};
};

TEST_F(RemoteMetadataTest, Safetensors) {
  const Tensors tensors{5000, kMiB};
  expect_traffic(safetensors_file(tensors), tensors, 3, kMiB);
}

// The first bytes, the end, the directory, the rest of the pickle, the order of bytes.
TEST_F(RemoteMetadataTest, TorchZip) {
  const Tensors tensors{5000, kMiB};
  expect_traffic(torch_zip_file(tensors), tensors, 6, 2 * kMiB, 2, kLookBytes);
}

TEST_F(RemoteMetadataTest, TorchStream) {
  const Tensors tensors{300, kMiB};
  expect_traffic(torch_stream_file(tensors), tensors, 1, kFirstBytes, 2, kLookBytes);
}

// Each storage stands behind the one before.
TEST_F(RemoteMetadataTest, TorchTar) {
  const Tensors tensors{300, kMiB};
  expect_traffic(torch_tar_file(tensors), tensors, 300 + 10,
                 kFirstBytes + 310 * kLookBytes);
}

TEST_F(RemoteMetadataTest, Gguf) {
  const Tensors tensors{300, kMiB};
  expect_traffic(gguf_file(tensors, 10'000), tensors, 2, 2 * kFirstBytes);
  expect_traffic(gguf_file(tensors, 150'000), tensors, 6, 4 * kMiB);
}

// The first bytes and the end, then a look at each array.
TEST_F(RemoteMetadataTest, Npz) {
  const Tensors tensors{300, 256 * kKiB};
  expect_traffic(npz_file(tensors), tensors, 2 + 300, kFirstBytes + 66 * kKiB + 300 * kLookBytes);
}

TEST_F(RemoteMetadataTest, DeflatedNpz) {
  const Tensors tensors{40, 256 * kKiB};
  expect_traffic(deflated_npz_file(tensors), tensors, 2 + 40,
                 kFirstBytes + 66 * kKiB + 40 * kLookBytes, 2, 256 * kKiB);
}

// Small arrays are read through rather than looked at one by one.
TEST_F(RemoteMetadataTest, NpzOfSmallArrays) {
  const Tensors tensors{10'000, 2 * kKiB};
  expect_traffic(npz_file(tensors), tensors, 200, 28 * kMiB);
}

TEST_F(RemoteMetadataTest, Onnx) {
  const Tensors tensors{300, 256 * kKiB};
  expect_traffic(onnx_file(tensors, 0), tensors, 1 + 300, kFirstBytes + 300 * kLookBytes);
}

// A long way of reading on ends with the first tensor.
TEST_F(RemoteMetadataTest, OnnxOfManyNodes) {
  const Tensors tensors{300, 100 * kKiB};
  expect_traffic(onnx_file(tensors, kMiB), tensors, 10 + 300, 2 * kMiB + 300 * kLookBytes);
}

}  // namespace
}  // namespace ferrum
