// Something done in a process of its own: what it has learned, or left behind, goes with that process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <concepts>
#include <optional>
#include <type_traits>

namespace bench {

/// What `work` returns when a child process has run it, which then ends in the middle of everything: threads that still
/// wait end with it. Nothing if it has died, or has not come to an end after `limit` seconds.
template <std::invocable Work, class Answer = std::invoke_result_t<Work>>
  requires std::is_trivially_copyable_v<Answer>
std::optional<Answer> apart(unsigned limit, Work work) {
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(limit);
    const Answer answer = work();
    ::_exit(::write(ends[1], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer) ? 0 : 1);
  }
  ::close(ends[1]);
  Answer answer;
  const bool whole = child > 0 && ::read(ends[0], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer);
  ::close(ends[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return whole ? std::optional<Answer>(answer) : std::nullopt;
}

}  // namespace bench
