// expect: a plain sentence
// rejected: compiles, though it must not
int main() {}
