// SPDX-License-Identifier: MIT
#include <loyalty/ladder/labels.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string_view>

#include <loyalty/policy.hpp>

using namespace loyalty;

TEST_CASE("labels: each language has six different labels") {
  CHECK(rung_languages.size() == 3);
  for (const RungLabels& language : rung_languages) {
    std::set<std::string_view> labels;
    for (const std::string_view label : language.labels) {
      CHECK_FALSE(label.empty());
      labels.insert(label);
    }
    CHECK_MESSAGE(labels.size() == 6, language.language);
  }
}

TEST_CASE("labels: rungs in English, German and Russian") {
  static_assert(label(Rung::client) == "client");
  static_assert(label(Rung::client, "de") == "Stammkunde");
  CHECK(label(Rung::buyer, "de") == "Käufer");
  CHECK(label(Rung::partner, "ru") == "партнёр");
  for (int i = 0; i < rung_count; ++i)
    CHECK(label(static_cast<Rung>(i)) == name(static_cast<Rung>(i)));
  CHECK(speaks("ru"));
  CHECK_FALSE(speaks("fr"));
  CHECK(label(Rung::client, "fr") == "client");
}

TEST_CASE("labels: a policy's own come before its language's") {
  Policy policy{.language = "de"};
  policy.labels[2] = "Abonnent";
  CHECK(rung_label(policy, Rung::client) == "Abonnent");
  CHECK(policy.label(Rung::partner) == "Partner");
  CHECK(Policy{}.label(Rung::advocate) == "advocate");
}
