// SPDX-License-Identifier: Apache-2.0
// Layouts: the Hugging Face hub's cache keeps models--ORG--NAME/snapshots/REVISION with the current
// revision in refs/main, and FastEmbed uses the same for its own exports.
#include "plugins/embed_fastembed/model_files.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

#include "plugins/embed_fastembed/json_file.h"

namespace dsw::fastembed {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// In this order: an export as it is, then what FastEmbed and others make of it.
constexpr const char* kOnnxNames[] = {"model.onnx", "onnx/model.onnx", "model_optimized.onnx",
                                      "model_quantized.onnx", "onnx/model_quantized.onnx"};

std::vector<fs::path> Children(const fs::path& folder) {
  std::vector<fs::path> children;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    children.push_back(it->path());
  }
  std::sort(children.begin(), children.end());
  return children;
}

/// `folder`/`name`, or the entry of `folder` that differs from it in case only, or nothing.
std::optional<fs::path> Child(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  if (fs::exists(folder / name, ignored)) return folder / name;
  for (const fs::path& child : Children(folder)) {
    if (EqualIgnoringCase(child.filename().string(), name)) return child;
  }
  return std::nullopt;
}

std::optional<fs::path> OnnxIn(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : kOnnxNames) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  return std::nullopt;
}

/// The snapshots of a hub folder, the current one first.
std::vector<fs::path> Snapshots(const fs::path& hub_folder) {
  std::vector<fs::path> snapshots = Children(hub_folder / "snapshots");
  std::string revision;
  std::ifstream(hub_folder / "refs" / "main") >> revision;
  std::stable_partition(snapshots.begin(), snapshots.end(),
                        [&](const fs::path& path) { return path.filename() == revision; });
  return snapshots;
}

std::string HubFolder(std::string_view repository) {
  std::string folder = "models--" + std::string(repository);
  if (const std::size_t slash = folder.find('/'); slash != std::string::npos) {
    folder.replace(slash, 1, "--");
  }
  return folder;
}

/// Where `name` may be, and the names to tell when it is in none of them.
struct Search {
  std::vector<fs::path> folders;
  std::vector<std::string> names;
};

Search CandidateFolders(const std::string& name, const KnownModel* known,
                        const fs::path& model_dir) {
  Search search;
  std::vector<std::string> repositories = {name};
  if (known != nullptr) {
    repositories.insert(repositories.begin(), known->repositories.begin(),
                        known->repositories.end());
    repositories.emplace_back(known->id);
  }
  for (const std::string& repository : repositories) {
    const std::string folder = HubFolder(repository);
    if (std::find(search.names.begin(), search.names.end(), folder) != search.names.end()) continue;
    search.names.push_back(folder);
    for (const fs::path& parent : {model_dir, model_dir / "hub"}) {
      if (const auto hub = Child(parent, folder)) {
        for (const fs::path& snapshot : Snapshots(*hub)) search.folders.push_back(snapshot);
      }
    }
  }
  if (known != nullptr) {
    const std::string folder(known->archive_folder);
    search.names.push_back(folder);
    if (const auto found = Child(model_dir, folder)) search.folders.push_back(*found);
  }

  std::vector<std::string> plain = {name};
  if (known != nullptr) plain.emplace_back(known->id);
  bool itself = known != nullptr;
  for (const std::string& full : plain) {
    const std::string last = full.substr(full.rfind('/') + 1);
    for (const std::string& folder : {full, last}) {
      if (std::find(search.names.begin(), search.names.end(), folder) != search.names.end()) {
        continue;
      }
      search.names.push_back(folder);
      std::optional<fs::path> found = model_dir;
      for (const fs::path& part : fs::path(folder)) {
        if (found) found = Child(*found, part.string());
      }
      if (found) search.folders.push_back(*found);
    }
    itself = itself || EqualIgnoringCase(model_dir.filename().string(), last);
  }
  if (itself) search.folders.push_back(model_dir);
  return search;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : ", ") + part;
  return joined;
}

[[noreturn]] void NotFound(const std::string& name, const KnownModel* known,
                           const fs::path& model_dir, const Search& search) {
  std::string message = "model " + name + ": no model files in " + model_dir.string() +
                        "; looked for " + Join(search.names);
  if (known != nullptr) message += " and the folder itself";
  message +=
      ", each with model.onnx, onnx/model.onnx, model_optimized.onnx or model_quantized.onnx. Copy "
      "the model's ONNX export with its tokenizer.json there, or set FASTEMBED_MODEL_DIR to a "
      "FastEmbed or Hugging Face cache that has it";
  if (known == nullptr) {
    std::vector<std::string> ids;
    for (const KnownModel& model : KnownModels()) ids.emplace_back(model.id);
    message += ". Known by name: " + Join(ids);
  }
  Failure failure(DSW_E_NOT_FOUND, message);
  // Another worker may have a model that there is; a name that nobody knows is the job's.
  if (known != nullptr) failure.Local();
  throw failure;
}

