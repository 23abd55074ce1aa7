"""Writes llms.txt: what this project is, and each page with what it is about, for tools that read documentation."""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
SECTION = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)[^)]*\)")
SENTENCE = re.compile(r"(.+?[.])(?:\s|$)")
GENERATED = re.compile(r"Written by .+?\.(?: |$)")  # how a page is made is not what it is about
MOST = 220  # characters of what a page is about


def llms_text(project: Path = PROJECT) -> str:
    """The lists of the readme, each page with its own title and first sentence."""
    readme = (project / "README.md").read_text("utf-8")
    start = readme.index("## Documentation")
    lines = [f"# {title_of(readme)}", "", f"> {about(readme)}", ""]
    for place, section in enumerate(pieces := SECTION.split(readme[start:])):
        if place % 2 == 0:
            continue
        lines += [f"## {section}", ""]
        for _, target in LINK.findall(pieces[place + 1].partition("\n## ")[0]):
            if target.endswith(".md"):
                text = (project / target).read_text("utf-8")
                lines.append(f"- [{title_of(text)}]({target}): {about(text)}")
        lines.append("")
    return "\n".join(lines)


def title_of(page: str) -> str:
    return page.partition("\n")[0].removeprefix("# ").strip()


def about(page: str) -> str:
    """The first sentence of a page, as plain text."""
    body = "\n".join(line for line in page.split("\n")[1:] if not line.startswith(("#", "!", "|", "-", "```")))
    paragraph = " ".join(body.strip().partition("\n\n")[0].split())
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", paragraph).replace("*", "").replace("`", "")
    plain = GENERATED.sub("", plain, count=1)
    found = SENTENCE.match(plain)
    sentence = (found[1] if found else plain).rstrip(":.")
    return f"{sentence[:MOST].rpartition(' ')[0]} …" if len(sentence) > MOST else f"{sentence}."


if __name__ == "__main__":
    (PROJECT / "llms.txt").write_text(llms_text(), "utf-8")
    sys.exit(0)
