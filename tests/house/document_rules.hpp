#pragma once

// The rules that tie headers, tests, examples and documents together.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "code_rules.hpp"
#include "tree.hpp"

namespace house {

inline bool is_public(std::string_view path) {
  if (!is_header(path)) return false;
  return floor_of(path.substr(headers_root.size())).value_or(2) >= 2;
}

/// For every public header a test, an example and a page; for every primitive a stress test too.
inline violations pairs(const tree& files) {
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_public(path)) continue;
    const std::string header = path.substr(headers_root.size());
    const std::string folder = folder_of(header);

    const std::string name = std::filesystem::path(header).stem().string();
    std::vector<std::string> wanted{"tests/" + name + ".test.cpp", "examples/" + name + ".cpp",
                                    "docs/reference/" + name + ".md"};
    if (folder == "sync" || folder == "async") wanted.push_back("tests/stress/" + name + ".stress.cpp");

    for (const std::string& partner : wanted) {
      if (!files.contains(partner)) found.push_back({path, 0, "has no " + partner});
    }
  }
  return found;
}

/// The test of a public header includes it first, so that it is seen to stand on its own.
inline violations included_first(const tree& files) {
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_public(path)) continue;
    const std::string test = "tests/" + std::filesystem::path(path).stem().string() + ".test.cpp";
    const auto at = files.find(test);
    if (at == files.end()) continue;
    const std::vector<include> includes = includes_of(at->second);
    const std::string wanted = path.substr(std::string_view("include/").size());
    if (includes.empty() || includes.front().target != wanted) {
      found.push_back({test, includes.empty() ? 0 : includes.front().line, "has to include <" + wanted + "> first"});
    }
  }
  return found;
}

/// The lines between `// [region]` and `// [/region]`, without the indentation they share and without other markers.
inline std::vector<std::string> region_of(const std::string& text, const std::string& region) {
  static const std::regex marker(R"(^\s*// \[/?[A-Za-z0-9_-]+\]\s*$)");
  std::vector<std::string> lines;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (trimmed(line) == "// [/" + region + "]") break;
    if (inside && !std::regex_match(line, marker)) lines.push_back(line);
    if (trimmed(line) == "// [" + region + "]") inside = true;
  }
  std::size_t indent = std::string::npos;
  for (const std::string& line : lines) indent = std::min(indent, line.find_first_not_of(' '));
  for (std::string& line : lines) line.erase(0, std::min(indent, line.size()));
  return lines;
}

struct code_block {
  std::size_t line;      // of the opening fence
  std::string language;  // what follows it
  std::string above;     // the nearest line above that is not empty
  std::vector<std::string> lines;
};

inline std::vector<code_block> blocks_of(const std::string& markdown) {
  std::vector<code_block> blocks;
  std::string above;
  std::string fence;  // of the block we are in
  std::size_t number = 0;
  for (const std::string& line : lines_of(markdown)) {
    ++number;
    const std::string text = trimmed(line);
    if (fence.empty() && (text.starts_with("```") || text.starts_with("~~~"))) {
      fence = text.substr(0, text.find_first_not_of(text[0]));
      blocks.push_back({number, trimmed(text.substr(fence.size())), above, {}});
    } else if (!fence.empty() && text == fence) {
      fence.clear();
      above = text;
    } else if (!fence.empty()) {
      blocks.back().lines.push_back(line);
    } else if (!text.empty()) {
      above = text;
    }
  }
  return blocks;
}

inline bool is_document(std::string_view path) {
  return path.ends_with(".md") && (path.starts_with("docs/") || path == "README.md");
}

/// No document contains C++ of its own: it quotes a region of a file that is compiled.
inline violations snippets(const tree& files) {
  static const std::regex origin(R"(^<!-- snippet: ([^#\s]+)#([A-Za-z0-9_-]+) -->$)");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_document(path)) continue;
    for (const code_block& block : blocks_of(text)) {
      static const std::set<std::string, std::less<>> other_names_of_cpp{"c++", "cxx", "cc", "hpp", "C++", "c"};
      if (block.language.empty() || other_names_of_cpp.contains(block.language)) {
        found.push_back({path, block.line, "name the language of the block: cpp, sh, text, ..."});
      }
      if (block.language != "cpp") continue;

      std::smatch match;
      if (!std::regex_match(block.above, match, origin)) {
        found.push_back({path, block.line, "C++ without `<!-- snippet: examples/x.cpp#region -->` above it"});
        continue;
      }
      const auto source = files.find(match.str(1));
      const auto quoted = source == files.end() ? std::vector<std::string>{} : region_of(source->second, match[2]);
      if (quoted.empty()) {
        found.push_back({path, block.line, "there is no region " + match.str(1) + "#" + match.str(2)});
      } else if (quoted != block.lines) {
        const auto [here, there] = std::ranges::mismatch(block.lines, quoted);
        const auto at = static_cast<std::size_t>(here - block.lines.begin());
        found.push_back(
            {path, block.line + 1 + at,
             "is not what " + match.str(1) + " says: " + (there == quoted.end() ? "(nothing more)" : *there)});
      }
    }
  }
  return found;
}

