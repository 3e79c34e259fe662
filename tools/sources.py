"""What the checks share: which files there are, C++ without its comments, what a file includes."""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"""
    r"""R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|"""
    r"""'(?:\\'|\\[^'\n]{1,10}|[^'\\\n])'""",
    re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def files(root=ROOT):
    """Every file of the tree that git would keep, or every file where git does not know the tree."""
    try:
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode().split("\0")
        found = [path for path in listed if path and os.path.isfile(os.path.join(root, path))]
    except (OSError, subprocess.CalledProcessError):
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(set(found))


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text):
    """The text with comments and the insides of literals blanked; lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m.group()), text)


def without_comments(text):
    """The text with comments blanked and literals kept."""
    return TOKEN.sub(lambda m: _blank(m.group()) if m.group()[0] == "/" else m.group(), text)


def comments_of(text):
    """The text with all but its comments blanked."""
    kept, at = [], 0
    for match in TOKEN.finditer(text):
        kept.append(_blank(text[at:match.start()]))
        kept.append(match.group() if match.group()[0] == "/" else _blank(match.group()))
        at = match.end()
    return "".join(kept) + _blank(text[at:])


def includes_of(text):
    """(line, name, is_quoted) of each #include outside of comments."""
    for match in INCLUDE.finditer(without_comments(text)):
        line = text.count("\n", 0, match.start(1) if match.group(1) else match.start(2)) + 1
        yield line, match.group(1) or match.group(2), match.group(1) is not None


def closure_of(path, root=ROOT, cache=None):
    """The files of the project that path includes, itself first: what its meaning depends on."""
    cache = {} if cache is None else cache
    seen, wait = [], [path]
    while wait:
        current = wait.pop()
        if current in seen:
            continue
        seen.append(current)
        if current not in cache:
            names = [name for _, name, quoted in includes_of(read(os.path.join(root, current))) if quoted]
            cache[current] = [found for found in (_resolve(name, current, root) for name in names) if found]
        wait += cache[current]
    return [path] + sorted(seen[1:])


def _resolve(name, includer, root):
    proto = "src/" + re.sub(r"\.pb\.h$", ".proto", name)
    beside = os.path.join(os.path.dirname(includer), name)
    for path in ("src/" + name, proto, beside, name):
        if os.path.isfile(os.path.join(root, path)):
            return os.path.normpath(path)
    return None


def _git(*args):
    done = subprocess.run(["git", "-C", ROOT, *args], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: git {' '.join(args)}: {done.stderr.strip()}")
    return {name for name in done.stdout.split("\n") if name}


def changed_since(commit):
    """The files that differ from the commit, the removed and the untracked ones too."""
    return _git("diff", "--name-only", "--no-renames", commit, "--") | _git("ls-files", "-o", "--exclude-standard")
