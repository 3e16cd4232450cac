#include "sparrow/data/column_names.h"

#include <algorithm>
#include <numeric>

#include "sparrow/data/dialect.h"
#include "sparrow/data/field_values.h"

namespace sparrow::data {
namespace {

const std::vector<std::string_view>& item_names() {
  static const std::vector<std::string_view> names = {
      "itemid",    "item",         "iid",           "movieid",    "movie",       "filmid",
      "film",      "bookid",       "isbn",          "isbn13",     "isbn10",      "productid",
      "product",   "sku",          "asin",          "parentasin", "articleid",   "article",
      "gameid",    "appid",        "game",          "trackid",    "track",       "songid",
      "song",      "artistid",     "artist",        "animeid",    "anime",       "newsid",
      "goodsid",   "contentid",    "videoid",       "video",      "showid",      "seriesid",
      "recipeid",  "businessid",   "placeid",       "poiid",      "courseid",    "jobid",
      "listingid", "offerid",      "documentid",    "docid",      "streamid",    "mid",
      "workid",    "mediaid",      "tconst",        "albumid",    "podcastid",   "episodeid",
      "hotelid",   "restaurantid", "book",          "stockcode",  "productcode", "itemcode",
      "item1",     "entityid",     "targetentityid"};
  return names;
}

const std::vector<RoleNames>& log_table() {
  static const std::vector<RoleNames> table = {
      {"user",
       {"userid",   "user",      "uid",          "customerid", "customer", "custid",     "memberid",
        "member",   "visitorid", "visitor",      "accountid",  "account",  "reviewerid", "reviewer",
        "personid", "person",    "profileid",    "viewerid",   "viewer",   "listenerid", "listener",
        "readerid", "reader",    "playerid",     "player",     "buyerid",  "buyer",      "clientid",
        "client",   "shopperid", "subscriberid", "steamid",    "deviceid", "username",   "login",
        "email",    "usersha1",  "userkey",      "sessionid",  "session",  "who",        "u"}},
      {"item", item_names()},
      {"value", {"rating",          "stars",       "score",       "value",       "overall",
                 "overallrating",   "bookrating",  "userrating",  "starrating",  "reviewscore",
                 "reviewrating",    "ratingvalue", "ratingscore", "preference",  "grade",
                 "points",          "weight",      "hours",       "hoursplayed", "playtime",
                 "playtimeforever", "playcount",   "plays",       "listens",     "listencount",
                 "count",           "minutes",     "seconds",     "watchtime",   "duration",
                 "dwelltime",       "quantity",    "qty",         "purchases",   "times",
                 "liked",           "like",        "label",       "feedback",    "isread",
                 "hoursonrecord",   "strength"}},
      {"time", {"timestamp",     "time",         "datetime",       "date",        "ts",
                "createdat",     "created",      "eventtime",      "eventdate",   "ratedat",
                "ratingdate",    "ratingtime",   "unixreviewtime", "reviewtime",  "reviewdate",
                "tstamp",        "unixtime",     "epoch",          "at",          "when",
                "dateadded",     "addedat",      "updatedat",      "dateupdated", "lastplayed",
                "playedat",      "watchedat",    "viewedat",       "readat",      "invoicedate",
                "orderdate",     "purchasedate", "tdat",           "timestampms", "clicktime",
                "eventtimestamp"}},
      {"event",
       {"event", "eventtype", "eventname", "action", "actiontype", "feedbacktype", "behavior",
        "behaviour", "behaviortype", "interaction", "interactiontype", "type", "activity"}},
      {"title",
       {"title", "itemtitle", "movietitle", "booktitle", "gametitle", "gamename", "itemname",
        "productname", "producttitle", "trackname", "songname", "songtitle", "artistname",
        "moviename", "showtitle", "articletitle", "description"}}};
  return table;
}

const std::vector<RoleNames>& catalog_table() {
  static const std::vector<RoleNames> table = {
      {"id",
       [] {
         auto names = item_names();
         names.emplace_back("id");
         return names;
       }()},
      {"title", {"title",       "name",         "booktitle",        "movietitle",
                 "productname", "producttitle", "itemname",         "itemtitle",
                 "gametitle",   "gamename",     "trackname",        "songname",
                 "songtitle",   "artistname",   "primarytitle",     "moviename",
                 "showtitle",   "articletitle", "coursetitle",      "originaltitle",
                 "headline",    "proddesc",     "prodname",         "displayname",
                 "animename",   "comment",      "stockdescription", "animetitle"}},
      {"year",
       {"year",
        "releaseyear",
        "yearofrelease",
        "originalpublicationyear",
        "publicationyear",
        "yearofpublication",
        "pubyear",
        "publishyear",
        "startyear",
        "movieyear",
        "releasedate",
        "publicationdate",
        "publisheddate",
        "publishdate",
        "published",
        "firstpublishdate",
        "date",
        "releasedat",
        "datepublished",
        "aired",
        "airdate",
        "premiered"}},
      {"genres",
       {"genres", "genre", "category", "categories", "maincategory", "class", "topics", "topic",
        "subject", "subjects", "styles", "producttype", "producttypename", "department",
        "categorycode", "categoryname", "categoryid"}},
      {"tags",
       {"tags", "tag", "labels", "populartags", "steamspytags", "shelves", "popularshelves"}},
      {"directors", {"directors", "director", "directedby"}},
      {"actors", {"actors", "actor", "cast", "stars", "starring"}},
      {"keywords", {"keywords", "keyword", "plotkeywords"}},
      {"countries", {"countries", "country", "productioncountries", "origincountry"}},
      {"text",
       {"text", "description", "overview", "synopsis", "summary", "plot", "plotsummary", "abstract",
        "shortdescription", "longdescription", "about", "content", "body", "detaildesc", "blurb",
        "details"}},
      {"imdb_id", {"imdbid", "imdb"}},
      {"tmdb_id", {"tmdbid", "tmdb"}},
      {"authors",
       {"authors", "author", "bookauthor", "writers", "writer", "artists", "artist", "artistname",
        "creator", "creators", "composer", "developer", "developers"}}};
  return table;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string plain_name(std::string_view name) {
  std::string plain;
  for (char c : without_type(trim(name))) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (kept) plain += c;
  }
  return plain;
}

std::span<const RoleNames> log_roles() { return log_table(); }
std::span<const RoleNames> catalog_roles() { return catalog_table(); }

std::optional<std::size_t> name_rank(std::span<const RoleNames> roles, std::string_view role,
                                     std::string_view name) {
  const std::string plain = plain_name(name);
  for (const RoleNames& known : roles) {
    if (known.role != role) continue;
    const auto at = std::find(known.names.begin(), known.names.end(), plain);
    if (at == known.names.end()) return std::nullopt;
    return static_cast<std::size_t>(at - known.names.begin());
  }
  return std::nullopt;
}

bool is_column_name(std::string_view name) {
  const std::string plain = plain_name(name);
  const auto has = [&](const RoleNames& known) {
    return std::find(known.names.begin(), known.names.end(), plain) != known.names.end();
  };
  const auto logs = log_roles();
  const auto catalogs = catalog_roles();
  return std::any_of(logs.begin(), logs.end(), has) ||
         std::any_of(catalogs.begin(), catalogs.end(), has);
}

std::string nearest_name(std::string_view name, std::span<const std::string> names) {
  std::string best;
  std::size_t least = 4;
  for (const auto& known : names) {
    const std::size_t distance = edit_distance(plain_name(name), plain_name(known));
    if (distance >= least) continue;
    least = distance;
    best = known;
  }
  return best;
}

}  // namespace sparrow::data
