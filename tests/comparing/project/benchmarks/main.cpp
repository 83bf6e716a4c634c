// Prints what Google Benchmark would, without measuring anything: the times come from the library, with 1 % of noise.
// It is built many times, so it includes little.

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tandem/speed.hpp>

struct row {
  const char* name;
  double nanoseconds;
  const char* failure;
  unsigned seconds_asleep = 0;
};

constexpr double noisy = -1;  // takes 100, 200 or 400, which depends on the last letter of the program's name

// Fails as often as there are bytes in the file $MOODS.
constexpr const char* moody = "a bad mood";

bool is_in_a_bad_mood() {
  const char* file = std::getenv("MOODS");
  struct stat status = {};
  return file != nullptr && stat(file, &status) == 0 && status.st_size > 0 && truncate(file, status.st_size - 1) == 0;
}

constexpr row rows[] = {
    {"W1/steady/tandem/8B/one_core", nanoseconds_of_steady, ""},
    {"W1/other/tandem/8B/one_core", nanoseconds_of_other, ""},
    {"W1/other/rival/8B/one_core", 300, ""},
    {"W1/frail/tandem/8B/one_core", 50, failure_of_frail},
    {"W1/asleep/tandem/8B/one_core", 50, "", 60},
    {"W1/moody/tandem/8B/one_core", 50, moody},
    {"W1/absent/tandem/8B/two_cores", 50, "skipped: this process may use one core only"},
    {"W1/absent/tandem/64B/two_cores", 50, "skipped: this process may use one core only"},
    {"W1/noisy/tandem/8B/one_core", noisy, ""},
};

double nanoseconds_of(const row& which, const char* program) {
  return which.nanoseconds == noisy ? 100 << (program[std::strlen(program) - 1] - 'a') : which.nanoseconds;
}

void print(const row& which, const char* program) {
  unsigned dice = 0;
  if (getentropy(&dice, sizeof dice) != 0) std::abort();
  const double noise = 0.99 + 0.02 * (dice / 4294967296.0);
  std::printf("{\"context\": {}, \"benchmarks\": [{\"name\": \"%s/manual_time\", \"time_unit\": \"ns\", ", which.name);
  if (*which.failure != '\0' && (which.failure != moody || is_in_a_bad_mood())) {
    std::printf("\"error_occurred\": true, \"error_message\": \"%s\"}]}\n", which.failure);
  } else {
    const double time = nanoseconds_of(which, program) * noise;
    std::printf("\"iterations\": 10, \"real_time\": %f, \"cpu_ns\": %f}]}\n", time, time * 1.5);
  }
}

int main(int count, char** arguments) {
  char wanted[200] = "";
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--benchmark_list_tests=true") == 0) {
      for (const row& each : rows) std::puts(each.name);
      for (int number = 0; number < 8000; ++number) std::printf("W2/many_%d/tandem/8B/one_core\n", number);
      return 0;
    }
    std::sscanf(arguments[i], "--benchmark_filter=^%199[^$]", wanted);
  }
  for (const row& each : rows) {
    if (std::strcmp(each.name, wanted) != 0) continue;
    sleep(each.seconds_asleep);
    print(each, arguments[0]);
    return 0;
  }
  return 1;
}
