#include "sparrow/model/model_folder.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "sparrow/core/file.h"
#include "sparrow/model/safetensors.h"

namespace sparrow::model {
namespace {

constexpr const char* kManifest = "manifest.json";
constexpr const char* kItemLines = "items.txt";
constexpr const char* kTensors = "model.safetensors";
constexpr int kFormatVersion = 1;

std::string item_lines(const std::vector<ItemId>& items) {
  std::string text;
  for (const auto& id : items) text += id + "\n";
  return text;
}

// The manifest file's text: its own checksum covers everything else in it.
std::string manifest_text(nlohmann::json body) {
  body.erase("checksum");
  body["checksum"] = sha256_hex(body.dump());
  return body.dump(2) + "\n";
}

Error corrupt(const std::filesystem::path& file, const std::string& what) {
  return {ErrorCode::kCorrupt, fmt::format("{}: {}", file.string(), what)};
}

Result<nlohmann::json> read_manifest(const std::filesystem::path& folder) {
  auto text = read_file(folder / kManifest, 16U << 20);
  if (!text) return text.error();
  const auto body = nlohmann::json::parse(*text, nullptr, false);
  if (body.is_discarded() || !body.is_object())
    return corrupt(folder / kManifest, "is no JSON object");
  if (manifest_text(body) != *text)
    return corrupt(folder / kManifest, "its checksum is not the recorded one");
  if (body.value("format", "") != "sparrow-model" ||
      body.value("format_version", 0) != kFormatVersion) {
    return format_error(
        folder / kManifest,
        body.value("format", "") == "sparrow-model" ? body.value("format_version", 0) : 0,
        kFormatVersion);
  }
  return body;
}

// Empty when the file is as the manifest says.
std::string file_problem(const nlohmann::json& manifest, const std::string& name,
                         std::string_view bytes) {
  const auto& entry = manifest.at("files").at(name);
  if (entry.at("bytes").get<std::uint64_t>() != bytes.size()) {
    return fmt::format("has {} bytes, {} are recorded", bytes.size(),
                       entry.at("bytes").get<std::uint64_t>());
  }
  return entry.at("sha256").get<std::string>() == sha256_hex(bytes)
             ? ""
             : "its checksum is not the recorded one";
}

}  // namespace

Result<std::filesystem::path> write_model(const Model& model, const std::filesystem::path& root) {
  if (auto sound = validate(model); !sound) return sound.error();
  const auto parent = root / model.manifest.name;
  const auto folder = parent / model.manifest.version;
  std::error_code code;
  if (std::filesystem::exists(folder, code)) {
    return Error{
        ErrorCode::kConflict,
        fmt::format("{}: this version exists; versions are never changed", folder.string())};
  }
  const auto temporary = parent / fmt::format(".{}.{}.tmp", model.manifest.version, ::getpid());
  std::filesystem::remove_all(temporary, code);
  std::filesystem::create_directories(temporary, code);
  if (code)
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: cannot create: {}", temporary.string(), code.message())};
  nlohmann::json body = to_json(model.manifest);
  body["format"] = "sparrow-model";
  body["format_version"] = kFormatVersion;
  body["items"] = model.items.size();
  body["dim"] = model.dim();
  body["content_hash"] = content_hash(model);
  const auto discard = [&](const Error& error) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    return error;
  };
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>{kItemLines, item_lines(model.items)},
        {kTensors, write_safetensors(model.tensors)}}) {
    body["files"][name] = {{"bytes", bytes.size()}, {"sha256", sha256_hex(bytes)}};
    if (auto written = write_file_atomically(temporary / name, bytes); !written)
      return discard(written.error());
  }
  if (auto written = write_file_atomically(temporary / kManifest, manifest_text(body)); !written)
    return discard(written.error());
  std::filesystem::rename(temporary, folder, code);
  if (code)
    return discard({ErrorCode::kConflict,
                    fmt::format("{}: cannot put in place: {}", folder.string(), code.message())});
  if (auto synced = sync_directory(parent); !synced) return synced.error();
  return folder;
}

Result<Model> read_model(const std::filesystem::path& folder) {
  auto body = read_manifest(folder);
  if (!body) return body.error();
  auto manifest = manifest_from_json(*body);
  if (!manifest) return manifest.error();
  Model model;
  model.manifest = std::move(*manifest);
  std::shared_ptr<const MappedFile> file;
  for (const char* name : {kItemLines, kTensors}) {
    auto mapped = MappedFile::open(folder / name);
    if (!mapped) return mapped.error();
    const std::string problem = body->at("files").contains(name)
                                    ? file_problem(*body, name, mapped->bytes())
                                    : "is not recorded";
    if (!problem.empty()) return corrupt(folder / name, problem);
    if (name == kItemLines) {
      for (std::string_view text = mapped->bytes(); !text.empty();) {
        const auto newline = std::min(text.find('\n'), text.size() - 1);
        model.items.emplace_back(text.substr(0, newline));
        text.remove_prefix(newline + 1);
      }
      continue;
    }
    file = std::make_shared<const MappedFile>(std::move(*mapped));
    auto tensors = map_safetensors(file);
    if (!tensors) return corrupt(folder / name, tensors.error().message);
    model.tensors = std::move(*tensors);
  }
  if (auto sound = validate(model); !sound) return corrupt(folder, sound.error().message);
  file->forget(0, file->bytes().size());  // all was looked at; what is used is read again
  return model;
}

std::string recorded_hash(const std::filesystem::path& folder) {
  const auto body = read_manifest(folder);
  return body ? body->value("content_hash", "") : "";
}

std::vector<std::string> verify_model(const std::filesystem::path& folder) {
  std::vector<std::string> problems;
  auto body = read_manifest(folder);
  if (!body) return {body.error().message};
  std::set<std::string> expected{kManifest};
  for (const auto& [name, entry] : body->at("files").items()) {
    expected.insert(name);
    auto mapped = MappedFile::open(folder / name);
    if (!mapped) {
      problems.push_back(mapped.error().message);
      continue;
    }
    if (const auto problem = file_problem(*body, name, mapped->bytes()); !problem.empty()) {
      problems.push_back(fmt::format("{}: {}", (folder / name).string(), problem));
    }
  }
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (!expected.contains(name))
      problems.push_back(fmt::format("{}: does not belong here", entry.path().string()));
  }
  if (problems.empty()) {
    auto whole = read_model(folder);
    if (!whole) problems.push_back(whole.error().message);
  }
  return problems;
}

std::vector<std::string> list_versions(const std::filesystem::path& root, const std::string& name) {
  std::vector<std::string> versions;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root / name, ignored)) {
    const auto version = entry.path().filename().string();
    if (!version.starts_with('.') && std::filesystem::exists(entry.path() / kManifest, ignored))
      versions.push_back(version);
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

}  // namespace sparrow::model
