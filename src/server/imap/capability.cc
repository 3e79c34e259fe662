// CAPABILITY, ID, ENABLE, NAMESPACE: what we are and what the client wants of it.
#include <algorithm>

#include "server/imap/session.h"

namespace heliopost::imap_server {

std::string Session::capabilities() const {
    std::string all =
        "IMAP4rev1 IMAP4rev2 SASL-IR ENABLE ID IDLE NAMESPACE UIDPLUS MOVE CHILDREN UNSELECT ESEARCH "
        "SEARCHRES"
        " LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE CONDSTORE QRESYNC STATUS=SIZE";
    all += login_ ? " LITERAL+" : " LITERAL-";
    all += " APPENDLIMIT=" + std::to_string(service_.message_octets_max);
    if (login_) return all;
    if (stream_->tls()) return all + " AUTH=SCRAM-SHA-256 AUTH=PLAIN";
    // RFC 9051 §6.2.3: no password in the clear.
    return all + (service_.tls && service_.tls() != nullptr ? " STARTTLS LOGINDISABLED" : " LOGINDISABLED");
}

Completion Session::capability() {
    say("* CAPABILITY " + capabilities());
    return completed();
}

// RFC 2971: a name and nothing that helps an attacker.
Completion Session::id(imap::command::Id argument) {
    for (const auto& [name, value] : argument.fields)
        world_.log().debug("imap client", {{"field", name}, {"value", value.value_or("")}});
    say("* ID (\"name\" \"Heliopost\")");
    return completed();
}

// Also while a mailbox is selected, where RFC 5161 §3.1 and RFC 9051 §6.3.1 forbid it to clients and spare
// servers the check: what is enabled holds from the next command on.
Completion Session::enable(imap::command::Enable argument) {
    std::string enabled;
    for (const std::string& name : argument.names) {
        if (name == "IMAP4REV2") {
            revision_ = imap::Revision::rev2;
            enabled += " IMAP4rev2";
        } else if (name == "CONDSTORE" || name == "QRESYNC") {
            condstore_ = true;
            qresync_ |= name == "QRESYNC";  // RFC 7162 §3.2.3: it implies CONDSTORE
            enabled += " " + name;
        }
    }
    say("* ENABLED" + enabled);
    return completed();
}

// RFC 2342: one personal namespace, the root; nobody else's, nothing shared.
Completion Session::name_space() {
    say("* NAMESPACE ((\"\" \"/\")) NIL NIL");
    return completed();
}

}  // namespace heliopost::imap_server
