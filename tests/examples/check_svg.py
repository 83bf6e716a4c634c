"""A picture that an example draws: well-formed, whole in itself, and readable without eyes.

usage: check_svg.py PROGRAM [ARGUMENT ...]    (PROGRAM draws into the file that --picture names)
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"
PLACES = ("x", "y", "width", "height", "viewBox", "d")


def faults(drawn: bytes) -> list[str]:
    """What is wrong with it, in words; nothing, if all is well."""
    text = drawn.decode("utf-8")
    root = xml.fromstring(text)  # a ParseError, if it is not well-formed
    found = []
    if root.tag != SVG + "svg" or root.get("role") != "img":
        found.append("the root is no svg with role=img")
    named = (root.get("aria-labelledby") or "").split()
    told = [e.get("id") for e in root if e.tag in (SVG + "title", SVG + "desc") and (e.text or "").strip()]
    if len(told) != 2 or named != told:
        found.append(f"it is labelled by {named}, and its title and description are {told}")
    if text.count("http") != 1:
        found.append("it names an address other than that of SVG")
    if re.search(r"\bvar\(|@import|@font-face|url\((?!#)", text):
        found.append("its style needs something from outside")
    if "prefers-color-scheme:dark" not in text:
        found.append("it has no dark colours")
    if b"\r" in drawn or not drawn.endswith(b"</svg>\n"):
        found.append("its lines do not end as lines do")
    for element in root.iter():
        if element.tag in (SVG + "script", SVG + "foreignObject", SVG + "image"):
            found.append(f"it has a {element.tag.removeprefix(SVG)}")
        for name, value in element.attrib.items():
            if name == "style" or name.endswith("href") or name.startswith("on"):
                found.append(f"an attribute {name}")
            if name in PLACES and "." in value:
                found.append(f"{name}={value} is no whole number")
    return found


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "picture.svg")
        subprocess.run([*command, "--picture", str(file)], check=True, stdout=subprocess.DEVNULL)
        found = faults(file.read_bytes())
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
