// POP3 load: sessions that look (STAT) or read everything (RETR), each with a user of its own or in turn.
//
// RFC 1939: one session at a time holds a maildrop, so several connections need several users ("%d").
#pragma once

#include "load/report.h"
#include "net/world.h"

namespace heliopost::bench {

enum class Pop3Kind : std::uint8_t { stat, retr };

net::Task<void> read_maildrops(net::World* world, const Options* options, Pop3Kind kind, Report* report);

}  // namespace heliopost::bench
