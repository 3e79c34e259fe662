"""The table of docs/benchmarks.md: each budget with what was measured.

Only the part between the two marks is written; the rest of the page, the explanations among it, is by hand.
"""

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# (name of the result, budget as text, its limit, member of the result, unit)
BUDGETS = [
    ("delivery 2 KB, 1 connections", "0.5 ms", 0.5, "cpu_ms", "ms"),
    ("delivery 2 KB, 64 connections", "0.5 ms", 0.5, "cpu_ms", "ms"),
    ("delivery 2 KB, 64 connections, smtp-source", "0.5 ms", 0.5, "cpu_ms", "ms"),
    ("delivery 50 KB, 1 connections", "1.2 ms", 1.2, "cpu_ms", "ms"),
    ("delivery 50 KB, 64 connections", "1.2 ms", 1.2, "cpu_ms", "ms"),
    ("delivery 1 MB, 1 connections", "6 ms", 6, "cpu_ms", "ms"),
    ("delivery 1 MB, 64 connections", "6 ms", 6, "cpu_ms", "ms"),
    ("relay 2 KB, 64 connections", "0.6 ms", 0.6, "cpu_ms", "ms"),
    ("relay 2 KB, smtp-source", "0.6 ms", 0.6, "cpu_ms", "ms"),
    ("login + SELECT, first", "none", None, "cpu_ms", "ms"),
    ("login + SELECT, warm, 1 connections", "0.9 ms", 0.9, "cpu_ms", "ms"),
    ("login + SELECT, warm, 8 connections", "0.9 ms", 0.9, "cpu_ms", "ms"),
    ("APPEND 2 KB, 16 connections", "none", None, "cpu_ms", "ms"),
    ("SELECT, not in memory", "10 ms", 10, "cpu_ms", "ms"),
    ("SELECT, in memory, again", "none", None, "cpu_ms", "ms"),
    ("FETCH FLAGS, again", "20 ms", 20, "cpu_ms", "ms"),
    ("FETCH ENVELOPE, first", "500 ms", 500, "cpu_ms", "ms"),
    ("FETCH ENVELOPE, again", "170 ms", 170, "cpu_ms", "ms"),
    ("STORE all, first", "50 ms", 50, "cpu_ms", "ms"),
    ("STORE all, again", "50 ms", 50, "cpu_ms", "ms"),
    ("SEARCH BODY, no hit, no index, first", "none", None, "cpu_ms", "ms"),
    ("idle connection", "40 KB", 40, "kib", "KB"),
]


def number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def verdict(value, limit):
    if limit is None or value is None:
        return ""
    return "met" if value <= limit else f"{value / limit:.1f} times the budget"


def table(about, results):
    ours = results["Heliopost"]
    peers = [name for name in results if name != "Heliopost"]
    lines = [f"Measured on {about['date']}: {about['cores']} cores, Linux {about['kernel']}; "
             f"load average {about['load']:.1f} at the end. Command: `{about['command'].strip()}`.", ""]
    if about.get("quick"):
        lines += ["A quick run: a mailbox of 5,000 messages and few operations of each kind; the budgets are for more.",
                  ""]
    head = ["work", "budget", "Heliopost", "", "per second"]
    for peer in peers:
        head += [peer, "per second"]
    lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, budget, limit, member, unit in BUDGETS:
        if name not in ours:
            continue
        value = ours[name].get(member)
        row = [name.replace(" 1 connections", " 1 connection"), budget, f"{number(value)} {unit}",
               "" if about.get("quick") else verdict(value, limit), number(ours[name].get("per_second"))]
        for peer in peers:
            theirs = results[peer].get(name, {})
            row += [f"{number(theirs.get(member))} {unit}" if theirs else "-", number(theirs.get("per_second"))]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def write_table(about, results, output):
    text = table(about, results)
    if output is not None:
        page = output.read_text() if output.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        output.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    return text
