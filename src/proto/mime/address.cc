#include "proto/mime/address.h"

#include <algorithm>
#include <utility>

#include "base/cursor.h"
#include "base/text.h"
#include "proto/mime/cfws.h"
#include "proto/mime/encoded_word.h"

namespace heliopost::mime {
namespace {

bool is_atext(char c) {
    return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

// dtext in brackets, without folds: "[192.0.2.1]"
std::string take_domain_literal(Cursor& in) {
    std::string text;
    while (!in.done()) {
        const char c = in.next();
        const char octet = c == '\\' ? in.next() : c;
        if (!is_white(octet) && octet != '\0') text += octet;
        if (c == ']') break;
    }
    return text;
}

// What may be a display name, a local part or a whole addr-spec: words up to one of ",;:<>" or the end.
struct Run {
    std::string phrase;  // the words with one space where white space stood
    std::string packed;  // the same without the white space
    std::string comment;
    size_t at = std::string::npos;  // of the last unquoted "@" in packed
    bool quoted = false;

    bool empty() const { return phrase.empty() && !quoted; }
};

Run take_run(Cursor& in, std::string_view ends) {
    Run run;
    for (;;) {
        const size_t before = in.offset();
        skip_cfws(in, &run.comment);
        const bool space = in.offset() != before;
        if (in.done() || ends.contains(in.peek())) return run;
        std::string word;
        if (in.peek() == '"') {
            word = take_quoted_string(in);
            run.quoted = true;
        } else if (in.peek() == '[' && run.at != std::string::npos) {
            word = take_domain_literal(in);
        } else {
            const char c = in.next();
            if (c == '\0' || c == ')') continue;
            word = c;
            if (c == '@') {
                run.at = run.packed.size();
            } else {
                word += in.take_while(
                    [&](char next) { return is_atext(next) || (next == '.' && !ends.contains(next)); });
            }
        }
        if (space && !run.phrase.empty()) run.phrase += ' ';
        run.phrase += word;
        run.packed += word;
    }
}

// addr-spec = local-part "@" domain, the last "@" that is not quoted
void set_spec(Address& address, Run run) {
    if (run.at == std::string::npos) {
        address.mailbox = std::move(run.phrase);
        return;
    }
    address.host = run.packed.substr(run.at + 1);
    address.mailbox = run.packed.substr(0, run.at);
}

// obs-route = obs-domain-list ":";  obs-domain-list = "@" domain *("," ["@" domain])
// Only if a ":" comes before the ">", else "@" belongs to a broken address.
std::string take_route(Cursor& in) {
    const size_t begin = in.offset();
    std::string route;
    skip_cfws(in);
    if (in.peek() == '@') {
        while (!in.done() && !std::string_view(":<>;\"").contains(in.peek())) {
            skip_cfws(in);
            if (!in.done() && !std::string_view(":<>;\"").contains(in.peek())) route += in.next();
        }
        if (in.take(':')) return route;
    }
    in.seek(begin);
    return {};
}

void add_comment(std::string& all, std::string more) {
    if (!all.empty() && !more.empty()) all += ' ';
    all += more;
}

// angle-addr = [CFWS] "<" [obs-route] addr-spec ">" [CFWS]
Address take_angle(Cursor& in, Run name) {
    Address address;
    address.name = std::move(name.phrase);
    address.comment = std::move(name.comment);
    while (in.take('<')) {
    }
    address.route = take_route(in);
    // ":" and "," may stand in a broken address; a "," ends one that has lost its ">".
    Run spec = take_run(in, "<>,;");
    add_comment(address.comment, std::exchange(spec.comment, {}));
    set_spec(address, std::move(spec));
    while (in.take('>')) {
    }
    // After it: comments, or words that should have stood before it.
    Run rest = take_run(in, "<>,;:");
    add_comment(address.comment, std::move(rest.comment));
    if (!rest.phrase.empty()) {
        if (!address.name.empty()) address.name += ' ';
        address.name += rest.phrase;
    }
    if (address.name.empty()) address.name = std::exchange(address.comment, {});
    return address;
}

class ListParser {
public:
    ListParser(std::string_view value, size_t count_max) : in_(value), count_max_(count_max) {}

    // address-list = (address *("," address)) / obs-addr-list
    std::vector<Address> parse() {
        while (!in_.done() && list_.size() < count_max_) take_entry();
        end_group();
        return std::move(list_);
    }

private:
    void take_entry() {
        Run run = take_run(in_, ",;:<>");
        const char c = in_.peek();
        if (!in_.done() && c == '<') {
            list_.push_back(take_angle(in_, std::move(run)));
            return;
        }
        if (!in_.done() && c == ':' && !in_group_ && run.at == std::string::npos) {
            in_.skip();
            begin_group(std::move(run));
            return;
        }
        add_bare(std::move(run));
        const char end = in_.next();
        if (end == ';') end_group();
    }

    // group = display-name ":" [group-list] ";" [CFWS]
    void begin_group(Run run) {
        Address group;
        group.kind = AddressKind::group_begin;
        group.name = std::move(run.phrase);
        group.comment = std::move(run.comment);
        list_.push_back(std::move(group));
        in_group_ = true;
    }

    void end_group() {
        if (!in_group_) return;
        Address end;
        end.kind = AddressKind::group_end;
        list_.push_back(std::move(end));
        in_group_ = false;
    }

    // addr-spec without brackets; its comment is the sender's name.
    void add_bare(Run run) {
        if (run.empty()) return;  // obs-addr-list has empty entries
        Address address;
        address.name = std::move(run.comment);
        set_spec(address, std::move(run));
        list_.push_back(std::move(address));
    }

    Cursor in_;
    size_t count_max_;
    std::vector<Address> list_;
    bool in_group_ = false;
};

// Atoms separated by `between`.
bool is_atoms(std::string_view text, char between) {
    bool atom = false;
    for (const char c : text) {
        if (c == between && !atom) return false;
        if (c != between && !is_atext(c)) return false;
        atom = c != between;
    }
    return atom;
}

std::string quote(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c == '\r' || c == '\n' ? ' ' : c;
    }
    return quoted += '"';
}

std::string phrase(std::string_view text) {
    return is_atoms(text, ' ') ? std::string(text) : quote(text);
}

}  // namespace

std::vector<Address> parse_address_list(std::string_view value, const Limits& limits) {
    return ListParser(value, limits.addresses).parse();
}

std::string display_name(const Address& address) {
    return decode_words(address.name);
}

std::string addr_spec(const Address& address) {
    std::string text = is_atoms(address.mailbox, '.') ? address.mailbox : quote(address.mailbox);
    if (!address.host.empty()) text += "@" + address.host;
    return text;
}

std::string format_address(const Address& address) {
    switch (address.kind) {
        case AddressKind::group_begin:
            return phrase(address.name) + ":";
        case AddressKind::group_end:
            return ";";
        case AddressKind::mailbox:
            break;
    }
    const std::string colon = address.route.empty() ? "" : ":";
    if (address.name.empty() && address.route.empty()) return addr_spec(address);
    return (address.name.empty() ? "" : phrase(address.name) + " ") + "<" + address.route + colon +
           addr_spec(address) + ">";
}

std::string format_address_list(const std::vector<Address>& addresses) {
    std::string text;
    bool comma = false;
    for (const Address& address : addresses) {
        if (address.kind != AddressKind::group_end && comma)
            text += ", ";
        else if (address.kind == AddressKind::mailbox && !text.empty())
            text += ' ';
        text += format_address(address);
        comma = address.kind != AddressKind::group_begin;
    }
    return text;
}

}  // namespace heliopost::mime