/// The text of a document without its blocks of code and without `code` in a line, line by line.
inline std::vector<std::string> prose_of(const std::string& markdown) {
  static const std::regex code_in_line("`[^`]*`");
  std::vector<std::string> lines = lines_of(markdown);
  for (const code_block& block : blocks_of(markdown)) {
    for (std::size_t i = 0; i < block.lines.size(); ++i) lines[block.line + i].clear();
  }
  for (std::string& line : lines) line = std::regex_replace(line, code_in_line, "");
  return lines;
}

/// The names that a `#fragment` may use: each heading's, made the way GitHub makes it, and each `<a id="...">`.
inline std::set<std::string> anchors_of(const std::string& markdown) {
  static const std::regex explicit_anchor("<a (?:id|name)=\"([^\"]+)\"");
  std::set<std::string> anchors;
  std::map<std::string, int> seen;
  std::set<std::size_t> code_lines;
  for (const code_block& block : blocks_of(markdown)) {
    for (std::size_t i = 0; i < block.lines.size(); ++i) code_lines.insert(block.line + i);
  }
  std::size_t index = 0;
  for (const std::string& line : lines_of(markdown)) {
    if (code_lines.contains(index++)) continue;
    for (std::sregex_iterator a(line.begin(), line.end(), explicit_anchor), end; a != end; ++a) anchors.insert((*a)[1]);

    const std::size_t level = line.find_first_not_of('#');
    if (level == 0 || level > 6 || level == std::string::npos || line[level] != ' ') continue;
    std::string slug;
    for (const char c : trimmed(line.substr(level))) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x80 || std::isalnum(byte) || c == '-' || c == '_') slug += static_cast<char>(std::tolower(byte));
      if (c == ' ') slug += '-';
    }
    const int earlier = seen[slug]++;
    anchors.insert(earlier == 0 ? slug : slug + "-" + std::to_string(earlier));
  }
  return anchors;
}

/// Every link between our own documents leads somewhere.
inline violations links(const tree& files) {
  static const std::regex link(R"(\]\(([^)\s]+)(?:\s+"[^"]*")?\)|^\s*\[[^\]]+\]:\s+(\S+))");
  static const std::regex elsewhere("^[a-z]+:.*");
  const auto is_folder = [&](const std::string& path) {
    const auto first = files.lower_bound(path + "/");
    return first != files.end() && first->first.starts_with(path + "/");
  };
  violations found;
  for (const auto& [path, text] : files) {
    if (!path.ends_with(".md")) continue;
    std::size_t number = 0;
    for (const std::string& line : prose_of(text)) {
      ++number;
      for (std::sregex_iterator l(line.begin(), line.end(), link), end; l != end; ++l) {
        const std::string target = (*l)[1].matched ? l->str(1) : l->str(2);
        if (std::regex_match(target, elsewhere)) continue;
        const std::size_t hash = std::min(target.find('#'), target.size());
        std::string file = path;
        if (hash > 0) {
          const auto folder = std::filesystem::path(path).parent_path();
          file = (folder / target.substr(0, hash)).lexically_normal().generic_string();
          if (file.ends_with('/')) file.pop_back();
        }
        if (!files.contains(file) && !is_folder(file)) {
          found.push_back({path, number, "links to " + target + ", which is not there"});
        } else if (hash < target.size() && file.ends_with(".md") &&
                   !anchors_of(files.at(file)).contains(target.substr(hash + 1))) {
          found.push_back({path, number, "links to " + target + ", but there is no such heading"});
        }
      }
    }
  }
  return found;
}

/// A path that a header or a document mentions is a path that exists.
inline violations mentions(const tree& files) {
  static const std::regex mentioned(R"((?:^|[^A-Za-z0-9_./-])((?:include|tests|examples|benchmarks|docs|cmake)/)"
                                    R"([A-Za-z0-9_./-]*\.(?:hpp|cpp|md|txt|cmake)))");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path) && !is_document(path)) continue;
    std::size_t number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      for (std::sregex_iterator m(line.begin(), line.end(), mentioned), end; m != end; ++m) {
        if (!files.contains(m->str(1)))
          found.push_back({path, number, "mentions " + m->str(1) + ", which is not there"});
      }
    }
  }
  return found;
}

/// docs/README.md lists every public header, and docs/reference/tandem.md every one that tandem.hpp brings: by its
/// path, as the text of a link.
inline violations listed(const tree& files) {
  violations found;
  const auto require_in = [&](const std::string& page, const std::string& header) {
    const auto at = files.find(page);
    if (at == files.end() || at->second.find("[" + header + "](") == std::string::npos) {
      found.push_back({page, 0, "does not list [" + header + "]"});
    }
  };
  for (const auto& [path, text] : files) {
    if (!is_public(path)) continue;
    require_in("docs/README.md", path.substr(headers_root.size()));
    if (path != "include/tandem/tandem.hpp") continue;
    for (const include& brought : includes_of(text)) {
      if (brought.target.starts_with("tandem/")) require_in("docs/reference/tandem.md", brought.target.substr(7));
    }
  }
  return found;
}

