"""Makes the C reference from include/rq.h as Markdown pages: an introduction, one page for each
handle, callbacks, constants.

What a comment says is header.py's to read; how Markdown becomes a page is build.py's. A function
that fits no page fails the build.
"""

import re

import header

# Page, title, and which functions it holds, by the name after `rq_`. The first that fits takes it.
PAGES = [
    ("sessions", "Sessions", r"session_(new|free|opts|close_idle|cookies)$"),
    ("adapters", "Adapters", r"session_(mount|unmount)|reply_"),
    ("settings", "Settings", r"opts_"),
    ("requests", "Requests", r"request_|part_"),
    ("prepared", "Prepared requests", r"prepare$|prepared_"),
    ("sending", "Sending and cancelling", r"send|perform|get$|post_json$|download$|pending_|cancel_"),
    ("responses", "Responses", r"response_|certificate_"),
    ("bodies", "Bodies of responses", r"body_"),
    ("cookies", "Cookies", r"cookies_|cookie_list_"),
    ("failures", "Errors and versions", r"error_|code_|reason_|version"),
]
# The settings are many: these are their subjects, in this order.
SUBJECTS = [
    ("Handles", r"new$|free$"),
    ("Headers, parameters, cookies", r"header|param|path_|cookie|jar|sensitive"),
    ("Credentials", r"auth_"),
    ("Timeouts and connections", r"timeout|deadline|pool|idle|resolve|source|unix"),
    ("TLS", r"verify|ca_|cert|server_name|tls|pin$"),
    ("Proxies and the environment", r"proxy|no_proxy|trust_env|env$"),
    ("Redirects and retries", r"follow|redirects|retr"),
    ("Bodies", r"decode|body_max|expect"),
    ("Hooks", r"on_|hooks"),
]


def plain(text):
    """Prose of a comment as Markdown: names of the API become code, nothing else is markup."""

    def one(match):
        if match[1]:
            return match[1]
        return f"`{match[2]}`" if match[2] else "\\" + match[3]

    return re.sub(r"(`[^`]+`)|\b(rq_\w*[a-z0-9]|RQ_\w*[A-Z0-9])\b|([*_<>\[\]#|])", one, text)


def entry(item, depth="##"):
    """One declaration."""
    lines = [f"{depth} {item.name}", ""]
    if item.kind != "enum":
        lines += ["```c", item.declaration, "```", ""]
    lines += [plain(part) + "\n" for part in item.prose]
    for label in ("Errors", "Ownership", "Threads", "Since"):
        if label in item.notes:
            lines.append(f"- **{label}:** {plain(item.notes[label])}")
    if item.values:
        lines += ["| | | |", "| --- | --: | --- |"]
        lines += [
            f"| `{name}` | {number} | {plain(meaning)} |" for name, number, meaning in item.values
        ]
    return "\n".join(lines) + "\n"


def contents(found):
    lines = ["| | |", "| --- | --- |"]
    return (
        "\n".join(lines + [f"| `{item.name}` | {plain(item.summary)} |" for item in found]) + "\n"
    )


def by_subject(found):
    """The settings in order of their subjects: (subject, functions) pairs."""
    left, groups = list(found), []
    for subject, pattern in [*SUBJECTS, ("More", "")]:
        taken = [item for item in left if re.match(pattern, item.name.removeprefix("rq_opts_"))]
        left = [item for item in left if item not in taken]
        if taken:
            groups.append((subject, taken))
    return groups


def handle_page(title, found, handles):
    lines = [f"# {title}", ""]
    named = {re.match(r"rq_[a-z]+?(?=_|$)", item.name)[0] for item in found}
    for handle in handles:
        if handle.name in named or handle.name == "rq_cookie_list" and "rq_cookies" in named:
            lines.append(f"`{handle.name}`: {plain(' '.join(handle.prose))}\n")
    groups = by_subject(found) if title == "Settings" else [("", found)]
    for subject, group in groups:
        lines += [f"**{subject}**\n" if subject else "", contents(group)]
    for _, group in groups:
        lines += map(entry, group)
    return "\n".join(lines)


def introduction(text, made):
    """The first page: the header's own introduction, which is where to begin."""
    lines = [
        "# C reference",
        "",
        "Made from `include/rq.h`, which is installed with the library. The functions are on:",
        "",
    ]
    lines += [
        f"- [{title}](reference/{name}.md)"
        for name, title, _ in PAGES
        if f"docs/reference/{name}.md" in made
    ]
    lines += ["- [Callbacks](reference/callbacks.md)", "- [Constants](reference/constants.md)", ""]
    lines += [
        "Each function has a manual page, which `make install` installs: `man rq_send`; what "
        "follows is `man 3 rq`.",
        "",
    ]
    for title, body in header.introduction(text):
        lines += [f"## {title.capitalize().replace('Tls', 'TLS')}", ""]
        for kind, block in header.blocks(body):
            lines += [plain(block), ""] if kind == "prose" else ["```c", block, "```", ""]
    return "\n".join(lines)


def pages(text):
    """Markdown by the path that it would have: docs/reference.md, docs/reference/sending.md."""
    found = header.items(text)
    handles = [item for item in found if item.kind == "handle"]
    left = [item for item in found if item.kind == "function"]
    made = {}
    for name, title, pattern in PAGES:
        taken = [item for item in left if re.match(pattern, item.name.removeprefix("rq_"))]
        left = [item for item in left if item not in taken]
        if taken:
            made[f"docs/reference/{name}.md"] = handle_page(title, taken, handles)
    if left:
        raise SystemExit(f"reference.py: no page for {[item.name for item in left]}")
    callbacks = [item for item in found if item.kind == "callback"]
    constants = [item for item in found if item.kind == "enum"]
    made["docs/reference/callbacks.md"] = (
        "# Callbacks\n\n" + contents(callbacks) + "\n" + "\n".join(map(entry, callbacks))
    )
    made["docs/reference/constants.md"] = "# Constants\n\n" + "\n".join(map(entry, constants))
    return {"docs/reference.md": introduction(text, made), **made}
