// tandem/blend/selector.hpp: a select that is made once and used often, of any number of arms.
//
// Contract   A selector has arms as a select has (select.hpp), added one by one: add(arm) returns its number, from 0.
//            select() waits until one of them fires, calls its function, and returns its number; co_select() is
//            awaited; try_select() does not wait, and says nothing if none was ready and there is no otherwise.
//              selector inboxes;
//              for (auto& m : mailboxes) inboxes.add(receive_from(m, read));
//              for (;;) inboxes.select();
//            Between two selects it stays in line at its channels, but cannot be met: whoever comes by drops its place
//            there, and it looks there the next time. So a select costs what has changed since the last one, not what
//            there is to wait for. Only to say that nothing is ready, it has to look at all.
//            switch_on(number, false) leaves an arm out from now on: that of a channel that is closed, for one.
//            An arm's variables, channels and tickers outlive the selector, where they were when it was added: in
//            their lines it stands even when it is idle.
//              Choice      as in select(): each that is ready has the same chance, or, selector(in_order), the first.
//                          A message for which somebody else has been woken is not ready, until it is told otherwise.
//              Threads     used by one at a time. It may be handed from one to another between two selects. With an arm
//                          at a channel of one thread (confinement.hpp) it belongs to that thread, up to its end.
//              Exceptions  add: std::bad_alloc. Otherwise what an arm's function throws; the selector can be used on.
//              Allocation  add: one for the arm, and room for its pointer. select: none.
//              Misuse      as in select(), except try_select(), which does not wait; a number that was never given;
//                          destroying it, or adding to it, while it waits. An arm's function may add.
// Algorithm  detail/selection.hpp
// Cost       a select that finds something looks at eight arms for nothing at most. One that waits: a lock for the arm
//            that fired last and for each that was dropped since, and two read-modify-writes; no lock and none of these
//            if all its channels are of one thread, its own.
// Tests      tests/selector.test.cpp, tests/model/select.model.cpp
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tandem/blend/select.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/selection.hpp>

namespace tandem::inline TANDEM_ABI {

/// What selector::co_select returns; co_await gives the number of the arm that fired.
class [[nodiscard("nothing is selected before it is awaited")]] selector_awaitable {
 public:
  explicit selector_awaitable(detail::selection& all) noexcept : selection_(&all) {}
  ~selector_awaitable() {
    if (selection_ != nullptr) selection_->abandon();
  }
  selector_awaitable(const selector_awaitable&) = delete;
  selector_awaitable& operator=(const selector_awaitable&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    return selection_->start(waiting);
  }
  std::size_t await_resume() {
    detail::selection& all = *std::exchange(selection_, nullptr);  // which may be gone when the arm's function returns
    const std::size_t number = all.fired();
    all.finish();
    return number;
  }

 private:
  detail::selection* selection_;
};

/// Many arms, waited for again and again.
class selector {
 public:
  selector() noexcept = default;
  /// Of several arms that are ready the first is taken.
  explicit selector(in_order_t) noexcept : choice_(detail::choice::in_order) {}
  selector(const selector&) = delete;
  selector& operator=(const selector&) = delete;
  ~selector() = default;

  /// One arm more; its number.
  template <select_arm Arm>
  std::size_t add(Arm one) {
    selection_.reset();  // its places leave their lines, and join again with the new one
    make_room(arms_);
    make_room(kept_);
    auto kept = std::make_shared<Arm>(std::move(one));
    arms_.push_back(kept.get());
    kept_.push_back(std::move(kept));
    return arms_.size() - 1;
  }

  /// How many arms there are.
  [[nodiscard]] std::size_t size() const noexcept { return arms_.size(); }

  /// Leaves an arm out, or takes it in again. Precondition: there is such a number.
  void switch_on(std::size_t number, bool whether, detail::call_site from = detail::call_site::here()) {
    detail::demand(number < arms_.size(), "a selector has no arm of that number", from);
    if (selection_) {
      selection_->switch_on(*arms_[number].of_number, whether);
    } else {
      arms_[number].of_number->switch_on(whether);
    }
  }

  /// Waits until one arm fires; its number.
  std::size_t select() {
    detail::selection& all = ready();
    const std::size_t number = all.run();
    all.finish();
    return number;
  }

  /// The same, if one is ready.
  std::optional<std::size_t> try_select() {
    detail::selection& all = ready();
    if (!all.try_run()) return std::nullopt;
    const std::size_t number = all.fired();
    all.finish();
    return number;
  }

  /// To be awaited by a coroutine; co_await gives the number.
  auto co_select() { return selector_awaitable(ready()); }

 private:
  /// For one more, so that it is there when the arm is.
  template <class T>
  static void make_room(std::vector<T>& row) {
    if (row.size() == row.capacity()) row.reserve(2 * row.size() + 1);
  }
  detail::selection& ready() {
    if (!selection_) {
      selection_.emplace(arms_, choice_);
      selection_->stays();
    }
    return *selection_;
  }

  std::vector<std::shared_ptr<detail::arm>> kept_;  // shared, since that knows how to destroy what it was made of
  std::vector<detail::numbered_arm> arms_;
  std::optional<detail::selection> selection_;
  detail::choice choice_ = detail::choice::random;
};

}  // namespace tandem::inline TANDEM_ABI
