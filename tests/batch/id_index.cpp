// SPDX-License-Identifier: MIT
#include <loyalty/batch/id_index.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "laws/law.hpp"

using namespace loyalty;
using loyalty_tests::law;
using loyalty_tests::within;

TEST_CASE("identifiers are numbered in the order of arrival and found again, numbers as texts") {
  law("against std::map", 60, [] {
    IdIndex ids;
    std::map<std::string, std::uint32_t> expected;
    const int steps = *within(0, 400);
    for (int i = 0; i < steps; ++i) {
      const auto number = *rc::gen::weightedOneOf<std::int64_t>(
          {{3, within<std::int64_t>(-20, 200)},
           {1, within<std::int64_t>(std::numeric_limits<std::int64_t>::min() + 1,
                                    std::numeric_limits<std::int64_t>::max() - 1)}});
      std::string text = std::to_string(number);
      switch (*within(0, 3)) {
        case 0:
          text = "id " + text;
          break;
        case 1:
          text = "0" + text;
          break;
        default:
          break;
      }
      const bool as_number = text == std::to_string(number) && *rc::gen::arbitrary<bool>();
      const std::uint32_t index = as_number ? ids.add(number) : ids.add(text);
      const auto [it, fresh] =
          expected.try_emplace(text, static_cast<std::uint32_t>(expected.size()));
      RC_ASSERT(index == it->second);
      RC_ASSERT(ids.text(index) == text);
      RC_ASSERT(ids.size() == expected.size());
    }
    std::vector<std::uint32_t> by_bytes;
    for (const auto& [text, index] : expected) {
      RC_ASSERT(ids.find(std::string_view(text)) == index);
      by_bytes.push_back(index);
    }
    RC_ASSERT(ids.sorted() == by_bytes);
    RC_ASSERT(ids.find(std::string_view("nobody")) == IdIndex::none);
    RC_ASSERT(ids.find(std::string_view{}) == IdIndex::none);
    RC_ASSERT(ids.find(std::int64_t{1'000'000}) ==
              (expected.contains("1000000") ? expected["1000000"] : IdIndex::none));
  });
}

TEST_CASE("the order of identifiers is that of their bytes, zeros and high bytes among them") {
  law("against std::string", 60, [] {
    IdIndex ids;
    std::vector<std::string> expected;
    const int count = *within(1, 200);
    for (int i = 0; i < count; ++i) {
      std::string text(static_cast<std::size_t>(*within(1, 12)), 'x');
      for (char& c : text) c = static_cast<char>(*rc::gen::element(0, 1, 0x7f, 0x80, 0xff));
      ids.add(text);
      expected.push_back(std::move(text));
    }
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    std::vector<std::string> sorted;
    for (const std::uint32_t index : ids.sorted()) sorted.push_back(ids.text(index));
    RC_ASSERT(sorted == expected);
  });
}

TEST_CASE(
    "the order of very many identifiers is that of their bytes, whatever they have in common") {
  const auto check = [](const char* what, const std::function<std::string(std::uint64_t)>& made) {
    INFO(what);
    IdIndex ids;
    std::set<std::string> expected;
    std::uint64_t random = 1;
    for (int i = 0; i < 20'000; ++i) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      std::string text = made(random >> 33);
      ids.add(text);
      expected.insert(std::move(text));
    }
    REQUIRE(ids.size() == expected.size());
    std::size_t at = 0;
    const auto order = ids.sorted();
    std::size_t wrong = 0;
    for (const std::string& text : expected) wrong += ids.text(order[at++]) == text ? 0 : 1;
    CHECK(wrong == 0);
  };
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  check("numbers", number);
  check("negative and positive numbers of up to 19 digits", [&](std::uint64_t n) {
    return (n % 2 == 0 ? "-" : "") + number(n * (n % 4'000'000'000 + 1));
  });
  check("numbers and texts",
        [&](std::uint64_t n) { return n % 3 == 0 ? number(n) : number(n) + "x"; });
  check("a long beginning in common",
        [&](std::uint64_t n) { return std::string(100, 'c') + number(n); });
  check("a short beginning in common", [&](std::uint64_t n) { return "customer-" + number(n); });
  check("one the beginning of another, with zeros after it", [](std::uint64_t n) {
    return std::string(1 + n % 90, 'a') + std::string(n / 90 % 90, '\0');
  });
}

TEST_CASE("an identifier without bytes is a text, wherever it comes") {
  for (const bool first : {true, false}) {
    IdIndex ids;
    if (!first) ids.add("b");
    const std::uint32_t empty = ids.add(std::string_view{});
    ids.add(std::int64_t{0});
    ids.add("a");
    CHECK(ids.text(empty).empty());
    CHECK(ids.find(std::string_view{}) == empty);
    CHECK(ids.sorted().front() == empty);
  }
}

TEST_CASE("identifiers are bytes: long ones, and ones with zeros inside") {
  IdIndex ids;
  const std::string long_one(200'000, 'x');
  const std::string zeros("a\0b", 3);
  const auto a = ids.add(long_one);
  const auto b = ids.add(zeros);
  const auto c = ids.add(std::string_view("a"));
  CHECK(ids.text(a) == long_one);
  CHECK(ids.text(b) == zeros);
  CHECK(ids.find(zeros) == b);
  CHECK(ids.find(std::string_view("a")) == c);
  const auto d = ids.add(std::numeric_limits<std::int64_t>::max());
  CHECK(ids.find(std::string_view("9223372036854775807")) == d);
}

TEST_CASE("a block of texts is told apart by every byte, at every length") {
  for (std::size_t size = 1; size <= 70; ++size) {
    std::vector<std::string> texts{std::string(size, 'k')};
    for (std::size_t i = 0; i < size; ++i) texts.emplace_back(size, 'k')[i] = 'l';
    texts.push_back(texts[0]);
    IdIndex ids;
    std::vector<std::uint32_t> index(texts.size());
    const auto text_of = [&](std::size_t k) { return std::string_view(texts[k]); };
    ids.find(texts.size(), text_of, index.data());
    CHECK(std::count(index.begin(), index.end(), IdIndex::none) ==
          static_cast<std::ptrdiff_t>(texts.size()));
    ids.add(texts.size(), text_of, index.data());
    CHECK(ids.size() == size + 1);
    CHECK(index.back() == index.front());
    for (std::size_t k = 0; k < texts.size(); ++k) {
      CHECK(ids.text(index[k]) == texts[k]);
      CHECK(ids.find(text_of(k)) == index[k]);
    }
    std::vector<std::uint32_t> again(texts.size());
    ids.find(texts.size(), text_of, again.data());
    CHECK(again == index);
  }
}

TEST_CASE("texts longer than a mark can tell are compared whole") {
  IdIndex ids;
  const std::string a(70'000, 'x');
  const std::string b(70'001, 'x');
  std::string c = a;
  c[40'000] = 'y';
  const std::vector<std::string_view> texts = {a, b, c, a};
  std::vector<std::uint32_t> index(texts.size());
  ids.add(
      texts.size(), [&](std::size_t k) { return texts[k]; }, index.data());
  CHECK(index == std::vector<std::uint32_t>{0, 1, 2, 0});
  CHECK(ids.text(2) == c);
}
