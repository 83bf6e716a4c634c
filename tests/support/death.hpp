// death: runs a piece of code in a child process, and tells how the child ended and what it said on stderr.
//
// Misuse is a precondition failure: `tandem: <sentence>` on stderr, then abort. Fork only from a test in which no other
// thread runs.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace support {

struct death {
  bool aborted = false;  // by SIGABRT, and nothing else
  std::string said;      // everything on stderr
  int signal = 0;        // that it died of; 0: it did not
  int status = 0;        // with which it exited, if it did

  bool saying(const std::string& words) const { return aborted && said.find(words) != std::string::npos; }
  // The shape of every precondition failure: one line, `tandem: ` and a sentence.
  bool in_one_sentence() const {
    const std::size_t start = said.find("tandem: ");
    return aborted && start != std::string::npos && said.find("tandem: ", start + 1) == std::string::npos;
  }
};

template <class Misuse>
death death_of(Misuse misuse) {
  int ends[2];
  if (::pipe(ends) != 0) return {false, "no pipe", 0, 0};
  const pid_t child = ::fork();
  if (child < 0) return {false, "no fork", 0, 0};
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGABRT, SIG_DFL);
    ::alarm(60);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    misuse();
    ::_exit(0);
  }
  ::close(ends[1]);
  death end;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    end.said.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int how = 0;
  ::waitpid(child, &how, 0);
  end.signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
  end.aborted = end.signal == SIGABRT;
  end.status = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
  return end;
}

}  // namespace support
