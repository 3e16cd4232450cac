// posters: a folder of pictures, named after items, becomes the small pictures that pages show.

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "sparrow/app/command.h"
#include "sparrow/core/file.h"
#include "sparrow/core/parallel.h"
#include "sparrow/core/text.h"
#include "sparrow/data/dataset.h"
#include "sparrow/picture/descriptor.h"
#include "sparrow/picture/posters.h"

namespace sparrow::app {
namespace {

namespace fs = std::filesystem;

struct PosterOptions {
  std::string folder;
  std::string by = "auto";
  picture::PosterSize size;
  bool replace = false;
};

struct Source {
  fs::path path;
  std::string name;  // relative to the folder
  std::string item;
  std::uint64_t bytes = 0;
  std::int64_t written = 0;
};

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension;
}

bool is_picture(const fs::path& path) {
  const std::string extension = lower_extension(path);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp";
}

// Pictures in the folder and those below it, by name.
Result<std::vector<Source>> pictures_in(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code))
    return Error{ErrorCode::kNotFound, folder.string() + ": there is no such folder"};
  std::vector<Source> found;
  fs::recursive_directory_iterator at(fs::absolute(folder, code),
                                      fs::directory_options::skip_permission_denied, code);
  for (const fs::recursive_directory_iterator end; !code && at != end; at.increment(code)) {
    std::error_code mine;
    if (!at->is_regular_file(mine) || !is_picture(at->path())) continue;
    Source& source = found.emplace_back();
    source.path = at->path();
    source.name = at->path().lexically_relative(fs::absolute(folder, code)).string();
    source.bytes = at->file_size(mine);
    source.written = at->last_write_time(mine).time_since_epoch().count();
  }
  if (code) return Error{ErrorCode::kUnavailable, folder.string() + ": " + code.message()};
  std::sort(found.begin(), found.end(),
            [](const Source& a, const Source& b) { return a.name < b.name; });
  return found;
}

