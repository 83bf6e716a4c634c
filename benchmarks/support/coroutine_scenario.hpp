// The workloads of coroutines, written once for every library that has them. All but one of them run on one thread.
//
// A contestant is an engine: it runs coroutines, and its channels wait without a thread. `send` and `receive` are
// awaited, and what comes of it is asked whether it is_done, and for its content. For a crowd, an engine can also
// settle (go on until everybody waits), and its channels close. Fibers are no coroutines, they wait like threads: so
// they play the casts of scenario.hpp, and only the crowd is written for them once more.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog.hpp"
#include "measure.hpp"
#include "payload.hpp"
#include "placement.hpp"
#include "scenario.hpp"

namespace bench {

template <class E, class T>
concept coroutine_engine = requires(E& engine, typename E::rendezvous& meeting, typename E::mailbox& box, T message) {
  { E::name } -> std::convertible_to<std::string_view>;
  typename E::routine;  // what a coroutine returns whose first parameter is an E&
  requires std::constructible_from<typename E::rendezvous, E&>;
  requires std::constructible_from<typename E::mailbox, E&, std::size_t>;
  E::send(meeting, std::move(message));
  E::send(box, std::move(message));
  E::receive(meeting);
  E::receive(box);
  engine.run();  // goes on until somebody has said stop
  engine.stop();
};

/// How many of those who play are still at it; the last one stops the engine.
template <class E>
struct ensemble {
  E& engine;
  std::size_t playing;
  bool sound = true;

  void is_over(bool was_sound) {
    sound = sound && was_sound;
    if (--playing == 0) {
      engine.stop();
    }
  }
};

// --- W7 -------------------------------------------------------------------------------------------------------------

template <class T, class E, class Channel>
typename E::routine ask_questions(E&, Channel& there, Channel& back, std::uint64_t count, ensemble<E>& all) {
  bool sound = true;
  for (std::uint64_t sequence = 1; sound && sequence <= count; ++sequence) {
    const T question = stamped<T>(0, sequence);
    sound = E::is_done(co_await E::send(there, T(question)));
    const auto answer = co_await E::receive(back);
    sound = sound && E::is_done(answer) && is_same(E::content(answer), question);
  }
  all.is_over(sound);
}

template <class T, class E, class Channel>
typename E::routine answer_questions(E&, Channel& there, Channel& back, std::uint64_t count, ensemble<E>& all) {
  ledger questions;
  bool sound = true;
  for (std::uint64_t left = count; sound && left > 0; --left) {
    const auto question = co_await E::receive(there);
    sound = E::is_done(question);
    if (sound) {
      questions.enter(E::content(question));
      sound = E::is_done(co_await E::send(back, T(E::content(question))));
    }
  }
  all.is_over(sound && questions.sound());
}

/// Questions one way, the same message back the other.
template <class T, class E, class Channel, class... A>
std::vector<role> coroutine_round_trips(std::uint64_t messages, const A&... arguments) {
  return {[=] {
    E engine;
    Channel there(engine, arguments...);
    Channel back(engine, arguments...);
    ensemble<E> all{engine, 2};
    engine.start(ask_questions<T>(engine, there, back, messages, all));
    engine.start(answer_questions<T>(engine, there, back, messages, all));
    engine.run();
    return all.sound && all.playing == 0;
  }};
}

/// The same between two engines, each on a thread of its own.
template <class T, class E, class Channel>
std::vector<role> round_trips_between_loops(std::uint64_t messages) {
  struct line {
    set_apart<Channel> there, back;
  };
  const auto shared = std::make_shared<line>();
  const auto play = [=](auto part) {
    return [=] {
      E engine;
      ensemble<E> all{engine, 1};
      engine.start(part(engine, shared->there.channel, shared->back.channel, messages, all));
      engine.run();
      return all.sound && all.playing == 0;
    };
  };
  return {role(play(ask_questions<T, E, Channel>)), role(play(answer_questions<T, E, Channel>))};
}

template <class T, class E, class Channel>
typename E::routine send_stream(E&, Channel& link, std::size_t sender, std::uint64_t count, ensemble<E>& all) {
  bool sound = true;
  for (std::uint64_t sequence = 1; sound && sequence <= count; ++sequence) {
    sound = E::is_done(co_await E::send(link, stamped<T>(sender, sequence)));
  }
  all.is_over(sound);
}

template <class T, class E, class Channel>
typename E::routine receive_stream(E&, Channel& link, std::uint64_t count, ensemble<E>& all) {
  ledger arrivals;
  bool sound = true;
  for (std::uint64_t left = count; sound && left > 0; --left) {
    const auto letter = co_await E::receive(link);
    sound = E::is_done(letter);
    if (sound) {
      arrivals.enter(E::content(letter));
    }
  }
  all.is_over(sound && arrivals.sound() && arrivals.sum() == sum_of(0, count));
}

/// One way, from one coroutine to another.
template <class T, class E, class Channel, class... A>
std::vector<role> coroutine_stream(std::uint64_t messages, const A&... arguments) {
  return {[=] {
    E engine;
    Channel link(engine, arguments...);
    ensemble<E> all{engine, 2};
    engine.start(receive_stream<T>(engine, link, messages, all));
    engine.start(send_stream<T>(engine, link, 0, messages, all));
    engine.run();
    return all.sound && all.playing == 0;
  }};
}

// --- W8 -------------------------------------------------------------------------------------------------------------

/// Waits for the first of several channels. What comes of it may be more than one message, if the library takes
/// them all; `each_of` calls a function with each of them, and says how many there were.
template <class S, class Channel>
concept coroutine_selection = requires(S& any) {
  { S::name } -> std::convertible_to<std::string_view>;
  requires std::constructible_from<S, std::array<Channel, ways>&>;
  any.wait_for_one();
};

template <class T, class E, class Select>
typename E::routine select_stream(E&, Select& any, std::uint64_t count, ensemble<E>& all) {
  ledger arrivals;
  bool sound = true;
  for (std::uint64_t left = count; sound && left > 0;) {
    const auto arrived = co_await any.wait_for_one();
    const std::size_t how_many = any.each_of(arrived, [&](const T& message) { arrivals.enter(message); });
    sound = how_many > 0 && how_many <= left;
    left -= how_many;
  }
  all.is_over(sound && arrivals.sound() && arrivals.sum() == sum_of_all(ways, count));
}

/// From one coroutine over each of the links to one that takes what comes first.
template <class T, class E, class Channel, coroutine_selection<Channel> Select, class... A>
std::vector<role> coroutine_select(std::uint64_t messages, const A&... arguments) {
  return {[=] {
    E engine;
    const auto link = [&] { return Channel(engine, arguments...); };
    std::array<Channel, ways> links{link(), link(), link(), link()};
    Select any(links);
    ensemble<E> all{engine, ways + 1};
    engine.start(select_stream<T>(engine, any, messages, all));
    for (std::size_t way = 0; way < ways; ++way) {
      engine.start(send_stream<T>(engine, links[way], way, share(messages, ways, way), all));
    }
    engine.run();
    return all.sound && all.playing == 0;
  }};
}

template <class T, coroutine_engine<T> E>
void add_coroutine_exchanges() {
  const auto add_one = [](const std::string& workload, auto make_cast) {
    add({workload, std::string(E::name), sizeof(T), placement::one_core, make_cast});
  };
  using meeting = typename E::rendezvous;
  using box = typename E::mailbox;
  static constexpr std::size_t room = 64;
  add_one("W7/coroutine_round_trip", [](std::uint64_t n) { return coroutine_round_trips<T, E, meeting>(n); });
  add_one("W7/coroutine_stream_cap0", [](std::uint64_t n) { return coroutine_stream<T, E, meeting>(n); });
  add_one("W7/coroutine_stream_cap64", [](std::uint64_t n) { return coroutine_stream<T, E, box>(n, room); });
}

template <class T, coroutine_engine<T> E, template <class, class> class Select>
void add_coroutine_select() {
  using meeting = typename E::rendezvous;
  using box = typename E::mailbox;
  const auto add_one = [](const std::string& workload, std::string_view contestant, auto make_cast) {
    add({workload, std::string(contestant), sizeof(T), placement::one_core, make_cast});
  };
  add_one("W8/coroutine_select_4_cap0", Select<T, meeting>::name,
          [](std::uint64_t n) { return coroutine_select<T, E, meeting, Select<T, meeting>>(n); });
  add_one("W8/coroutine_select_4_cap64", Select<T, box>::name,
          [](std::uint64_t n) { return coroutine_select<T, E, box, Select<T, box>>(n, std::size_t{64}); });
}

// --- W9 -------------------------------------------------------------------------------------------------------------

/// Many coroutines wait for a message on one rendezvous; one sends, and each that has got a message waits again.
template <class T, class E>
class coroutine_crowd {
 public:
  void gather(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      engine_.start(wait(engine_, *this));
    }
    engine_.settle();
    wake(size);  // each has waited twice when we begin, so that allocators are in their stride
  }
  bool wake(std::uint64_t messages) {
    left_ = messages;
    sum_ = 0;
    engine_.start(send(engine_, *this, messages));
    engine_.run();
    return sound_ && left_ == 0 && sum_ == sum_of(0, messages);
  }
  void disperse() {
    E::close(meeting_);
    engine_.settle();
  }

