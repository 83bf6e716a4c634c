// expect: a plain sentence
// rejected: does not compile
static_assert(sizeof(int) == 0, "a plain sentence");
int main() {}
