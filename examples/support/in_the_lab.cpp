// Runs an example in the lab: its main() is called program_main() there, its threads take turns, and its clock jumps
// whenever all of them wait. So what it prints depends on nothing, and takes no time.
#include <cstdio>
#include <cstdlib>

#include <tandem/lab/lab.hpp>

int program_main(int argc, char** argv);

int main(int argc, char** argv) {
  int outcome = EXIT_FAILURE;
  const auto report = tandem::lab::run([&] { outcome = program_main(argc, argv); });
  if (!report) std::fprintf(stderr, "%s\n", report.text.c_str());
  return report ? outcome : EXIT_FAILURE;
}
