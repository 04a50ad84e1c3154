// SPDX-License-Identifier: MIT
/// \file
/// A portfolio file is a signature and a sequence of parts: a name of eight bytes, the size, the bytes, and the
/// checksum of all three. Parts named `state` follow each other and are the pieces that `Portfolio::write` made.
#include <loyalty/io/portfolio_file.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include <loyalty/io/policy_text.hpp>

#include "batch/unsound.hpp"
#include "io/aside_file.hpp"

namespace loyalty {

void Checksum::add(std::span<const std::byte> bytes) noexcept {
  // Each step is a bijection of the state for a given word, and of the word for a given state.
  const auto mix = [this](std::uint64_t word) {
    state_ = (state_ ^ word) * 0xe7037ed1a0b428dbULL;
    state_ ^= state_ >> 29;
  };
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) {
    return std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])};
  };
  for (; at < bytes.size() && size_ % 8 != 0; ++at) {
    partial_ |= byte(at) << (size_ % 8 * 8);
    if (++size_ % 8 == 0) mix(std::exchange(partial_, 0));
  }
  for (; bytes.size() - at >= 8; at += 8, size_ += 8) {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little)
      std::memcpy(&word, bytes.data() + at, 8);
    else
      for (std::size_t i = 0; i < 8; ++i) word |= byte(at + i) << (8 * i);
    mix(word);
  }
  for (; at < bytes.size(); ++at) partial_ |= byte(at) << (size_++ % 8 * 8);
}

std::uint64_t Checksum::value() const noexcept {
  std::uint64_t h = state_;
  for (const std::uint64_t word : {partial_, size_}) {
    h = (h ^ word) * 0xe7037ed1a0b428dbULL;
    h ^= h >> 29;
  }
  return h;
}

namespace {

using Bytes = std::span<const std::byte>;
using Number = std::array<std::byte, 8>;

/// As PNG does it: a byte that is no text, the name, and line ends that a careless copy would change.
constexpr std::string_view signature = "\x89LOYALTY\r\n\x1a\n";  // the version follows
static_assert(signature.size() == 12);

constexpr std::uint32_t file_version = 1;
constexpr std::string_view policy_part = "policy  ";
constexpr std::string_view state_part = "state   ";
constexpr std::string_view books_part = "books   ";
constexpr std::string_view corrections_part = "changes ";
constexpr std::string_view manifest_part = "manifest";
constexpr std::string_view end_part = "end     ";

Number little(std::uint64_t n) noexcept {
  Number bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(n >> (8 * i) & 0xff);
  return bytes;
}
std::uint64_t little(Bytes bytes) noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    n |= std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])} << (8 * i);
  return n;
}
Bytes bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void put_part(AsideFile& file, std::string_view name, Bytes bytes) {
  const Number size = little(bytes.size());
  Checksum sum;
  for (const Bytes part : {bytes_of(name), Bytes(size), bytes}) {
    file.write(part);
    sum.add(part);
  }
  file.write(little(sum.value()));
}

/// Numbers one after the other.
struct Numbers {
  std::vector<std::byte> bytes;
  void put(std::int64_t n) {
    const Number number = little(static_cast<std::uint64_t>(n));
    bytes.insert(bytes.end(), number.begin(), number.end());
  }
};

std::vector<std::byte> books_bytes(const Books& books) {
  Numbers out;
  out.put(books.read);
  out.put(books.scored);
  out.put(books.repeats);
  out.put(skip_count);
  for (const std::int64_t n : books.skipped) out.put(n);
  out.put(code_count);
  for (const std::int64_t n : books.set_aside) out.put(n);
  return std::move(out.bytes);
}

class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : path_(path) {
    errno = 0;
    in_.open(path, std::ios::binary);
    std::error_code failed;
    left_ = std::filesystem::file_size(path, failed);
    if (!in_ || failed)
      throw std::filesystem::filesystem_error(
          "cannot be read", path,
          failed ? failed : std::error_code(errno != 0 ? errno : EIO, std::generic_category()));
    std::array<std::byte, 16> head;
    if (left_ < head.size()) damaged("it is too short for a portfolio file");
    take(head);
    if (std::memcmp(head.data(), signature.data(), signature.size()) != 0)
      damaged("it is no portfolio file");
    const auto version = static_cast<std::uint32_t>(little(Bytes(head).subspan(12)));
    if (version != file_version)
      damaged("it has version " + std::to_string(version) + "; this library reads version " +
              std::to_string(file_version));
  }

  [[noreturn]] void damaged(const std::string& what) const {
    throw MismatchError(path_.string() + ": " + what);
  }

  /// The next part; its bytes stay until the next call. Damage is told.
  std::string_view next() {
    std::array<std::byte, 16> head;
    if (left_ < head.size() + 8) damaged("it ends too early");
    take(head);
    std::memcpy(name_.data(), head.data(), 8);
    const std::uint64_t size = little(Bytes(head).subspan(8));
    if (size > left_ - 8) damaged("it ends too early");
    bytes_.resize(static_cast<std::size_t>(size));
    take(bytes_);
    Number sum;
    take(sum);
    Checksum expected;
    expected.add(head);
    expected.add(bytes_);
    if (little(sum) != expected.value())
      damaged("it is damaged: the checksum of the part '" + std::string(name()) + "' does not fit");
    return name();
  }
  /// Passes over parts until one of this name is next, reading only their heads; then reads it.
  void skip_to(std::string_view wanted) {
    for (;;) {
      std::array<std::byte, 16> head;
      const auto start = in_.tellg();
      const std::uintmax_t left = left_;
      if (left_ < head.size() + 8) damaged("it ends too early");
      take(head);
      const std::uint64_t size = little(Bytes(head).subspan(8));
      if (std::memcmp(head.data(), wanted.data(), 8) == 0) {
        in_.seekg(start);
        left_ = left;
        (void)next();
        return;
      }
      if (size > left_ - 8) damaged("it ends too early");
      in_.seekg(static_cast<std::streamoff>(size + 8), std::ios::cur);
      left_ -= size + 8;
    }
  }
  Bytes expect(std::string_view name) {
    if (next() != name)
      damaged("it holds the part '" + std::string(this->name()) + "' where '" + std::string(name) +
              "' belongs");
    return bytes_;
  }
  Bytes bytes() const noexcept { return bytes_; }
  std::string_view name() const noexcept { return {name_.data(), name_.size()}; }
  bool at_end() const noexcept { return left_ == 0; }

 private:
  void take(std::span<std::byte> into) {
    in_.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    if (!in_) damaged("it could not be read to its end");
    left_ -= into.size();
  }

  std::filesystem::path path_;
  std::ifstream in_;
  std::uintmax_t left_ = 0;
  std::array<char, 8> name_{};
  std::vector<std::byte> bytes_;
};