/// Every row of a table belongs to one: a line that begins one is followed by the line that says so.
inline violations tables(const tree& files) {
  static const std::regex separator(R"(^\|[ :|-]+\|$)");
  violations found;
  for (const auto& [path, text] : files) {
    if (!path.ends_with(".md")) continue;
    const std::vector<std::string> lines = prose_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].starts_with('|') || (i > 0 && lines[i - 1].starts_with('|'))) continue;
      if (i + 1 == lines.size() || !std::regex_match(trimmed(lines[i + 1]), separator)) {
        found.push_back({path, i + 1, "is a row of no table: an empty line has torn it off, or its head is missing"});
      }
    }
  }
  return found;
}

/// Nothing is left for later, and no merge is left half done.
inline violations leftovers(const tree& files) {
  const auto is_mark_of_a_merge = [](std::string_view line) {
    const std::string_view mark = line.substr(0, 7);
    const bool repeats = mark.size() == 7 && mark.find_first_not_of(mark.front()) == std::string_view::npos;
    const bool ends = line.size() == 7 || (line.size() > 7 && line[7] == ' ');
    return repeats && ends &&
           (mark.front() == '=' ? line == mark : std::string_view("<>|").find(mark.front()) != std::string_view::npos);
  };
  static const std::regex leftover(
      "\\b(TO"
      "DO|FIX"
      "ME)\\b");  // in two pieces, or this line would be one
  violations found;
  for (const auto& [path, text] : files) {
    std::size_t number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      if (std::regex_search(line, leftover)) found.push_back({path, number, "left for later: do it, or take it out"});
      if (is_mark_of_a_merge(line)) found.push_back({path, number, "a merge was left half done here"});
    }
  }
  return found;
}

/// Words over which a reader of English as a second language stumbles, also where a line ends between them.
inline violations stumbling(const tree& files) {
  struct phrase {
    const char* words;
    const char* better;
  };
  static constexpr phrase phrases[] = {// each in two pieces, or these lines would have it
                                       {"but fo"
                                        "r",
                                        "except"},
                                       {"in vai"
                                        "n",
                                        "failed"},
                                       {"all the sam"
                                        "e",
                                        "still"}};
  violations found;
  for (const auto& [path, text] : files) {
    if (!path.ends_with(".md") && !is_cpp(path)) continue;
    for (const phrase& p : phrases) {
      const std::string words = std::regex_replace(std::string(p.words), std::regex(" "), "\\s+((//|#)\\s*)?");
      const std::regex wanted("\\b" + words + "\\b");
      for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) {
        const auto line = std::count(text.begin(), text.begin() + at->position(), '\n');
        found.push_back({path, static_cast<std::size_t>(line) + 1,
                         std::string("say \"") + p.better + "\", not \"" + p.words + "\""});
      }
    }
  }
  return found;
}

/// CMakeLists.txt, version.hpp and CHANGELOG.md agree on the version.
inline violations one_version(const tree& files) {
  const auto find = [&](const std::string& path, const std::regex& pattern) -> std::smatch {
    static const std::string nothing;
    const auto file = files.find(path);
    std::smatch match;
    std::regex_search(file == files.end() ? nothing : file->second, match, pattern);
    return match;
  };
  static const std::regex in_cmake(R"(VERSION (\d+)\.(\d+)\.(\d+)\s)");
  static const std::regex in_string(R"re(define TANDEM_VERSION_STRING "([^"]*)")re");
  static const std::regex in_number(R"(define TANDEM_VERSION (\d+))");

  // `project(tandem VERSION ...)` decides; the pattern skips `cmake_minimum_required(VERSION 3.25)`: that has two parts
  const std::smatch project = find("CMakeLists.txt", in_cmake);
  if (project.empty()) return {{"CMakeLists.txt", 0, "project() has no VERSION x.y.z"}};
  const std::string version = project.str(1) + "." + project.str(2) + "." + project.str(3);
  const int number = std::stoi(project.str(1)) * 10000 + std::stoi(project.str(2)) * 100 + std::stoi(project.str(3));

  violations found;
  const std::string header = "include/tandem/version.hpp";
  if (const auto text = find(header, in_string); text.empty() || text.str(1) != version) {
    found.push_back({header, 0, "TANDEM_VERSION_STRING is not \"" + version + "\", as in CMakeLists.txt"});
  }
  if (const auto text = find(header, in_number); text.empty() || text.str(1) != std::to_string(number)) {
    found.push_back({header, 0, "TANDEM_VERSION is not " + std::to_string(number) + ", as in CMakeLists.txt"});
  }
  const auto changelog = files.find("CHANGELOG.md");
  if (changelog == files.end() || changelog->second.find("## [" + version + "]") == std::string::npos) {
    found.push_back({"CHANGELOG.md", 0, "has no heading \"## [" + version + "]\""});
  }
  return found;
}

}  // namespace house
