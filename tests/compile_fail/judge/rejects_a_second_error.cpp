// expect: a plain sentence
// rejected: expected in the first error
#ifndef TANDEM_CONTROL
static_assert(sizeof(int) == 0, "some other sentence");
static_assert(sizeof(int) == 0, "a plain sentence");
#endif
int main() {}
