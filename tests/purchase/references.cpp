// SPDX-License-Identifier: MIT
// The models against 50-digit values of the textbook formulas: tests/purchase/make_references.py makes the table.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <loyalty/purchase.hpp>

using namespace loyalty::purchase;

namespace {

struct Reference {
  std::string model;
  std::string quantity;
  std::array<double, 4> q{};
  std::array<std::string, 3> at;
  double argument = 0;
  double value = 0;
  std::vector<double> slopes;
  std::string line;
};

double number(const std::string& text) {
  // Not strtod: the suite also runs where the decimal point is a comma.
  if (text == "inf") return std::numeric_limits<double>::infinity();
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  if (in.fail()) {  // below the least number, which istream calls an error
    CHECK(text.find("e-") != std::string::npos);
    return 0;
  }
  return value;
}

std::vector<Reference> references() {
  std::ifstream file(LOYALTY_TESTS_DIR "/purchase/references.csv");
  REQUIRE(file.good());
  std::vector<Reference> all;
  std::string line;
  std::getline(file, line);
  REQUIRE(line == "model,quantity,q0,q1,q2,q3,x,t_x,T,argument,value,d0,d1,d2,d3");
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::string cell;
    std::istringstream in(line);
    while (std::getline(in, cell, ',')) cells.push_back(cell);
    cells.resize(15);
    Reference r;
    r.line = line;
    r.model = cells[0];
    r.quantity = cells[1];
    for (std::size_t i = 0; i < 4; ++i) r.q[i] = cells[2 + i].empty() ? 0 : number(cells[2 + i]);
    for (std::size_t i = 0; i < 3; ++i) r.at[i] = cells[6 + i];
    if (!cells[9].empty()) r.argument = number(cells[9]);
    r.value = number(cells[10]);
    for (std::size_t i = 11; i < 15; ++i)
      if (!cells[i].empty()) r.slopes.push_back(number(cells[i]));
    all.push_back(r);
  }
  REQUIRE(all.size() > 1000);
  return all;
}

template <class Model>
double purchase_value(const Model& m, const Reference& r, Gradient* g) {
  if (r.quantity == "expected_purchases_new") return m.expected_purchases_new(r.argument, g);
  if (r.quantity == "p_count") {
    const int k = std::atoi(r.at[0].c_str());
    // Asked for more counts than needed, it says the same.
    CHECK(m.p_counts_new(k + 3, r.argument).at(static_cast<std::size_t>(k)) ==
          doctest::Approx(m.p_counts_new(k, r.argument).back()).epsilon(1e-12));
    return m.p_counts_new(k, r.argument).back();
  }
  const CustomerHistory h{number(r.at[0]), number(r.at[1]), number(r.at[2])};
  if (r.quantity == "log_likelihood") return m.log_likelihood(h, g);
  if (r.quantity == "p_alive") return m.p_alive(h, g);
  if (r.quantity == "p_no_purchase") return m.p_no_purchase(h, r.argument, g);
  if (r.quantity == "expected_purchases") return m.expected_purchases(h, r.argument, g);
  REQUIRE(r.quantity == "discounted");
  return m.discounted(h, {0.0027, TimeUnit::unstated, true}, r.argument, g);
}

double value_of(const Reference& r, Gradient* g) {
  const auto& q = r.q;
  if (r.model == "BG/NBD") return purchase_value(BGNBD{q[0], q[1], q[2], q[3]}, r, g);
  if (r.model == "MBG/NBD") return purchase_value(MBGNBD{q[0], q[1], q[2], q[3]}, r, g);
  if (r.model == "Pareto/NBD") return purchase_value(ParetoNBD{q[0], q[1], q[2], q[3]}, r, g);
  REQUIRE(r.model == "Gamma-Gamma");
  const GammaGamma m{q[0], q[1], q[2]};
  const double x = number(r.at[0]);
  const double mean = number(r.at[1]);
  if (r.quantity == "log_likelihood") return m.log_likelihood(x, mean, g);
  return m.expected_spend(x, mean, g);
}

/// Relative error; of a logarithm that of the number itself, where it is small. Below 1e-290 there is no room for more.
double error_of(const Reference& r, double found) {
  const double size =
      r.quantity == "log_likelihood" ? std::max(1.0, std::abs(r.value)) : std::abs(r.value);
  if (size < 1e-290) return std::abs(found) < 1e-289 ? 0 : 1;
  return std::abs(found - r.value) / size;
}

}  // namespace

TEST_CASE("purchase: every quantity of every model against 50 digits") {
  std::map<std::string, double> worst;
  for (const Reference& r : references()) {
    CAPTURE(r.line);
    const double found = value_of(r, nullptr);
    CAPTURE(found);
    const double error = error_of(r, found);
    CHECK(error <= 5e-12);
    double& so_far = worst[r.model + " " + r.quantity];
    so_far = std::max(so_far, error);
  }
  CHECK(worst.size() == 23);
  for (const auto& [what, error] : worst) MESSAGE(what << ": worst relative error " << error);
}

TEST_CASE("purchase: every derivative against differences of 50 digits") {
  int compared = 0;
  std::map<std::string, double> worst;
  for (const Reference& r : references()) {
    if (r.slopes.empty()) continue;
    CAPTURE(r.line);
    Gradient g{};
    const double found = value_of(r, &g);
    CHECK(error_of(r, found) <= 5e-12);
    for (std::size_t i = 0; i < r.slopes.size(); ++i) {
      // Per relative change of the parameter, beside the largest of them and the value itself.
      double scale = r.quantity == "log_likelihood" ? 1 : std::abs(r.value);
      for (std::size_t j = 0; j < r.slopes.size(); ++j)
        scale = std::max(scale, std::abs(r.slopes[j] * r.q[j]));
      if (scale < 1e-280) continue;
      const double error = std::abs(g[i] - r.slopes[i]) * r.q[i] / scale;
      CAPTURE(i);
      CAPTURE(g[i]);
      CHECK(error <= 1e-10);
      double& so_far = worst[r.model + " " + r.quantity];
      so_far = std::max(so_far, error);
      ++compared;
    }
  }
  CHECK(compared > 3000);
  for (const auto& [what, error] : worst) MESSAGE("slopes of " << what << ": " << error);
}
