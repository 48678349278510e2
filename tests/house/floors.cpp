#include <array>
#include <map>
#include <optional>
#include <regex>

#include "house/source_tree.h"

namespace ferrum::house {
namespace {

struct Room {
  std::string_view folder;
  int floor;
};

constexpr std::array kRooms{
    Room{"types", 0},    Room{"tensor", 1},  Room{"text", 1},   Room{"quant", 2},
    Room{"backends", 3}, Room{"weights", 3}, Room{"models", 4}, Room{"registry", 4},
    Room{"engine", 5},   Room{"cli", 6},     Room{"server", 6},
};

std::optional<Room> find_room(std::string_view folder) {
  for (const Room& room : kRooms) {
    if (room.folder == folder) return room;
  }
  return std::nullopt;
}

std::string_view first_folder(std::string_view path) { return path.substr(0, path.find('/')); }

// The room of a file: cli/x.h, src/text/x.h and include/ferrum/text/x.h say so themselves.
std::optional<Room> room_of(std::string_view path) {
  for (const std::string_view prefix : {"include/ferrum/", "src/"}) {
    if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
  }
  return find_room(first_folder(path));
}

// Each part's path without extension, "src/models/llama" or "src/backends/cpu", as add_part names
// them in the CMakeLists of the axis.
std::vector<std::string> find_parts(const fs::path& root) {
  static const std::regex kAddPart(R"(^\s*add_part\(\s*\w+\s+([\w-]+)\s*\))");
  std::vector<std::string> parts;
  for_each_file(root, "src", [&](const fs::path& file, const std::string& path) {
    if (file.filename() != "CMakeLists.txt") return;
    for (const std::string& line : read_lines(file)) {
      std::smatch match;
      if (!std::regex_search(line, match, kAddPart)) continue;
      parts.push_back((fs::path(path).parent_path() / match[1].str()).generic_string());
    }
  });
  return parts;
}

// The part that owns a file; empty for what the axis shares.
std::string part_of(const std::string& path, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (path.starts_with(part + "/") || path.starts_with(part + ".")) return part;
  }
  return {};
}

// The file an include names, relative to root. One that is not there (it is generated) is taken
// to lie where its own folders say.
std::string resolve(const fs::path& root, const std::string& includer, const std::string& name) {
  const fs::path beside = fs::path(includer).parent_path();
  for (const fs::path& folder : {beside, fs::path("include"), fs::path("src"), fs::path()}) {
    const fs::path candidate = (folder / name).lexically_normal();
    if (fs::exists(root / candidate)) return candidate.generic_string();
  }
  return name.starts_with("ferrum/") ? "include/" + name : name;
}

std::string explain(const std::string& from, const std::string& to,
                    const std::vector<std::string>& parts) {
  const auto here = room_of(from);
  const auto there = room_of(to);
  if (!here || !there) return {};
  if (there->floor > here->floor) {
    return "points up, from floor " + std::to_string(here->floor) + " to " +
           std::to_string(there->floor);
  }
  if (there->floor < here->floor) return {};
  if (there->folder != here->folder) {
    return std::string(here->folder) + " and " + std::string(there->folder) +
           " are on one floor and must not include each other";
  }
  const std::string part = part_of(to, parts);
  if (part.empty() || part == part_of(from, parts)) return {};
  return part + " is a part of its own; only it may include its files on this floor";
}

bool is_source(const fs::path& file) {
  static const std::regex kSource(R"(\.(h|hpp|inc|c|cc|cpp|cu|cuh)$)");
  return std::regex_search(file.filename().string(), kSource);
}

}  // namespace

Findings check_floors(const fs::path& root) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*["<]([^">]+)[">])");
  const std::vector<std::string> parts = find_parts(root);
  Findings findings;
  const auto visit = [&](const fs::path& file, const std::string& path) {
    if (!is_source(file) || is_test(path)) return;
    const bool umbrella = fs::path(path).parent_path() == "include/ferrum";
    if (!umbrella && !room_of(path)) findings.push_back(path + ":1: is on no floor");
    const std::vector<std::string> lines = read_lines(file);
    for (size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(lines[i], match, kInclude)) continue;
      const std::string why = explain(path, resolve(root, path, match[1]), parts);
      if (why.empty()) continue;
      findings.push_back(path + ":" + std::to_string(i + 1) + ": the include of " + match[1].str() +
                         ": " + why);
    }
  };
  for (const char* folder : {"include", "src", "cli", "server"}) for_each_file(root, folder, visit);
  return findings;
}

}  // namespace ferrum::house
