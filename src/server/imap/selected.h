// Selected: the mailbox that a session has open, as the client knows it.
//
// view is what was announced: sequence numbers are its indexes + 1. synchronise() (synchronise.cc) moves it
// to the newest View and says what changed; it does so only where the protocol lets expunges be told, and not
// at all while there are some that may not (RFC 9051 §7.5.1: no EXPUNGE during FETCH, STORE, SEARCH).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mailbox/mailbox.h"
#include "mailbox/view.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::imap_server {

struct Selected {
    mailbox::Mailbox mailbox;
    bool read_only = false;
    std::shared_ptr<const mailbox::View> view;
    std::vector<std::string> keywords_announced;  // FLAGS is said again when there are others
    imap::UidSet saved;                           // "$": RFC 5182; those that are gone still stand in it
};

}  // namespace heliopost::imap_server
