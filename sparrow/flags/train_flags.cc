// The options of train and build, one flag a field.
#include "sparrow/flags/train_flags.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sparrow/flags/checks.h"

namespace sparrow::flags {
namespace {

void add_common(CLI::App& sub, embed::TrainOptions& o) {
  std::vector<std::string> names;
  for (const auto& method : embed::methods()) names.emplace_back(method.name);
  sub.add_option("--method", o.method, "How to learn")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  sub.add_option("--name", o.name, "Name of the model; default: the method's");
  sub.add_option("--measure", o.measure, "Similarity of vectors")
      ->check(CLI::IsMember({"cosine", "inner_product"}))
      ->capture_default_str();
  sub.add_option("--neighbors", o.neighbors, "Length of the precomputed list of each item")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub.add_option("--exact-items", o.exact_items,
                 "Up to so many items every pair is compared; of more those in the cells around "
                 "each, at a recall that is measured")
      ->capture_default_str();
  sub.add_option("--seed", o.seed, "Equal seeds give equal models")->capture_default_str();
  sub.add_option("--session-gap", o.sequences.session_gap_s,
                 "A pause of so many seconds starts a new sequence; 0: never")
      ->check(number_from(0, 1e9))
      ->capture_default_str();
  sub.add_option("--half-life-days", o.sequences.half_life_days,
                 "Older events weigh less; 0: all the same")
      ->check(number_from(0, 1e6))
      ->capture_default_str();
}

void add_skip_gram(CLI::App& sub, embed::SkipGramOptions& s) {
  sub.add_option("--dim", s.dim, "Skip-gram: dimensions")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  sub.add_option("--window", s.window, "Skip-gram: positions to each side; 0: the whole history")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  const std::map<std::string, embed::Loss> losses{
      {"hierarchical-softmax", embed::Loss::kHierarchicalSoftmax},
      {"negative-sampling", embed::Loss::kNegativeSampling}};
  sub.add_option("--loss", s.loss,
                 "Skip-gram: hierarchical-softmax (better on small data) or negative-sampling")
      ->transform(CLI::CheckedTransformer(losses));
  sub.add_option("--negatives", s.negatives, "Negative sampling: draws a pair")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub.add_option("--negative-exponent", s.negative_exponent,
                 "Negative sampling: 0 uniform, 1 by popularity")
      ->check(number_from(-2, 2))
      ->capture_default_str();
  sub.add_option("--subsample", s.subsample, "Skip-gram: word2vec's threshold t; 0: keep all")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--inverse-popularity", s.inverse_popularity,
                 "Skip-gram: learning rate of a window by its item's popularity to the power of "
                 "minus this; 0: all the same")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--epochs", s.epochs, "Skip-gram: passes over the data")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub.add_option("--learning-rate", s.learning_rate, "Skip-gram: at the start")
      ->check(number_from(1e-6, 10))
      ->capture_default_str();
  sub.add_option("--min-learning-rate", s.min_learning_rate, "Skip-gram: at the end")
      ->check(number_from(0, 10))
      ->capture_default_str();
  sub.add_option("--min-count", s.min_count, "Items with fewer positives have no behavior vector")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  sub.add_option("--skip-gram-threads", s.threads,
                 "Skip-gram: 0 is as --threads; two are used at most, with the same result as one")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  sub.add_option(
         "--shared-contexts", s.shared_contexts,
         "Skip-gram: contexts of a window in one step; 0: 2, or all by negative sampling unless "
         "there is little to learn from")
      ->check(CLI::Range(0, 16))
      ->capture_default_str();
}

void add_walks(CLI::App& sub, embed::TrainOptions& o) {
  sub.add_option("--graph-window", o.walks.graph_window,
                 "Walks: an item is linked to so many that follow it, nearer ones more strongly")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub.add_option("--walks", o.walks.walks_per_node, "Walks from each node in each epoch")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub.add_option("--walk-length", o.walks.walk_length, "Items in a walk")
      ->check(CLI::Range(2, 10000))
      ->capture_default_str();
  sub.add_option("--p", o.walks.p, "node2vec: return parameter")
      ->check(number_from(0.01, 100))
      ->capture_default_str();
  sub.add_option("--q", o.walks.q, "node2vec: in-out parameter")
      ->check(number_from(0.01, 100))
      ->capture_default_str();
}

void add_side_info(CLI::App& sub, embed::SideInfoOptions& o) {
  sub.add_option("--side-epochs", o.epochs, "Side-info: passes over the graph")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  sub.add_option("--side-learning-rate", o.learning_rate, "Side-info: at the start")
      ->check(number_from(1e-6, 10))
      ->capture_default_str();
  sub.add_option("--id-dropout", o.id_dropout, "Side-info: share of windows without the item's id")
      ->check(number_from(0, 1))
      ->capture_default_str();
}

void add_content(CLI::App& sub, embed::TrainOptions& o) {
  auto* table = sub.add_option("--text-table", o.text_table,
                               "Folder of a table of token vectors for texts, "
                               "or off; default: HOME/text where it is");
  sub.add_option("--text-vectors", o.text_vectors,
                 "Vectors of the items' texts made elsewhere, in place of the "
                 "table: .npy, "
                 ".safetensors, .tsv, .bin or word2vec text")
      ->excludes(table);
  sub.add_option(
         "--picture-weight", o.picture_weight,
         "Content: weight of how pictures look (`sparrow posters`); 0: not at all; default: "
         "as much as they tell about what the same people like")
      ->check(number_from(0, 10));
  sub.add_option("--sentence-weight", o.fusion.content.sentence,
                 "Content: weight of an item's sentence (genres weigh 1, tags 1.5)")
      ->check(number_from(0, 10))
      ->capture_default_str();
  sub.add_option("--description-weight", o.fusion.content.description,
                 "Content: weight of the vector of an item's description")
      ->check(number_from(0, 10))
      ->capture_default_str();
}

void add_fusion(CLI::App& sub, embed::TrainOptions& o) {
  sub.add_option("--content-weight", o.fusion.content_weight,
                 "Fusion: share of content, 0..1; default: chosen on held-out users")
      ->check(number_from(0, 1));
  sub.add_option("--audience-weight", o.fusion.content.audience,
                 "Content: weight of made for children or not")
      ->check(number_from(0, 10))
      ->capture_default_str();
  sub.add_option("--cooccurrence-share", o.fusion.cooccurrence_share,
                 "Fusion: share of co-occurrence in behavior; the rest is history")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--ridge-share", o.fusion.ridge_share,
                 "Fusion: share of flattened history in behavior; with that of "
                 "co-occurrence at "
                 "most 1")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--tolerated-loss", o.fusion.tolerated_loss,
                 "Fusion: share of next-item hits that content may cost when its weight is chosen")
      ->check(number_from(0, 1))
      ->capture_default_str();
  sub.add_option("--closeness-bonus", o.fusion.closeness_bonus,
                 "Fusion: for pairs watched together far more than chance")
      ->check(number_from(0, 10))
      ->capture_default_str();
  sub.add_option("--popularity-penalty", o.fusion.popularity_penalty,
                 "Fusion: against popular neighbors")
      ->check(number_from(-2, 2))
      ->capture_default_str();
}

}  // namespace

