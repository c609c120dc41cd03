"""Markdown to HTML as the site has it: headings with anchors, highlighted code, tabs, links between
pages, names of the API linked.

CommonMark with tables, by markdown-it-py; colours by Pygments. Where a link leads is told by the
caller (`resolve`), as is which words are names of the API (`names`). Knows nothing of files.

Tabs: fenced blocks each after a line **C**, **Go**, **Node**, **Python** or **Rust**, next to each
other, become one block with tabs. What else stands in that line is shown in the tab.
"""

import html
import re

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LANGUAGES = ("C", "Go", "Node", "Python", "Rust")
FORMATTER = HtmlFormatter(nowrap=True)
NOT_CODE = {"", "text", "txt", "none"}


def highlighted(code, language):
    """A code block; text of no language stays as it is."""
    language = re.split(r"[\s,{]", language.strip(), maxsplit=1)[0].lower()
    name = html.escape(language or "text")
    try:
        body = (
            html.escape(code)
            if language in NOT_CODE
            else highlight(code, get_lexer_by_name(language), FORMATTER)
        )
    except ClassNotFound:
        body = html.escape(code)
    return f'<pre class="code" data-language="{name}" tabindex="0"><code>{body}</code></pre>\n'


def slug(text, used):
    """An anchor as GitHub makes it; a second one of that name gets a number."""
    base = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    name, count = base, 0
    while name in used:
        count += 1
        name = f"{base}-{count}"
    used.add(name)
    return name


def text_of(inline):
    """The words of a line, markup left out."""
    kinds = {"text": "", "code_inline": "", "softbreak": " ", "hardbreak": " ", "html_inline": " "}
    shown = [child for child in inline.children or [] if child.type in kinds]
    return "".join(kinds[child.type] or child.content for child in shown).strip()


class Page:
    """A page's HTML, its title, and its sections: depth, anchor, title, words."""

    def __init__(self, source, resolve, names):
        self.resolve, self.names = resolve, names
        self.sections, self.used = [], set()
        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        parser.options["highlight"] = None
        tokens = parser.parse(source)
        self.mark_headings(tokens)
        self.mark_links(tokens)
        parser.renderer.rules["fence"] = lambda tokens, at, *_: highlighted(
            tokens[at].content, tokens[at].info
        )
        parser.renderer.rules["code_block"] = lambda tokens, at, *_: highlighted(
            tokens[at].content, ""
        )
        parser.renderer.rules["table_open"] = lambda *_: '<div class="table"><table>\n'
        parser.renderer.rules["table_close"] = lambda *_: "</table></div>\n"
        self.html = parser.renderer.render(self.tabbed(tokens, parser), parser.options, {})
        self.html = re.sub(r"<thead>\s*<tr>\s*(<th[^>]*></th>\s*)+</tr>\s*</thead>", "", self.html)
        self.title = self.sections[0][2] if self.sections else "librq"

    def mark_headings(self, tokens):
        """Gives headings their anchors, and collects the words below each."""
        words = []
        for at, token in enumerate(tokens):
            if token.type == "heading_open":
                title = text_of(tokens[at + 1])
                anchor = slug(title, self.used)
                token.attrSet("id", anchor)
                words = []
                self.sections.append((int(token.tag[1]), anchor, title, words))
            elif token.type == "inline" and tokens[at - 1].type != "heading_open":
                words.append(text_of(token))
            elif token.type == "fence":
                words.append(token.content)

    def mark_links(self, tokens):
        for token in tokens:
            if token.type == "inline":
                token.children = list(self.linked(token.children or []))

    def linked(self, children):
        """Sends links to their pages, and makes links of names of the API."""
        inside = False
        for child in children:
            if child.type == "link_open":
                inside = True
                child.attrSet("href", self.resolve(child.attrGet("href")))
            elif child.type == "image":
                child.attrSet("src", self.resolve(child.attrGet("src")))
            elif child.type == "link_close":
                inside = False
            name = re.sub(r"\(.*\)$|^&", "", child.content) if child.type == "code_inline" else ""
            if not inside and name in self.names:
                child.type = "html_inline"
                shown = html.escape(child.content)
                child.content = (
                    f'<a href="{self.resolve(self.names[name])}"><code>{shown}</code></a>'
                )
            yield child

    def label(self, tokens, at):
        """The language that a paragraph names before a fence, or None."""
        if (
            at + 3 >= len(tokens)
            or tokens[at].type != "paragraph_open"
            or tokens[at + 3].type != "fence"
        ):
            return None
        children = [
            child
            for child in tokens[at + 1].children
            if child.content or child.type == "strong_open"
        ]
        if (
            len(children) < 2
            or children[0].type != "strong_open"
            or children[1].content not in LANGUAGES
        ):
            return None
        return children[1].content

    def tabbed(self, tokens, parser):
        """Wraps runs of labelled blocks."""
        made, at = [], 0
        while at < len(tokens):
            run, end = [], at
            while name := self.label(tokens, end):
                run.append((name, tokens[end : end + 4]))
                end += 4
            if len(run) < 2:
                made.append(tokens[at])
                at += 1
                continue
            made.append(self.raw('<div class="tabs">\n'))
            for name, block in run:
                if text_of(block[1]).strip(" :") == name:
                    block[0].attrSet("class", "label")
                made += [
                    self.raw(f'<section data-tab="{name}">\n'),
                    *block,
                    self.raw("</section>\n"),
                ]
            made.append(self.raw("</div>\n"))
            at = end
        return made

    @staticmethod
    def raw(text):
        return Token("html_block", "", 0, content=text)


def colours():
    """The style sheet of highlighted code, for light and for dark."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    keep = [line for line in light.split("\n") if line.startswith(".code .")]
    night = [line for line in dark.split("\n") if line.startswith(".code .")]
    return (
        "\n".join(keep) + "\n@media (prefers-color-scheme: dark) {\n" + "\n".join(night) + "\n}\n"
    )