std::optional<Pooling> ReadPooling(const fs::path& folder) {
  const fs::path path = folder / "1_Pooling" / "config.json";
  const auto json = ReadJsonFile(path);
  if (!json) return std::nullopt;
  const std::string mode = json->value("pooling_mode", std::string());
  if (mode == "cls" || json->value("pooling_mode_cls_token", false)) return Pooling::kCls;
  if (mode == "mean" || json->value("pooling_mode_mean_tokens", false)) return Pooling::kMean;
  throw Failure(DSW_E_INVALID_CONFIG,
                path.string() + ": neither cls nor mean pooling; this provider does only those");
}

template <class Number>
std::optional<Number> Positive(const std::optional<Json>& json, const char* key) {
  if (!json) return std::nullopt;
  const auto it = json->find(key);
  // Hugging Face writes a limit of 1e30 for "none".
  if (it == json->end() || !it->is_number_integer() || *it <= 0 || *it > 1'000'000) {
    return std::nullopt;
  }
  return it->get<Number>();
}

void CheckIdentity(const ModelFiles& files) {
  const KnownModel& known = *files.known;
  const bool same = (!files.dimensions || *files.dimensions == known.dimensions) &&
                    (!files.layers || *files.layers == known.layers);
  if (same) return;
  throw Failure(DSW_E_INVALID_CONFIG, (files.folder / "config.json").string() +
                                          ": not the configuration of " + std::string(known.id) +
                                          ", which has " + std::to_string(known.dimensions) +
                                          " dimensions in " + std::to_string(known.layers) +
                                          " layers; put each model into a folder of its name");
}

void ReadFacts(ModelFiles& files) {
  const auto config = ReadJsonFile(files.folder / "config.json");
  files.dimensions = Positive<unsigned>(config, "hidden_size");
  files.layers = Positive<unsigned>(config, "num_hidden_layers");
  files.positions = Positive<std::size_t>(config, "max_position_embeddings");
  files.pooling = ReadPooling(files.folder);
  files.max_tokens = Positive<std::size_t>(ReadJsonFile(files.folder / "sentence_bert_config.json"),
                                           "max_seq_length");
  if (!files.max_tokens) {
    files.max_tokens = Positive<std::size_t>(ReadJsonFile(files.folder / "tokenizer_config.json"),
                                             "model_max_length");
  }
  if (files.known != nullptr) CheckIdentity(files);
}

}  // namespace

void BlameFiles(const ModelFiles& files, Failure& failure) {
  if (files.known != nullptr) failure.Local();
}

ModelFiles FindModelFiles(const std::string& name, const fs::path& directory) {
  const fs::path relative(name);
  if (relative.is_absolute() ||
      std::find(relative.begin(), relative.end(), "..") != relative.end()) {
    throw Failure(DSW_E_INVALID_CONFIG, "fastembed: /model: " + name +
                                            " is a path; name a known model or a folder under "
                                            "FASTEMBED_MODEL_DIR");
  }
  if (directory.empty()) {
    throw Failure(DSW_E_INVALID_CONFIG,
                  "model " + name +
                      ": no model folder is configured; set FASTEMBED_MODEL_DIR to a folder with "
                      "the model's ONNX file and tokenizer.json, or to a FastEmbed or Hugging Face "
                      "cache")
        .Local();
  }
  const fs::path model_dir = (directory / "").parent_path();  // without a slash at the end
  std::error_code ignored;
  if (!fs::is_directory(model_dir, ignored)) {
    throw Failure(DSW_E_INVALID_CONFIG, "model " + name + ": FASTEMBED_MODEL_DIR is " +
                                            model_dir.string() + ", which is not a folder")
        .Local();
  }

  ModelFiles files;
  files.known = FindKnownModel(name);
  const Search search = CandidateFolders(name, files.known, model_dir);
  for (const fs::path& folder : search.folders) {
    if (const auto onnx = OnnxIn(folder)) {
      files.folder = folder;
      files.onnx = *onnx;
      try {
        ReadFacts(files);
      } catch (const Json::exception& error) {
        throw Failure(
            DSW_E_INVALID_CONFIG,
            folder.string() + ": a JSON file is not laid out as expected: " + error.what())
            .Local();
      } catch (Failure& failure) {
        BlameFiles(files, failure);
        throw;
      }
      return files;
    }
  }
  NotFound(name, files.known, model_dir, search);
}

}  // namespace dsw::fastembed