void add_train_options(CLI::App& sub, embed::TrainOptions& o) {
  add_common(sub, o);
  add_skip_gram(sub, o.skip_gram);
  add_walks(sub, o);
  add_side_info(sub, o.side_info);
  add_content(sub, o);
  add_fusion(sub, o);
  sub.parse_complete_callback([&o] { o.fusion.histories.min_positives = o.skip_gram.min_count; });
}

Result<void> all_options_are_read(std::span<const std::string> arguments,
                                  const std::vector<std::string>& methods) {
  for (const std::string& argument : arguments) {
    const std::string flag = argument.substr(0, argument.find('='));
    const auto reads = [&](const embed::Method& method) {
      return std::any_of(method.options.begin(), method.options.end(),
                         [&](const char* option) { return flag == option; });
    };
    std::vector<std::string_view> readers;
    bool is_read = false;
    for (const embed::Method& method : embed::methods()) {
      if (!reads(method)) continue;
      readers.push_back(method.name);
      is_read |= std::find(methods.begin(), methods.end(), method.name) != methods.end();
    }
    if (!readers.empty() && !is_read)
      return Error{ErrorCode::kInvalidInput,
                   fmt::format("{} is not read by {}; it is an option of {}", flag,
                               fmt::join(methods, " and "), fmt::join(readers, ", "))};
  }
  return {};
}

}  // namespace sparrow::flags
