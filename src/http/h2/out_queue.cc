#include "http/h2/out_queue.h"

#include <algorithm>
#include <utility>

namespace gatehouse::http {
namespace {

// Memory an idle connection may hold on to.
constexpr std::size_t kKeptOctets = 4096;
constexpr std::size_t kKeptPieces = 8;

}  // namespace

void OutQueue::put(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  if (pieces_.empty() || pieces_.back().lent != nullptr) {
    pieces_.push_back({.lent = nullptr, .begin = copied_.size(), .size = 0});
  }
  copied_.append(bytes);
  pieces_.back().size += bytes.size();
  size_ += bytes.size();
}

void OutQueue::lend(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  pieces_.push_back({.lent = bytes.data(), .begin = 0, .size = bytes.size()});
  size_ += bytes.size();
  has_lent_ = true;
}

OutQueue::Sent OutQueue::send(io::Stream& stream) {
  std::vector<std::string_view> parts;
  parts.reserve(pieces_.size());
  for (const Piece& piece : pieces_) {
    parts.push_back(view(piece));
  }
  io::IoProgress progress = stream.tryWritev(parts, 0);
  if (progress.state == io::IoState::kWouldBlock) {
    keepFrom(progress.bytes);
    return {progress.state, progress.bytes};
  }
  std::size_t all = size_;
  clear();
  return {progress.state, progress.state == io::IoState::kDone ? all : 0};
}

void OutQueue::keepFrom(std::size_t taken) {
  size_ -= taken;
  if (pieces_.size() == 1 && !has_lent_) {
    pieces_.front().begin += taken;
    pieces_.front().size -= taken;
    return;
  }
  std::string rest;
  rest.reserve(size_);
  for (const Piece& piece : pieces_) {
    std::string_view bytes = view(piece);
    std::size_t gone = std::min(taken, bytes.size());
    rest.append(bytes.substr(gone));
    taken -= gone;
  }
  copied_ = std::move(rest);
  pieces_.clear();
  pieces_.push_back({.lent = nullptr, .begin = 0, .size = copied_.size()});
  has_lent_ = false;
}

void OutQueue::clear() {
  size_ = 0;
  has_lent_ = false;
  copied_.clear();
  pieces_.clear();
  if (copied_.capacity() > kKeptOctets) {
    std::string().swap(copied_);
  }
  if (pieces_.capacity() > kKeptPieces) {
    std::vector<Piece>().swap(pieces_);
  }
}

}  // namespace gatehouse::http