 private:
  static typename E::routine wait(E&, coroutine_crowd& crowd) {
    for (;;) {
      const auto letter = co_await E::receive(crowd.meeting_);
      if (!E::is_done(letter)) {
        break;
      }
      crowd.enter(E::content(letter));
    }
  }
  static typename E::routine send(E&, coroutine_crowd& crowd, std::uint64_t messages) {
    for (std::uint64_t sequence = 1; sequence <= messages; ++sequence) {
      crowd.sound_ = E::is_done(co_await E::send(crowd.meeting_, stamped<T>(0, sequence))) && crowd.sound_;
    }
  }
  void enter(const T& message) {
    sound_ = sound_ && message.words.front() == message.words.back();
    sum_ += message.words.front();  // no ledger: among so many, who comes second may be quicker
    if (--left_ == 0) {
      engine_.stop();
    }
  }

  E engine_;
  typename E::rendezvous meeting_{engine_};
  std::uint64_t left_ = 0;
  std::uint64_t sum_ = 0;
  bool sound_ = true;
};

/// What each costs: the memory while it waits, and the time to wake it.
template <class Crowd>
std::vector<role> wake_crowd(std::uint64_t messages, std::size_t size) {
  const auto crowd = std::make_shared<Crowd>();
  role only([=] { return crowd->wake(messages); });
  only.prepare = [=] { crowd->gather(size); };
  only.clear_up = [=] { crowd->disperse(); };
  return {only};
}

/// With `size` written as it is to be read, for instance "100k".
template <class T, class Crowd>
void add_crowd(std::string_view contestant, std::size_t size, const std::string& size_in_words) {
  add({"W9/waiting_" + size_in_words, std::string(contestant), sizeof(T), placement::one_core,
       [=](std::uint64_t messages) { return wake_crowd<Crowd>(messages, size); }, size});
}

}  // namespace bench
