#!/usr/bin/env python3
"""Plants the name of every function of tandem's in a namespace, as a trap.

    traps.py OUTPUT HEADER...

A call that names a function without its namespace also finds those of the namespaces of its arguments, and so of the
messages. OUTPUT is a header to be included in such a namespace, after tandem. It declares each free function of the
HEADERs once more, with the same parameters, and deleted. So a call of tandem's that is not qualified is ambiguous
there, and does not compile.
"""

import re
import sys


def without_comments(text):
    """The same text, with spaces for comments, strings, characters and lines of the preprocessor."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z_])\'(?:\\.|[^\'\\\n])\'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
        re.DOTALL | re.MULTILINE)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def declarations(code):
    """What is declared in namespaces and in nothing else: its text, up to the body or the semicolon."""
    scopes = []  # of each open brace: whether it is that of a namespace
    brackets = 0
    begin = 0
    for at, c in enumerate(code):
        if c in "([":
            brackets += 1
        elif c in ")]":
            brackets -= 1
        elif brackets > 0 or c not in "{};":
            continue
        elif c == ";":
            if all(scopes):
                yield code[begin:at]
            begin = at + 1
        elif c == "{":
            head = code[begin:at]
            is_namespace = re.match(r"\s*(?:inline\s+)?namespace\b[\w:\s]*$", head) is not None
            if all(scopes) and not is_namespace:
                yield head
            scopes.append(is_namespace)
            begin = at + 1
        else:
            scopes.pop()
            begin = at + 1


def split_template(head):
    """(template <...> requires ..., the declaration proper)"""
    at = 0
    while True:
        found = re.compile(r"\s*template\s*<").match(head, at)
        if not found:
            break
        depth, i = 1, found.end()
        while depth > 0:
            depth += {"<": 1, ">": -1}.get(head[i], 0) if head[i - 1:i + 1] not in ("->", ">=", "<=") else 0
            i += 1
        at = i
    required = re.compile(r"\s*requires\b").match(head, at)
    if required:  # a conjunction of what stands in brackets, and of concepts
        primary = re.compile(r"\s*(\(|[\w:]+)")
        at = required.end()
        while True:
            found = primary.match(head, at)
            if not found:  # what begins with a brace: no function of ours is written like that
                return head, ""
            at = found.end()
            if found.group(1) == "(":
                depth = 1
                while depth > 0:
                    depth += {"(": 1, ")": -1}.get(head[at], 0)
                    at += 1
            else:
                argument = re.compile(r"\s*<").match(head, at)
                if argument:
                    depth, at = 1, argument.end()
                    while depth > 0:
                        depth += {"<": 1, ">": -1}.get(head[at], 0)
                        at += 1
            more = re.compile(r"\s*&&").match(head, at)
            if not more:
                break
            at = more.end()
    return head[:at], head[at:]


def trap(head):
    """The same function, deleted; None if this is no declaration of a free function."""
    template, rest = split_template(head)
    rest = re.sub(r"\[\[[^\]]*\]\]", " ", rest)
    if re.match(r"\s*(class|struct|union|enum|concept|using|typedef|namespace|static_assert|extern|friend)\b", rest):
        return None
    found = re.search(r"(?!decltype\b)\b([\w:>]+|operator\s*[^\s\w(]+)\s*\(", rest)
    if not found or "=" in rest[:found.start()]:
        return None
    name, before = found.group(1), rest[:found.start(1)]
    if "::" in name or name.startswith("operator") or not re.search(r"[\w>&*)]\s+$|[>&*]\s*$", before):
        return None
    text = re.sub(r"\s+", " ", template + rest).strip()
    text = re.sub(r"\b(inline|constexpr|static)\s+", "", text)
    text = re.sub(r" = \{\}| = delete$", "", text)  # a function is deleted once
    text = re.sub(r"(?<!:)\b(atomic<|clock\b)", r"platform::\1", text)  # of these there are several
    return text + " = delete;\n"


def main():
    output, headers = sys.argv[1], sys.argv[2:]
    traps = {}  # a dict, for the order
    for header in headers:
        with open(header, encoding="utf-8") as file:
            code = without_comments(file.read())
        traps.update((trap(head), None) for head in declarations(code))
    with open(output, "w", encoding="utf-8") as file:
        file.writelines(text for text in traps if text)


if __name__ == "__main__":
    main()
