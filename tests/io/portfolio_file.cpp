// SPDX-License-Identifier: MIT
/// \file
/// Portfolio files: what goes in comes out; whatever is damaged is refused with a reason and never crashes.
#include <loyalty/io/portfolio_file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <loyalty/batch/output.hpp>

#include "batch/rows.hpp"

#if defined(__unix__)
#include <sys/resource.h>

#include <csignal>
#endif

using namespace loyalty;
namespace fs = std::filesystem;

namespace {

/// A folder of this test alone, gone with it.
struct Folder {
  // Two test programs run at a time.
  fs::path path =
      fs::temp_directory_path() / ("loyalty-test-" + std::to_string(std::random_device{}()) + "-" +
                                   std::to_string(std::random_device{}()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  fs::path operator/(const char* name) const { return path / name; }
};

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

Portfolio some_portfolio() {
  Policy policy;
  policy.currency = "EUR";
  Portfolio p(policy, utc(2024, 1, 1));
  const Time t = utc(2023, 5, 1);
  p.apply("anna", {.kind = Kind::purchase, .time = t, .amount = 12.5});
  p.apply("anna", {.kind = Kind::request, .time = t + day}, "ticket 1");
  p.apply("17", {.kind = Kind::promise, .time = t + day, .due = t + 90 * day}, "order 5");
  p.apply("17", {.kind = Kind::contact, .time = t + day, .side = Side::them});
  p.apply("17", {.kind = Kind::purchase, .time = t + day, .amount = -1});
  p.mark(t + 2 * day);
  p.apply("zoe", {.kind = Kind::gift, .time = t, .value = 2});
  p.apply("zoe", {.kind = Kind::complaint, .time = t + 3 * day}, "c");
  return p;
}

}  // namespace

TEST_CASE("portfolio files: saved and loaded, nothing is missing") {
  const Folder folder;
  const Portfolio p = some_portfolio();
  save_portfolio(p, folder / "a.loyalty", "night = 1\n");
  SavedPortfolio saved = load_portfolio(folder / "a.loyalty");
  CHECK(saved.manifest == "night = 1\n");
  CHECK(load_manifest(folder / "a.loyalty") == "night = 1\n");
  CHECK(saved.portfolio.bytes() == p.bytes());
  CHECK(saved.portfolio.policy().currency == "EUR");
  CHECK(saved.portfolio.books().read == 7);
  CHECK(saved.portfolio.books().set_aside_total() == 1);
  CHECK(saved.portfolio.marked() == p.marked());
  CHECK(saved.portfolio.corrections().size() == 1);
  CHECK(saved.portfolio.corrections()[0].first == "zoe");
  CHECK(saved.portfolio.contacts(*saved.portfolio.find("17")).from_them == 1);
  // Equal portfolios are equal files, also the second time.
  save_portfolio(saved.portfolio, folder / "b.loyalty", "night = 1\n");
  CHECK(content(folder / "a.loyalty") == content(folder / "b.loyalty"));
  // Nothing is left beside them.
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 2);
}

TEST_CASE("portfolio files: an empty portfolio, and one of many pieces") {
  const Folder folder;
  save_portfolio(Portfolio{}, folder / "empty");
  CHECK(load_portfolio(folder / "empty").portfolio.size() == 0);
  Portfolio many;
  for (int i = 0; i < 9000; ++i)
    many.apply("customer " + std::to_string(i),
               {.kind = Kind::purchase, .time = utc(2020, 2, 1) + i});
  save_portfolio(many, folder / "many");
  CHECK(fs::file_size(folder / "many") > 3'000'000);
  CHECK(load_portfolio(folder / "many").portfolio.bytes() == many.bytes());
}

TEST_CASE("portfolio files: every byte that changes, every length but the whole, is refused") {
  const Folder folder;
  save_portfolio(some_portfolio(), folder / "good", "the manifest");
  const std::string good = content(folder / "good");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    put(folder / "bad", bad);
    CAPTURE(i);
    CHECK_THROWS_AS(load_portfolio(folder / "bad"), MismatchError);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    put(folder / "bad", good.substr(0, size));
    CAPTURE(size);
    CHECK_THROWS_AS(load_portfolio(folder / "bad"), MismatchError);
    if (size < good.size() / 2) CHECK_THROWS_AS(load_manifest(folder / "bad"), MismatchError);
  }
  put(folder / "bad", good + "x");
  CHECK_THROWS_WITH_AS(load_portfolio(folder / "bad"), doctest::Contains("behind its end"),
                       MismatchError);
}

