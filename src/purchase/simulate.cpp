// SPDX-License-Identifier: MIT
#include <loyalty/purchase/simulate.hpp>

#include <cmath>
#include <limits>
#include <random>

namespace loyalty::purchase {
namespace {

/// Draws by own formulas from the words of a generator that the standard fixes: its distributions are not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : words_(seed) {}

  /// Above 0, below 1.
  double uniform() { return (static_cast<double>(words_() >> 11) + 0.5) * 0x1p-53; }
  double exponential() { return -std::log(uniform()); }
  double normal() {  // G. Marsaglia's polar method
    for (;;) {
      const double a = 2 * uniform() - 1;
      const double b = 2 * uniform() - 1;
      const double s = a * a + b * b;
      if (s < 1 && s > 0) return a * std::sqrt(-2 * std::log(s) / s);
    }
  }
  /// Logarithm of Gamma(shape, 1), which may be too small for a number (G. Marsaglia and W. Tsang, ACM TOMS 26, 2000).
  double log_gamma(double shape) {
    if (shape < 1) return log_gamma(shape + 1) + std::log(uniform()) / shape;
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double z = normal();
      const double v = 1 + c * z;
      if (v <= 0) continue;
      const double cube = 3 * std::log(v);
      if (std::log(uniform()) < 0.5 * z * z + d - d * v * v * v + d * cube)
        return std::log(d) + cube;
    }
  }
  double gamma(double shape) { return std::exp(log_gamma(shape)); }
  /// Beta(a, b).
  double beta(double a, double b) {
    const double x = log_gamma(a);
    return 1 / (1 + std::exp(log_gamma(b) - x));
  }

 private:
  std::mt19937_64 words_;
};

/// Collects one customer's purchases.
struct Diary {
  double T;
  double until;
  double x = 0;
  double t_x = 0;
  double later = 0;
  /// False once the time is past what anybody looks at.
  bool note(double time) {
    if (time <= T) {
      ++x;
      t_x = time;
    } else if (time <= until) {
      ++later;
    }
    return time <= until;
  }
};

/// Lives one customer's life; returns whether it is alive at T.
template <bool AlsoAtOnce>
bool live(const BetaGeometricNBD<AlsoAtOnce>& model, Dice& dice, Diary& diary) {
  const double rate = dice.gamma(model.r) / model.alpha;
  const double p = dice.beta(model.a, model.b);
  if (AlsoAtOnce && dice.uniform() < p) return false;
  double time = 0;
  for (;;) {
    time += dice.exponential() / rate;
    if (!diary.note(time)) return true;
    if (dice.uniform() < p) return time > diary.T;
  }
}

bool live(const ParetoNBD& model, Dice& dice, Diary& diary) {
  const double rate = dice.gamma(model.r) / model.alpha;
  const double death = dice.exponential() / (dice.gamma(model.s) / model.beta);
  double time = 0;
  for (;;) {
    time += dice.exponential() / rate;
    if (time > death || !diary.note(time)) return death > diary.T;
  }
}

}  // namespace

template <class Model>
Simulated simulate(const Model& model, const std::vector<double>& T, double horizon,
                   std::uint64_t seed) {
  Dice dice(seed);
  Simulated made;
  for (const double end : T) {
    Diary diary{end, end + horizon};
    const bool alive = live(model, dice, diary);
    made.x.push_back(diary.x);
    made.t_x.push_back(diary.t_x);
    made.later.push_back(diary.later);
    made.alive.push_back(alive ? 1 : 0);
  }
  return made;
}

std::vector<double> simulate_spend(const GammaGamma& model, const std::vector<double>& x,
                                   std::uint64_t seed) {
  Dice dice(seed);
  std::vector<double> mean;
  mean.reserve(x.size());
  for (const double count : x) {
    // The sum of x values with the rate nu is Gamma(p x, nu).
    const double log_mean = count > 0 ? dice.log_gamma(model.p * count) - dice.log_gamma(model.q) +
                                            std::log(model.v / count)
                                      : 0;
    mean.push_back(count > 0 ? std::exp(log_mean) : std::numeric_limits<double>::quiet_NaN());
  }
  return mean;
}

template Simulated simulate(const BGNBD&, const std::vector<double>&, double, std::uint64_t);
template Simulated simulate(const MBGNBD&, const std::vector<double>&, double, std::uint64_t);
template Simulated simulate(const ParetoNBD&, const std::vector<double>&, double, std::uint64_t);

}  // namespace loyalty::purchase
