#include "system/command_line.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace ferrum::testing {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read = ends[0];
    write = ends[1];
  }
};

// Of this process. Under AddressSanitizer terabytes, and as many in the ferrum built with it.
int64_t mapped_bytes() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

[[noreturn]] void become_ferrum(const std::vector<std::string>& args, const CommandOptions& options,
                                const Pipe& in, const Pipe& out, const Pipe& err) {
  dup2(in.read, STDIN_FILENO);
  dup2(options.full_output ? open("/dev/full", O_WRONLY) : out.write, STDOUT_FILENO);
  dup2(err.write, STDERR_FILENO);
  if (options.memory_bytes > 0) {
    const auto bytes = static_cast<rlim_t>(mapped_bytes() + options.memory_bytes);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_AS, &limit);
  }
  std::vector<char*> argv{const_cast<char*>(FERRUM_BINARY)};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  alarm(FERRUM_BINARY_SECONDS);
  execv(FERRUM_BINARY, argv.data());
  _exit(127);
}

std::string drain(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return text;
}

}  // namespace

CommandResult run_ferrum(const std::vector<std::string>& args, const CommandOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  const Pipe in, out, err;
  const pid_t child = fork();
  if (child == 0) become_ferrum(args, options, in, out, err);
  close(in.read);
  close(out.write);
  close(err.write);
  CommandResult result;
  if (options.close_output) close(out.read);
  std::thread feed([&] {
    size_t done = 0;
    while (done < options.input.size()) {
      const ssize_t count =
          write(in.write, options.input.data() + done, options.input.size() - done);
      if (count <= 0) break;
      done += static_cast<size_t>(count);
    }
    close(in.write);
  });
  std::thread errors([&] { result.err = drain(err.read); });
  if (!options.close_output) result.out = drain(out.read);
  feed.join();
  errors.join();
  int status = 0;
  waitpid(child, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace ferrum::testing