// "tt0103064", "0103064", "imdb-103064" and "tmdb_103064" are 103064; empty: no number.
std::string number_of(std::string_view text) {
  for (const std::string_view prefix : {"imdb", "tmdb", "-", "_", "tt"}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return "";
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  return std::string(text);
}

// Which item a file's name means.
class Names {
 public:
  Names(const data::Catalog& catalog, std::string by) : catalog_(catalog), by_(std::move(by)) {
    for (const data::Item& item : catalog.items()) {
      if (const auto id = number_of(item.text(data::kImdbId)); !id.empty()) imdb_[id] = item.id;
      if (const auto id = number_of(item.text(data::kTmdbId)); !id.empty()) tmdb_[id] = item.id;
    }
  }

  // Empty: none.
  std::string item(const std::string& stem) const {
    if (by_ == "imdb") return found(imdb_, stem);
    if (by_ == "tmdb") return found(tmdb_, stem);
    if (catalog_.find(stem)) return stem;
    if (by_ == "id") return "";
    if (stem.starts_with("tt") || stem.starts_with("imdb")) return found(imdb_, stem);
    return stem.starts_with("tmdb") ? found(tmdb_, stem) : "";
  }

 private:
  using Ids = std::unordered_map<std::string, std::string>;
  static std::string found(const Ids& ids, const std::string& stem) {
    const auto at = ids.find(number_of(stem));
    return at == ids.end() ? "" : at->second;
  }

  const data::Catalog& catalog_;
  std::string by_;
  Ids imdb_;
  Ids tmdb_;
};

// What happened, to be told.
struct Counts {
  std::size_t made = 0;
  std::size_t unchanged = 0;
  std::size_t removed = 0;
  std::vector<std::string> nameless;  // files that name no item
  std::vector<std::string> second;    // files of an item that has another
  std::vector<std::string> unread;    // "file: why"
};

void tell(const char* what, const std::vector<std::string>& files) {
  constexpr std::size_t kShown = 5;
  if (files.empty()) return;
  fmt::print(stderr, "posters   {} {}:\n", files.size(), what);
  for (std::size_t i = 0; i < std::min(kShown, files.size()); ++i)
    fmt::print(stderr, "posters     {}\n", files[i]);
  if (files.size() > kShown) fmt::print(stderr, "posters     and {} more\n", files.size() - kShown);
}

// Those that are to be read: one an item, changed since.
std::vector<Source> chosen(std::vector<Source> found, const Names& names,
                           const std::vector<picture::Poster>& before, Counts& counts,
                           std::set<std::string>& items) {
  std::unordered_map<std::string_view, const picture::Poster*> known;
  for (const auto& poster : before) known[poster.item] = &poster;
  std::vector<Source> left;
  for (Source& source : found) {
    source.item = names.item(source.path.stem().string());
    if (source.item.empty()) {
      counts.nameless.push_back(source.name);
      continue;
    }
    if (!items.insert(source.item).second) {
      counts.second.push_back(source.name);
      continue;
    }
    const auto old = known.find(source.item);
    if (old != known.end() && old->second->source == source.path.string() &&
        old->second->source_bytes == source.bytes && old->second->source_written == source.written)
      ++counts.unchanged;
    else
      left.push_back(std::move(source));
  }
  return left;
}

// A few hundred at a time, so that what was made stays when the rest is interrupted.
Result<void> make(const std::vector<Source>& sources, const PosterOptions& options,
                  const Context& context, picture::PosterFile& file, Counts& counts) {
  constexpr std::size_t kTogether = 256;
  const auto control = run_control(context);
  for (std::size_t begin = 0; begin < sources.size(); begin += kTogether) {
    if (interrupted.load()) return Error{ErrorCode::kUnavailable, "interrupted"};
    const std::size_t count = std::min(kTogether, sources.size() - begin);
    std::vector<std::optional<picture::Poster>> posters(count);
    std::vector<std::string> problems(count);
    parallel_for(count, 4, context.threads, [&](std::size_t from, std::size_t to, std::size_t) {
      for (std::size_t i = from; i < to; ++i) {
        const Source& source = sources[begin + i];
        const auto bytes = read_file(source.path);
        auto poster = bytes ? picture::poster_of(source.item, *bytes, options.size)
                            : Result<picture::Poster>(bytes.error());
        if (!poster) {
          problems[i] = source.name + ": " + poster.error().message;
          continue;
        }
        poster->source = source.path.string();
        poster->source_bytes = source.bytes;
        poster->source_written = source.written;
        posters[i] = std::move(*poster);
      }
    });
    std::vector<picture::Poster> made;
    for (std::size_t i = 0; i < count; ++i) {
      if (posters[i]) made.push_back(std::move(*posters[i]));
      if (!problems[i].empty()) counts.unread.push_back(std::move(problems[i]));
    }
    if (auto put = file.put(made); !put) return put;
    counts.made += made.size();
    control.report(
        {.stage = "posters", .done = begin + count, .total = sources.size(), .unit = "pictures"});
  }
  return {};
}

// Of pictures that an older program made. Errors: those of the file; kCorrupt when a kept picture
// cannot be decoded.
Result<void> describe_older(const Context& context, picture::PosterFile& file) {
  constexpr std::size_t kTogether = 256;
  const auto items = file.undescribed();
  if (!items) return items.error();
  const auto all = file.list();
  if (!all) return all.error();
  std::unordered_map<std::string_view, std::string_view> tags;
  for (const auto& poster : *all) tags[poster.item] = poster.tag;
  for (std::size_t begin = 0; begin < items->size(); begin += kTogether) {
    if (interrupted.load()) return Error{ErrorCode::kUnavailable, "interrupted"};
    std::vector<picture::Poster> posters(std::min(kTogether, items->size() - begin));
    std::vector<std::optional<Error>> problems(posters.size());
    parallel_for(
        posters.size(), 4, context.threads, [&](std::size_t from, std::size_t to, std::size_t) {
          for (std::size_t i = from; i < to; ++i) {
            posters[i].item = (*items)[begin + i];
            posters[i].tag = tags.at(posters[i].item);
            const auto webp = file.webp_of(posters[i].item);
            if (!webp) problems[i] = webp.error();
            if (!webp || !*webp) continue;  // removed meanwhile
            const auto picture = picture::decode(**webp, 0);
            if (picture)
              posters[i].descriptor = picture::descriptor_of(*picture);
            else
              problems[i] = Error{ErrorCode::kCorrupt,
                                  fmt::format("{}: the picture of {} is damaged ({}): remove the "
                                              "file and run `sparrow posters` again",
                                              context.paths().posters().string(), posters[i].item,
                                              picture.error().message)};
          }
        });
    for (auto& problem : problems) {
      if (problem) return std::move(*problem);
    }
    std::erase_if(posters, [](const auto& poster) { return poster.descriptor.empty(); });
    if (auto put = file.put_descriptors(posters); !put) return put;
  }
  return {};
}

Result<void> run(const Context& context, const PosterOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  auto catalog = data::load_catalog(context.paths().prepared());
  if (!catalog) return catalog.error();
  auto found = pictures_in(options.folder);
  if (!found) return found.error();
  if (found->empty())
    return Error{ErrorCode::kInvalidInput,
                 options.folder + ": no file ends in .jpg, .jpeg, .png or .webp"};
  auto file =
      picture::PosterFile::open(context.paths().posters(), picture::PosterFile::Mode::kWrite);
  if (!file) return file.error();
  const auto before = (*file)->list();
  if (!before) return before.error();
  Counts counts;
  std::set<std::string> items;
  const Names names(catalog->catalog, options.by);
  const auto sources = chosen(std::move(*found), names, *before, counts, items);
  if (items.empty())
    return Error{ErrorCode::kInvalidInput,
                 fmt::format("{}: no file is named after an item (the first is {}): names are ids "
                             "of items, or ids of IMDb (tt0103064.jpg) or TMDB (tmdb-280.jpg); "
                             "--by imdb or --by tmdb takes bare numbers as such",
                             options.folder, counts.nameless.front())};
  auto made = make(sources, options, context, **file, counts);
  finish_progress();
  if (!made) return made;
  if (auto described = describe_older(context, **file); !described) return described;
  if (options.replace) {
    std::vector<std::string> gone;
    for (const auto& poster : *before) {
      if (!items.contains(poster.item)) gone.push_back(poster.item);
    }
    if (auto removed = (*file)->remove(gone); !removed) return removed;
    counts.removed = gone.size();
  }
  tell("files name no item", counts.nameless);
  tell("files are a second picture of an item; the first by name is taken", counts.second);
  tell("files cannot be read", counts.unread);
  const auto all = (*file)->list();
  if (!all) return all.error();
  if (!context.quiet)
    fmt::print(stderr,
               "posters   {} of {} items have a picture: {} made, {} unchanged, {} removed -> {} "
               "({})\n",
               all->size(), catalog->catalog.size(), counts.made, counts.unchanged, counts.removed,
               context.paths().posters().string(), since(start));
  if (counts.made + counts.unchanged == 0)
    return Error{ErrorCode::kInvalidInput, options.folder + ": none of its pictures can be read"};
  return {};
}

}  // namespace

Command add_posters(CLI::App& sub) {
  auto o = std::make_shared<PosterOptions>();
  sub.add_option("folder", o->folder,
                 "Pictures (.jpg, .png, .webp), each named after its item; folders in it as well")
      ->required();
  sub.add_option("--by", o->by,
                 "What names are: ids of items, of IMDb or of TMDB; auto: ids of items, tt0103064, "
                 "imdb-103064 and tmdb-280")
      ->check(CLI::IsMember({"auto", "id", "imdb", "tmdb"}))
      ->capture_default_str();
  sub.add_option("--width", o->size.width, "Of the small pictures, at most; pixels")
      ->check(CLI::Range(60, 2000))
      ->capture_default_str();
  sub.add_option("--height", o->size.height, "Of the small pictures, at most; pixels")
      ->check(CLI::Range(60, 3000))
      ->capture_default_str();
  sub.add_flag("--replace", o->replace, "Items that have no picture in this folder lose theirs");
  return [o](const Context& context) { return run(context, *o); };
}

}  // namespace sparrow::app
