// rejected: the first line of
#ifndef TANDEM_CONTROL
static_assert(sizeof(int) == 0, "a plain sentence");
#endif
int main() {}
