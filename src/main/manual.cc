#include "main/manual.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "main/command.h"

namespace heliopost {
namespace {

constexpr std::string_view date = "2026-11-23";  // of the words below; the tables are as new as the program
constexpr std::size_t line_columns = 78;

// Text that roff prints as it is: man-pages(7), groff_char(7).
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '\'')
            out += "\\(aq";
        else if (c == '`')
            out += "\\(ga";
        else if (c == '^')
            out += "\\(ha";
        else if (c == '~')
            out += "\\(ti";
        else
            out += c;
    }
    return out;
}

std::string bold(std::string_view text) {
    return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(std::string_view text) {
    return "\\fI" + escaped(text) + "\\fR";
}

class Page {
public:
    Page(std::string_view name, std::string_view section) {
        out_ = ".\\\" Made by `heliopost man`: do not edit.\n.TH " + to_upper(name) + " " +
               std::string(section) + " " + std::string(date) + " Heliopost\n";
    }

    void heading(std::string_view text) { request(".SH " + std::string(text)); }
    void subheading(std::string_view text) { request(".SS " + std::string(text)); }
    void paragraph() { request(".PP"); }
    void indent() { request(".RS"); }
    void outdent() { request(".RE"); }
    // A term in one line, what it means in the next.
    void item(const std::string& term, const std::string& meaning) {
        request(".TP");
        request(in_lines(term));
        text(meaning);
    }
    // As it is, in a font where columns stay.
    void example(std::string_view lines) {
        request(".nf");
        out_ += escaped(lines);
        request(".fi");
    }
    // Already escaped; wrapped, each sentence on lines of its own.
    void text(std::string_view words) {
        std::string line;
        while (!words.empty()) {
            const auto end = std::min(words.find(' '), words.size());
            const std::string_view word = words.substr(0, end);
            words.remove_prefix(std::min(end + 1, words.size()));
            if (!line.empty() && line.size() + 1 + word.size() > line_columns) flush(line);
            if (!line.empty()) line += ' ';
            line += word;
            if (word.ends_with('.')) flush(line);
        }
        flush(line);
    }
    std::string finish() { return std::move(out_); }

private:
    // A term is one line of input: where it is long, the ends of lines are escaped.
    static std::string in_lines(std::string_view term) {
        std::string out;
        std::size_t columns = 0;
        while (!term.empty()) {
            const auto end = std::min(term.find(" ["), term.size() - 1) + 1;
            if (columns != 0 && columns + end > line_columns) {
                out += "\\\n";
                columns = 0;
            }
            out += term.substr(0, end);
            columns += end;
            term.remove_prefix(end);
        }
        return out;
    }
    void request(const std::string& line) { out_ += line + "\n"; }
    void flush(std::string& line) {
        if (line.empty()) return;
        if (line.front() == '.') out_ += "\\&";  // else roff takes it for a request
        out_ += line + "\n";
        line.clear();
    }
    std::string out_;
};

std::string sentence(std::string text) {
    if (!text.empty() && !text.ends_with('.')) text += '.';
    return text;
}

std::string term_of(const ArgumentReference& argument) {
    std::string out;
    for (const std::string& name : argument.names) out += (out.empty() ? "" : ", ") + bold(name);
    if (!argument.value.empty()) out += (out.empty() ? "" : " ") + italic(argument.value);
    return out;
}

std::string meaning_of(const ArgumentReference& argument) {
    std::string out = sentence(escaped(argument.meaning));
    if (!argument.standard.empty()) out += " Default: " + escaped(argument.standard) + ".";
    if (!argument.environment.empty()) out += " Also given by " + bold(argument.environment) + ".";
    return out;
}

// Every command has it; it is told once.
bool is_help(const ArgumentReference& argument) {
    return std::ranges::find(argument.names, "--help") != argument.names.end();
}

std::string usage_of(const CommandReference& command) {
    std::string out = bold("heliopost " + command.name);
    for (const ArgumentReference& argument : command.arguments) {
        if (is_help(argument)) continue;
        std::string one = argument.names.empty() ? std::string() : bold(argument.names.front());
        if (!argument.value.empty()) one += (one.empty() ? "" : " ") + italic(argument.value);
        if (argument.many) one += " ...";
        out += argument.required ? " " + one : " [" + one + "]";
    }
    return out;
}

void put_command(Page& page, const CommandReference& command) {
    if (!command.commands.empty()) {
        page.subheading(escaped(command.meaning));
        for (const CommandReference& one : command.commands) put_command(page, one);
        return;
    }
    page.item(usage_of(command), sentence(escaped(command.meaning)));
    const auto arguments = std::ranges::count_if(command.arguments, std::not_fn(is_help));
    if (arguments == 0) return;  // an empty block is an error of roff
    page.indent();
    for (const ArgumentReference& argument : command.arguments)
        if (!is_help(argument)) page.item(term_of(argument), meaning_of(argument));
    page.outdent();
}

void put_ends(Page& page) {
    page.heading("EXIT STATUS");
    page.item(std::to_string(exit_good), "Done. " + bold("fsck") + ": the store is clean.");
    page.item(std::to_string(exit_failed), "It failed: one line on standard error says why and what to do.");
    page.item(std::to_string(exit_usage), "The command line is wrong.");
    page.item(
        std::to_string(exit_temporary),
        "The store is in use by another command, or the disk is too full; systemd starts again after it.");
    page.item(std::to_string(exit_configuration),
              "The configuration is wrong, or what it names cannot be used; systemd does not start again "
              "after it.");
    page.heading("SIGNALS");
    page.item("SIGTERM, SIGINT", "The server ends its connections and stops.");
    page.item("SIGHUP", "As " + bold("heliopost reload") + ".");
}

}  // namespace

