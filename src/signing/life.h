// The life of keys in time: a new one signs once its record is seen in the DNS, an old one makes way, and
// goes when the mail that it signed has arrived.
//
// The DNS is asked anew each time: that a record was absent a moment ago is not remembered here. A resolver
// further on (dns.servers) may remember it, for as long as the zone says.
#pragma once

#include <chrono>
#include <string>

#include "directory/directory.h"
#include "net/task.h"
#include "net/world.h"
#include "signing/keys.h"

namespace heliopost::signing {

inline constexpr std::chrono::minutes look_interval{10};  // one round of look_after()
inline constexpr std::chrono::seconds look_time_max{20};  // for the DNS to answer about one key
inline constexpr std::chrono::hours remind_interval{24};  // how often the log says what waits for a record

struct Look {
    enum class Seen : std::uint8_t { yes, no, other, unknown };  // unknown: the DNS did not answer
    Seen seen = Seen::unknown;
    std::string words;  // "not in the DNS yet"
};

// Whether the key's record stands in the DNS, it alone and with this key.
net::Task<Look> look_for(net::World* world, DkimKey key);

// Looks for the domain's keys that wait, and has those that are seen sign. Gives how many.
net::Task<Result<std::size_t>> activate_seen(net::World* world, Keys* keys, std::string domain);

// All that is due, once: switch to keys that are seen, make new ones for those past rotate_after, let retired
// ones go, forget those of domains that are not ours any more.
class Caretaker {
public:
    Caretaker(net::World* world, Keys* keys, directory::Directory* directory)
        : world_(world), keys_(keys), directory_(directory) {}
    net::Task<Result<void>> round();

private:
    net::Task<Result<void>> look_after(DkimKey key, const Settings* settings);
    net::Task<Result<void>> rotate(DkimKey key);
    void remind(const DkimKey& key, const Look& look);

    net::World* world_;
    Keys* keys_;
    directory::Directory* directory_;
    std::map<std::string, Instant> reminded_;  // by the record's name
};

}  // namespace heliopost::signing
