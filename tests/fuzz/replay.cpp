// Stands in for libFuzzer's driver: puts files, and every file with its second half cut off,
// through a fuzz target.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

void run(const std::vector<char>& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", argv[i]);
      return 1;
    }
    run(bytes);
    bytes.resize(bytes.size() / 2);
    bytes.shrink_to_fit();  // AddressSanitizer sees what is read past the end
    run(bytes);
  }
  return argc > 1 ? 0 : 1;
}
