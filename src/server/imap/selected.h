// Selected: the mailbox that a session has open, as the client knows it.
//
// view is what was announced: sequence numbers are its indexes + 1. synchronise() (synchronise.cc) moves it
// to the newest View and says what changed; it does so only where the protocol lets expunges be told, and not
// at all while there are some that may not (RFC 9051 §7.5.1: no EXPUNGE during FETCH, STORE, SEARCH).
#pragma once

#include <memory>
#include <string>

#include "mailbox/mailbox.h"
#include "mailbox/view.h"
#include "proto/imap/sequence_set.h"

namespace heliopost::imap_server {

struct Selected {
    mailbox::Mailbox mailbox;
    bool read_only = false;
    std::shared_ptr<const mailbox::View> view;
    std::size_t keywords_announced = 0;  // of view->keywords(): FLAGS is said again when there are more
    imap::UidSet saved;                  // "$": RFC 5182
    imap::Flags permanent_flags;         // empty when read_only
};

}  // namespace heliopost::imap_server