TEST_CASE("portfolio files: what they say when they are refused") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(load_portfolio(folder / "none"), doctest::Contains("cannot be read"),
                       fs::filesystem_error);
  put(folder / "text", "relationship,time,kind\n1,2,purchase\n");
  CHECK_THROWS_WITH_AS(load_portfolio(folder / "text"),
                       doctest::Contains("it is no portfolio file"), MismatchError);
  save_portfolio(some_portfolio(), folder / "good");
  std::string later = content(folder / "good");
  later[12] = 9;
  put(folder / "later", later);
  CHECK_THROWS_WITH_AS(load_portfolio(folder / "later"),
                       doctest::Contains("it has version 9; this library reads version 1"),
                       MismatchError);
  Policy other;
  other.fold.half_lives.trust = 100 * day;
  CHECK_THROWS_WITH_AS(load_portfolio(folder / "good", other),
                       doctest::Contains("give the policy that it was made with"), MismatchError);
  CHECK_THROWS_WITH_AS(save_portfolio(Portfolio{}, folder.path),
                       doctest::Contains("it is a folder"), fs::filesystem_error);
  CHECK_THROWS_WITH_AS(save_portfolio(Portfolio{}, folder / "no" / "such"),
                       doctest::Contains("there is no such folder"), fs::filesystem_error);
}

TEST_CASE("portfolio files: other criteria keep the sums and unset the positions") {
  const Folder folder;
  const Portfolio p = some_portfolio();
  save_portfolio(p, folder / "a");
  Policy other = p.policy();
  other.criteria.client.enter = 3;
  other.criteria.client.keep = 2;
  const Portfolio read = load_portfolio(folder / "a", other).portfolio;
  const AsOf at = read.at(p.newest());
  CHECK_FALSE(read.assess(*read.find("anna"), at).standing.exact);
  CHECK(read.assess(*read.find("anna"), at).plug_in ==
        p.assess(*p.find("anna"), p.at(p.newest())).plug_in);
}

#if defined(__unix__)
TEST_CASE("portfolio files: a disk that is full leaves the old file, and nothing beside it") {
  const Folder folder;
  save_portfolio(some_portfolio(), folder / "a", "old");
  const std::string old = content(folder / "a");
  Portfolio many;
  for (int i = 0; i < 9000; ++i)
    many.apply(std::to_string(i), {.kind = Kind::purchase, .time = utc(2020, 2, 1) + i});
  // Files may grow to 100 kB from here on.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100'000;
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_WITH_AS(save_portfolio(many, folder / "a", "new"),
                       doctest::Contains("the old one is untouched"), fs::filesystem_error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(content(folder / "a") == old);
  CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
}
#endif

TEST_CASE("checksum: cuts do not matter, any changed word does") {
  std::vector<std::byte> bytes(67);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
  Checksum whole;
  whole.add(bytes);
  for (std::size_t a = 0; a <= bytes.size(); ++a) {
    Checksum cut;
    cut.add(std::span(bytes).first(a));
    cut.add(std::span(bytes).subspan(a));
    CHECK(cut.value() == whole.value());
    Checksum shorter;
    shorter.add(std::span(bytes).first(a));
    CHECK((shorter.value() == whole.value()) == (a == bytes.size()));
  }
}
