// An intrusive doubly linked list: the node lives in the object, so linking allocates nothing and
// an object that dies leaves its list by itself. One thread.
#pragma once

#include <cstddef>

namespace gatehouse::io {

/// Base of whatever can stand in a List. Destroying a linked node unlinks it.
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }

  void unlink() {
    if (next_ == nullptr) {
      return;
    }
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <typename T>
  friend class List;

  ListNode* prev_ = nullptr;
  ListNode* next_ = nullptr;
};

/// T has exactly one ListNode base. The list owns nothing; a list that dies unlinks what it holds.
template <typename T>
class List {
 public:
  List() { reset(); }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (popFront() != nullptr) {
    }
    head_.prev_ = nullptr;
    head_.next_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }

  /// The node must not be linked anywhere.
  void pushBack(T& item) {
    ListNode& node = item;
    node.prev_ = head_.prev_;
    node.next_ = &head_;
    head_.prev_->next_ = &node;
    head_.prev_ = &node;
  }

  /// Unlinks and returns the first item, or null.
  T* popFront() {
    if (empty()) {
      return nullptr;
    }
    ListNode* node = head_.next_;
    node->unlink();
    return static_cast<T*>(node);
  }

  /// Moves everything of `other` to the end of this list.
  void takeAll(List& other) {
    if (other.empty()) {
      return;
    }
    ListNode* first = other.head_.next_;
    ListNode* last = other.head_.prev_;
    other.reset();
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
  }

 private:
  void reset() {
    head_.prev_ = &head_;
    head_.next_ = &head_;
  }

  ListNode head_;
};

}  // namespace gatehouse::io
