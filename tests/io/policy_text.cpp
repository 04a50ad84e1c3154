// SPDX-License-Identifier: MIT
#include <loyalty/io/policy_text.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

using namespace loyalty;

namespace {

std::string message_of(std::string_view toml) {
  try {
    parse_policy(toml, "p.toml");
  } catch (const PolicyError& error) {
    return error.what();
  }
  return "no error";
}

std::string refusal_of(const Policy& policy) {
  try {
    validate(policy);
  } catch (const PolicyError& error) {
    return error.what();
  }
  return "no error";
}

/// The same policy comes back from both texts: equal fingerprints, and an equal text once more.
void check_round_trip(const Policy& policy) {
  for (const PolicyText style : {PolicyText::brief, PolicyText::full}) {
    const std::string text = to_toml(policy, style);
    CAPTURE(text);
    const Policy back = parse_policy(text);
    CHECK(fingerprints(back) == fingerprints(policy));
    CHECK(back.name == policy.name);
    CHECK(back.labels == policy.labels);
    CHECK(to_toml(back, style) == text);
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct TemporaryFile {
  std::filesystem::path path;
  explicit TemporaryFile(const char* name, const std::string& content) : path(name) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("policy text: an empty file is the default policy") {
  CHECK(fingerprints(parse_policy("")) == fingerprints(Policy{}));
  CHECK(to_toml(Policy{}) == "# A loyalty policy. A key that is left out has its default.\n");
  check_round_trip(Policy{});
}

TEST_CASE("policy text: every kind of key") {
  const Policy p = parse_policy(R"(
name = "shop"
perspective = "them"
default_role = "agency"
landmark = 2021-03-04
currency = "EUR"
minor_digits = 0
language = "de"
observes = ["purchase", "return", "survey:commitment"]
labels = ["a", "", "b", "c", "d", "e"]
half_life_days.cost = 1.5
[responsiveness]
target_hours = 0.5
speed_weight = 1
[promise]
grace_hours = 12
[effects]
survey = 0.25
[commitment]
contract_weight = 0.3
[roles.consumer.commitment]
contract_weight = 0.1
[ladder.client]
purchases = 3
enter = 1.25
[rates]
USD = 0.9
"£" = 1.17
)");
  CHECK(p.name == "shop");
  CHECK(p.fold.perspective == Side::them);
  CHECK(p.default_role == Role::agency);
  CHECK(p.landmark == utc(2021, 3, 4));
  CHECK(p.currency == "EUR");
  CHECK(p.fold.minor_digits == 0);
  CHECK(p.language == "de");
  REQUIRE(p.observes);
  CHECK(p.observes->purchases());
  CHECK(p.observes->sees(Kind::returned));
  CHECK(p.observes->commitment());
  CHECK_FALSE(p.observes->trust());
  CHECK(p.label(Rung::prospect) == "a");
  CHECK(p.label(Rung::buyer) == "Käufer");
  CHECK(p.label(Rung::partner) == "e");
  CHECK(p.fold.half_lives.cost == 129600);
  CHECK(p.fold.response_target == 1800);
  CHECK(p.fold.promise_grace == 43200);
  CHECK(p.fold.effects.survey == 0.25);
  CHECK(p.scoring(Role::agent).responsiveness.speed_weight == 1);
  CHECK(p.scoring(Role::supplier).commitment.contract_weight == 0.3);
  CHECK(p.scoring(Role::consumer).commitment.contract_weight == 0.1);
  CHECK(p.criteria.client_purchases == 3);
  CHECK(p.criteria.client.enter == Decimal(1.25));
  REQUIRE(p.rates.size() == 2);
  CHECK(p.rates[0].currency == "USD");
  CHECK(p.rates[1].rate == 1.17);
  check_round_trip(p);
}

TEST_CASE("policy text: a survey lights trust, survey:commitment commitment") {
  const Observed trust = *parse_policy(R"(observes = ["survey"])").observes;
  CHECK(trust.trust());
  CHECK_FALSE(trust.commitment());
  const Observed commitment = *parse_policy(R"(observes = ["survey:commitment"])").observes;
  CHECK_FALSE(commitment.trust());
  CHECK(commitment.commitment());
  CHECK(parse_policy("observes = []").observes == Observed{});
}

TEST_CASE("policy text: the purchase cycle sets the half-life of purchases, unless that is given") {
  CHECK(parse_policy("purchase_cycle_days = 10").fold.half_lives.purchases == 40 * day);
  CHECK(parse_policy("purchase_cycle_days = 10\nhalf_life_days.purchases = 100")
            .fold.half_lives.purchases == 100 * day);
  CHECK(parse_policy("half_life_days.purchases = 100").purchase_cycle_days == 91.25);
  // A third of a day: four cycles are 115,200.0 s to the rounding of the decimal.
  CHECK(parse_policy("purchase_cycle_days = 0.3333333333333").fold.half_lives.purchases == 115200);
  Policy apart;  // cycle and half-life that do not follow from each other
  apart.purchase_cycle_days = 7;
  check_round_trip(apart);
  apart.fold.half_lives.purchases = 28 * day;
  check_round_trip(apart);
  apart.purchase_cycle_days = 91.25;
  check_round_trip(apart);
}

TEST_CASE("policy text: landmarks") {
  CHECK(parse_policy("landmark = 2024-02-29").landmark == utc(2024, 2, 29));
  CHECK(parse_policy("landmark = \"2024-02-29\"").landmark == utc(2024, 2, 29));
  CHECK(parse_policy("landmark = 2024-02-29T18:30:01Z").landmark == utc(2024, 2, 29, 18, 30, 1));
  CHECK(parse_policy("landmark = 2024-02-29 18:30:01+02:00").landmark ==
        utc(2024, 2, 29, 16, 30, 1));
  CHECK(parse_policy("landmark = \"2024-02-29T18:30:01Z\"").landmark ==
        utc(2024, 2, 29, 18, 30, 1));
  for (const Time t : {utc(1, 1, 1), utc(1969, 12, 31, 23, 59, 59), utc(9999, 12, 31, 23, 59, 59)})
    check_round_trip(Policy{.landmark = t});
}

TEST_CASE("policy text: the full text explains every key and has the optional ones commented out") {
  const std::string full = to_toml(Policy{}, PolicyText::full);
  int keys = 0;
  const Policy usual;
  visit_common(usual, [&](const Key& key, const auto&) {
    CHECK_MESSAGE(full.find(std::string(key.name) + " = ") != std::string::npos, key.name);
    ++keys;
  });
  CHECK(keys > 40);
  for (const char* key :
       {"# landmark = 2020-01-01", "# currency = ", "# observes = ", "# purchases = 365",
        "# labels = [\"prospect\"", "purchase_cycle_days = 91.25"})
    CHECK_MESSAGE(full.find(key) != std::string::npos, key);
  for (const std::string& line : lines_of(full)) {
    const bool effect = line.starts_with("half_life") || line.find("_kept = ") != std::string::npos;
    if (effect) CHECK_MESSAGE(line.find("  # ") != std::string::npos, line);
  }
  const std::string changed = to_toml(parse_policy("[trust]\ngrave_weight = 3"), PolicyText::full);
  CHECK(changed.find("grave_weight = 3  # a grave failure weighs so many others; default 2") !=
        std::string::npos);
}

TEST_CASE("policy text: values of roles are written once where most agree") {
  const char* const written = R"(# A loyalty policy. A key that is left out has its default.

[trust]
prior_kept = 5

[roles.agent.trust]
prior_kept = 6.5
)";
  CHECK(to_toml(parse_policy(written)) == written);
  const char* const contracts = R"(# A loyalty policy. A key that is left out has its default.

[commitment]
contract_weight = 0.3

[roles.consumer.commitment]
contract_weight = 0
)";
  CHECK(to_toml(parse_policy(contracts)) == contracts);
}

TEST_CASE("policy text: round trip of random policies") {
  std::mt19937_64 random(7);
  for (int n = 0; n < 200; ++n) {
    Policy p;
    const auto draw = [&](const Key& key, auto& field) {
      using Field = std::remove_reference_t<decltype(field)>;
      if (random() % 3 == 0) return;
      const double u = std::uniform_real_distribution<double>(0, 1)(random);
      const double value = key.unit * (key.low + u * (std::min(key.high, 1e4) - key.low));
      if constexpr (std::is_same_v<Field, double>)
        field = value;
      else if constexpr (std::is_same_v<Field, Decimal>)
        field = Decimal(value);
      else
        field = static_cast<Field>(std::ceil(value));
    };
    visit_common(p, draw);
    for (int r = 0; r < role_count; ++r) visit_role(p, static_cast<Role>(r), draw);
    for (Threshold* t : {&p.criteria.client, &p.criteria.supporter, &p.criteria.advocate,
                         &p.criteria.share_of_wallet, &p.criteria.partner})
      if (t->keep.value > t->enter.value) std::swap(t->keep, t->enter);
    for (ScoringOptions& o : p.roles) {
      o.quality = QualityOptions{};
      if (random() % 2 == 0) o.quality.weights = {0.1, 0.3, 0.25, 0.35};
    }
    p.name = "a \"quoted\" \\ name, é";
    p.currency = "EUR";
    p.rates = {{"USD", 1 / 1.1}, {"a b", 1e-7}, {"CHF", 123456.789}};
    p.landmark = static_cast<Time>(random() % 4000000000);
    p.observes = Observed{static_cast<std::uint32_t>(random()) & Observed::everything().bits};
    CAPTURE(n);
    REQUIRE(refusal_of(p) == "no error");
    check_round_trip(p);
  }
}

TEST_CASE("policy text: a decimal is what it says, however it was computed") {
  Policy p;
  p.criteria.supporter = {0.1 + 0.2, 0.3};
  Policy q;
  q.criteria.supporter = {0.3, 0.3};
  CHECK(fingerprints(p) == fingerprints(q));
  check_round_trip(p);
}

TEST_CASE("policy text: rates have one fingerprint in any order") {
  const Policy p{.currency = "EUR", .rates = {{"USD", 0.9}, {"CHF", 1.1}}};
  const Policy q{.currency = "EUR", .rates = {{"CHF", 1.1}, {"USD", 0.9}}};
  CHECK(fingerprints(p) == fingerprints(q));
}

TEST_CASE("policy text: errors name source, line, key, given value and what is allowed") {
  const auto check = [](std::string_view toml, std::string_view message) {
    CHECK(message_of(toml) == message);
  };
  // Unknown keys.
  check("[trust]\nprior_keptt = 3",
        "p.toml:2: unknown key \"trust.prior_keptt\": did you mean \"trust.prior_kept\"?");
  check("[trust]\ngrave = 3",
        "p.toml:2: unknown key \"trust.grave\": did you mean \"trust.grave_weight\"?");
  check("[trst]\nx = 3", "p.toml:1: unknown key \"trst\": did you mean \"trust\"?");
  check("target_hours = 3",
        "p.toml:1: unknown key \"target_hours\": did you mean \"responsiveness.target_hours\"?");
  check("[promise]\nzzz = 3", "p.toml:2: unknown key \"promise.zzz\": [promise] has grace_hours");
  check("[roles.dealer.trust]\nprior_kept = 3",
        "p.toml:1: unknown key \"roles.dealer\": roles are consumer, supplier, distributor, "
        "agency, agent");
  check("[roles.agent.responsiveness]\ntarget_hours = 3",
        "p.toml:2: unknown key \"roles.agent.responsiveness.target_hours\": it is the same for all "
        "roles, "
        "write responsiveness.target_hours");
  // Types.
  check("name = 3", "p.toml:1: name = 3: allowed is a text");
  check("trust = 3", "p.toml:1: trust = 3: allowed is a table, [trust]");
  check("roles = true", "p.toml:1: roles = true: allowed is a table, [roles]");
  check("[[trust]]\nprior_kept = 3", "p.toml:1: trust = a list: allowed is a table, [trust]");
  check("[trust]\n\nprior_kept = \"four\"",
        "p.toml:3: trust.prior_kept = \"four\": allowed is a number, 0.01 .. 1000000");
  check(
      "[roles.agent.trust]\nprior_kept = 2024-01-01",
      "p.toml:2: roles.agent.trust.prior_kept = 2024-01-01: allowed is a number, 0.01 .. 1000000");
  check("minor_digits = 2.5", "p.toml:1: minor_digits = 2.5: allowed is a whole number, 0 .. 4");
  check("purchase_cycle_days = []",
        "p.toml:1: purchase_cycle_days = a list: allowed is a number, 0.25 .. 9125");
  check("currency = 3", "p.toml:1: currency = 3: allowed is a text such as \"EUR\"");
  // Ranges.
  check("[trust]\nprior_kept = -1", "p.toml:2: trust.prior_kept = -1: allowed is 0.01 .. 1000000");
  check("[trust]\nprior_kept = nan",
        "p.toml:2: trust.prior_kept = nan: allowed is 0.01 .. 1000000");
  check("half_life_days.trust = inf",
        "p.toml:1: half_life_days.trust = inf: allowed is 0.0416667 .. 36500");
  check("purchase_cycle_days = 0.1",
        "p.toml:1: purchase_cycle_days = 0.1: allowed is 0.25 .. 9125");
  check("half_life_days.trust = 1.00001",
        "p.toml:1: half_life_days.trust = 1.00001: allowed is a whole number of seconds, this is "
        "86400.864; "
        "nearest is 1.000011574074074");
  check("ladder.supporter.enter = 0.1234567",
        "p.toml:1: ladder.supporter.enter = 0.1234567: allowed is a decimal of at most six places");
  check("perspective = \"it\"", "p.toml:1: perspective = \"it\": allowed is us, them");
  check("default_role = \"dealer\"",
        "p.toml:1: default_role = \"dealer\": allowed is consumer, supplier, distributor, agency, "
        "agent");
  check("observes = [\"purchse\"]",
        "p.toml:1: observes = \"purchse\": allowed is a kind; did you mean \"purchase\"?");
  check("labels = [\"a\"]",
        "p.toml:1: labels = a list of 1: allowed is a list of six texts, from prospect to "
        "partner (\"\" keeps the language's)");
  // One against another.
  check("[ladder.client]\nkeep = 2",
        "p.toml:2: ladder.client.keep = 2: allowed is at most its enter, 1.5");
  check("[ladder.client]\nenter = 0.5",
        "p.toml:2: ladder.client.keep = 0.75: allowed is at most its enter, 0.5");
  check("[quality]\nweight_trust = 0.5",
        "p.toml:2: quality.weight_* = 0.2, 0.2, 0.2, 0.5: allowed is four weights that sum to 1; "
        "these sum to 1.1");
  check("[roles.agent.quality]\nminimum_coverage = 0.6",
        "p.toml:1: roles.agent.quality.fair_coverage = 0.25: allowed is at least minimum_coverage, "
        "0.6");
  check("[quality]\nfair_coverage = 0.6",
        "p.toml:1: quality.strong_coverage = 0.5: allowed is at least fair_coverage, 0.6");
  check("language = \"fr\"",
        "p.toml:1: language = \"fr\": allowed is en, de, ru, or any other with six `labels`");
  check("labels = [\"1\",\"2\",\"3\",\"4\",\"5\",\"1\"]",
        "p.toml:1: labels = \"1\" twice: allowed is another label for each rung");
  check("[rates]\nUSD = 1.1",
        "p.toml:1: rates = 1 currencies: allowed is rates only beside `currency`, the one that "
        "they lead to");
  check("currency = \"EUR\"\nrates.USD = -1", "p.toml:2: rates.USD = -1: allowed is 1e-9 .. 1e9");
  check("currency = \"EUR\"\nrates.USD = \"1,1\"",
        "p.toml:2: rates.USD = \"1,1\": allowed is a number, 1e-9 .. 1e9");
  check("currency = \"EUR\"\nrates.EUR = 1",
        "p.toml:2: rates.EUR = 1: allowed is other currencies only: the policy's own is EUR");
  // Landmarks.
  check("landmark = \"yesterday\"",
        "p.toml:1: landmark = \"yesterday\": allowed is a date such as 2024-12-31, or "
        "2024-12-31T18:00:00Z");
  check("landmark = \"2024-02-30\"",
        "p.toml:1: landmark = \"2024-02-30\": allowed is a date such as 2024-12-31, or "
        "2024-12-31T18:00:00Z");
  check("landmark = 2024-01-01T10:00:00",
        "p.toml:1: landmark = 2024-01-01T10:00:00: allowed is a time with its zone, such as "
        "2024-12-31T18:00:00Z");
  check("landmark = 2024-01-01T10:00:00.5Z",
        "p.toml:1: landmark = 2024-01-01T10:00:00: allowed is a whole second");
  // TOML itself.
  CHECK(message_of("name = \"a\"\nname = \"b\"").find("p.toml:2:") == 0);
  CHECK(message_of("name = \"a\"\nname = \"b\"").find("cannot redefine existing string 'name'") !=
        std::string::npos);
  CHECK(message_of("x = = 1").find("p.toml:1:") == 0);
  CHECK(message_of("name = \"\xff\"").find("p.toml:1:") == 0);
}

TEST_CASE("policy text: all problems at once, in the order of the file") {
  CHECK(message_of("name = 3\n[trust]\nprior_kept = 0\nkepd = 1\n") ==
        "p.toml:1: name = 3: allowed is a text\n"
        "p.toml:3: trust.prior_kept = 0: allowed is 0.01 .. 1000000\n"
        "p.toml:4: unknown key \"trust.kepd\": [trust] has grave_weight, prior_broken, prior_kept");
  std::string many;
  for (int i = 0; i < 50; ++i) many += "zzzzzzzzzzzzz" + std::to_string(i) + " = 1\n";
  CHECK(lines_of(message_of(many)).size() == 21);
  CHECK(message_of(many).ends_with("\np.toml: more problems, not shown"));
}

TEST_CASE("policy text: what a file says is shown short and on one line") {
  const std::string message =
      message_of("perspective = \"\\u001b[31m\\n" + std::string(5000, 'x') + "\"");
  CHECK(lines_of(message).size() == 1);
  CHECK(message.size() < 200);
  CHECK(message.find('\x1b') == std::string::npos);
}

TEST_CASE("policy text: files, and their limits") {
  const TemporaryFile good("policy_text_good.toml", "\xef\xbb\xbf[trust]\r\nprior_kept = 7\r\n");
  CHECK(load_policy(good.path).scoring(Role::agent).trust.prior_kept == 7);
  const TemporaryFile bad("policy_text_bad.toml", "[trust]\nprior_kept = 0\n");
  CHECK_THROWS_WITH_AS(load_policy(bad.path),
                       "policy_text_bad.toml:2: trust.prior_kept = 0: allowed is 0.01 .. 1000000",
                       PolicyError);
  CHECK_THROWS_WITH_AS(load_policy("policy_text_none.toml"), "policy_text_none.toml: no such file",
                       PolicyError);
  CHECK_THROWS_WITH_AS(load_policy("."), ".: is a folder, not a policy file", PolicyError);
  const std::string room(most_policy_bytes - 1, '#');
  CHECK_NOTHROW(parse_policy(room + "\n", "p"));
  CHECK_THROWS_WITH_AS(parse_policy(room + "#\n", "p"),
                       "p: 1048577 bytes are no policy: allowed are 1048576", PolicyError);
  const TemporaryFile large("policy_text_large.toml", room + "#\n");
  CHECK_THROWS_WITH_AS(load_policy(large.path),
                       "policy_text_large.toml: more than 1048576 bytes are no policy",
                       PolicyError);
  CHECK_NOTHROW(load_policy(large.path, 2 * most_policy_bytes));
}

TEST_CASE("policy text: what the aggregate alone can get wrong") {
  CHECK(refusal_of({.name = "a\nb"}) ==
        "policy key name = a text of 3 bytes: allowed is one line of at most 200 bytes");
  CHECK(refusal_of({.landmark = utc(10000, 1, 1)}).find("policy key landmark = ") == 0);
  CHECK(refusal_of({.currency = "EUR", .rates = {{"USD", 1}, {"USD", 2}}}) ==
        "policy key rates.USD = 2: allowed is one rate for each currency");
  CHECK(refusal_of({.currency = "EUR", .rates = {{"", 1}}}) ==
        "policy key rates = \"\": allowed is the names of currencies, 1 to 16 bytes each");
  CHECK(refusal_of({.language = "fr"}) ==
        "policy key language = \"fr\": allowed is en, de, ru, or any other with six `labels`");
  CHECK(refusal_of({.language = "fr",
                    .labels = {"prospect", "acheteur", "client", "supporteur", "avocat",
                               "partenaire"}}) == "no error");
  CHECK(refusal_of({.purchase_cycle_days = std::nan("")})
            .find("policy key purchase_cycle_days = nan") == 0);
}

TEST_CASE("policy text: what breaks off in the midst is an error, not an assertion of the parser") {
  for (const char* text :
       {"[\nb = ", "[\n", "[a.\n", "[[\n]]", "[ \r\n", "[#\n]", "a.\n", "a =\n"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_policy(text, "p"), PolicyError);
  }
  // Letters beyond ASCII may stand in quotes and comments, not in keys.
  for (const char* text : {"\xc3\xbc = 1\n", "name \xc3\xbc = 1\n", "name = \xcb\x93\n"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_policy(text, "p"), PolicyError);
  }
  CHECK(parse_policy("name = \"\xc3\xbc\" # \xc3\xbc\n").name == "\xc3\xbc");
  CHECK_THROWS_WITH_AS(parse_policy("[\n]", "p"), "p: is no TOML: a [section] or a key breaks off",
                       PolicyError);
}