std::string program_page(const CommandReference& program) {
    Page page("heliopost", "8");
    page.heading("NAME");
    page.text("heliopost \\- mail server: SMTP, submission, LMTP, IMAP and POP3");
    page.heading("SYNOPSIS");
    page.text(bold("heliopost") + " [" + bold("--config") + " " + italic("FILE") + "] [" + bold("--json") +
              "] " + italic("COMMAND") + " [" + italic("ARGUMENT") + " ...]");
    page.heading("DESCRIPTION");
    page.text("One program that receives, stores, serves and sends the mail of your domains. Start with " +
              bold("heliopost demo") + ", or with " + bold("heliopost quickstart") + " " +
              italic("you@example.org") +
              ". The commands that administer speak with the running server; where none runs they work on "
              "the store "
              "themselves.");
    page.heading("OPTIONS");
    for (const ArgumentReference& argument : program.arguments)
        page.item(term_of(argument), meaning_of(argument));
    page.heading("COMMANDS");
    for (const CommandReference& command : program.commands)
        if (command.commands.empty()) put_command(page, command);
    for (const CommandReference& command : program.commands)
        if (!command.commands.empty()) put_command(page, command);
    put_ends(page);
    page.heading("FILES");
    page.item(italic(CommonOptions().config), "The configuration: " + bold("heliopost.toml") + "(5).");
    page.item(italic(ServerSettings().data_directory), "The store.");
    page.item(italic(ServerSettings().admin_socket), "Where the commands reach the server.");
    page.heading("SEE ALSO");
    page.text(bold("heliopost.toml") + "(5), " + bold("systemctl") + "(1)");
    return page.finish();
}

std::string configuration_page(const std::vector<OptionReference>& options) {
    Page page("heliopost.toml", "5");
    page.heading("NAME");
    page.text("heliopost.toml \\- configuration of the heliopost mail server");
    page.heading("DESCRIPTION");
    page.text("A TOML file, read whole when " + bold("heliopost") +
              "(8) starts. An unknown key, a wrong type or a bad value is an error with its line; " +
              bold("heliopost check-config") +
              " looks for them. Domains and accounts are not configuration: they are made by commands.");
    page.paragraph();
    page.text(
        "A duration is a text of a number and s, m, h or d. A size is a number of octets, or a text of a "
        "number "
        "and KiB, MiB, GiB or TiB. An address to listen on is a text: host and port, or only a colon and the "
        "port, then on every address of the machine.");
    page.heading("KEYS");
    std::string_view section;
    for (const OptionReference& option : options) {
        const auto dot = option.key.find('.');
        const std::string_view now = option.key.substr(0, dot);
        if (now != section) page.subheading("[" + escaped(now) + "]");
        section = now;
        std::string meaning = sentence(escaped(option.meaning));
        if (!option.standard.empty()) meaning += " Default: " + escaped(option.standard) + ".";
        page.item(bold(option.key.substr(dot + 1)) + " (" + escaped(option.type) + ")", meaning);
    }
    page.heading("EXAMPLE");
    page.example(
        "[server]\n"
        "host_name = \"mail.example.org\"\n"
        "\n"
        "[tls]\n"
        "certificates = [{ certificate = \"/etc/heliopost/tls/fullchain.pem\", key = "
        "\"/etc/heliopost/tls/privkey.pem\" }]\n"
        "\n"
        "[smtp]\n"
        "listen = [\":25\"]\n"
        "\n"
        "[submission]\n"
        "listen_tls = [\":465\"]\n"
        "\n"
        "[imap]\n"
        "listen_tls = [\":993\"]\n");
    page.heading("SEE ALSO");
    page.text(bold("heliopost") + "(8)");
    return page.finish();
}

}  // namespace heliopost