Books take_books(const FileReader& in) {
  Bytes bytes = in.bytes();
  const auto number = [&]() -> std::int64_t {
    if (bytes.size() < 8) in.damaged("its books end too early");
    const auto n = static_cast<std::int64_t>(little(bytes.first(8)));
    bytes = bytes.subspan(8);
    return n;
  };
  Books books;
  books.read = number();
  books.scored = number();
  books.repeats = number();
  // A later version may know more reasons; those are read by it alone.
  if (number() != skip_count) in.damaged("its books have other reasons to skip");
  for (std::int64_t& n : books.skipped) n = number();
  if (number() != code_count) in.damaged("its books have other codes");
  for (std::int64_t& n : books.set_aside) n = number();
  return books;
}

std::vector<std::byte> corrections_bytes(const Portfolio& p) {
  Numbers out;
  out.put(p.marked());
  for (const auto& [id, found] : p.corrections()) {
    out.put(static_cast<std::int64_t>(id.size()));
    const Bytes text = bytes_of(id);
    out.bytes.insert(out.bytes.end(), text.begin(), text.end());
    const auto state = to_bytes(found);
    out.bytes.insert(out.bytes.end(), state.begin(), state.end());
  }
  return std::move(out.bytes);
}

std::vector<std::pair<std::string, Relationship>> take_corrections(const FileReader& in,
                                                                   Time& marked) {
  Bytes bytes = in.bytes();
  const auto take = [&](std::uint64_t size) {
    if (bytes.size() < size) in.damaged("its corrections end too early");
    const Bytes taken = bytes.first(static_cast<std::size_t>(size));
    bytes = bytes.subspan(taken.size());
    return taken;
  };
  marked = static_cast<Time>(little(take(8)));
  if (marked != no_time && !detail::plausible(marked)) in.damaged("its mark is no time");
  std::vector<std::pair<std::string, Relationship>> all;
  while (!bytes.empty()) {
    const Bytes id = take(little(take(8)));
    all.emplace_back(std::string(reinterpret_cast<const char*>(id.data()), id.size()),
                     from_bytes(take(state_bytes).first<state_bytes>()));
    if (const char* why = unsound(all.back().second, true))
      in.damaged("a correction that " + std::string(why));
  }
  return all;
}

}  // namespace

void save_portfolio(const Portfolio& portfolio, const std::filesystem::path& path,
                    std::string_view manifest) {
  AsideFile file(path);
  file.write(bytes_of(signature));
  file.write(Bytes(little(file_version)).first(4));
  put_part(file, policy_part, bytes_of(to_toml(portfolio.policy())));
  portfolio.write([&file](Bytes piece) { put_part(file, state_part, piece); });
  put_part(file, books_part, books_bytes(portfolio.kept_books()));
  put_part(file, corrections_part, corrections_bytes(portfolio));
  put_part(file, manifest_part, bytes_of(manifest));
  put_part(file, end_part, {});
  file.commit();
}

SavedPortfolio load_portfolio(const std::filesystem::path& path, std::optional<Policy> policy) {
  FileReader in(path);
  const Bytes text = in.expect(policy_part);
  const std::string toml(reinterpret_cast<const char*>(text.data()), text.size());
  if (!policy) policy = parse_policy(toml, path.string() + " (its policy)");
  (void)in.next();
  Portfolio portfolio = Portfolio::read(
      [&in, first = true]() mutable -> Bytes {
        if (!first) (void)in.next();
        first = false;
        return in.name() == state_part ? in.bytes() : Bytes{};
      },
      std::move(*policy));
  if (in.name() != books_part) in.damaged("its books are missing");
  const Books books = take_books(in);
  (void)in.expect(corrections_part);
  Time marked = no_time;
  const auto corrections = take_corrections(in, marked);
  const Bytes manifest = in.expect(manifest_part);
  SavedPortfolio saved{
      std::move(portfolio),
      std::string(reinterpret_cast<const char*>(manifest.data()), manifest.size())};
  (void)in.expect(end_part);
  if (!in.at_end()) in.damaged("it goes on behind its end");
  saved.portfolio.restore(books, marked, corrections);
  return saved;
}

std::string load_manifest(const std::filesystem::path& path) {
  FileReader in(path);
  in.skip_to(manifest_part);
  const Bytes text = in.bytes();
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

}  // namespace loyalty
