// expect: a plain sentence; with [brackets]
#ifndef TANDEM_CONTROL
static_assert(sizeof(int) == 0, "a plain sentence; with [brackets]");
#endif
int main() {}
