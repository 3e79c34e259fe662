// Keys: the keys with which our domains sign their mail, from the day they are made to the day they are
// forgotten.
//
//   made -> active -> retiring -> retired -> gone         (directory/dkim_key.h; life.h takes the steps in
//   time)
//
// They lie in the store's directory partition, the private part sealed with the server key and bound to
// domain and selector, and opened in memory, in OpenSSL's locked heap. A key that cannot be opened (the
// server key is missing, or another) is an error in the log and in `list`; everything else goes on without
// it.
//
// Any thread reads the snapshot; a change is one commit on condition that the rows are as they were seen, and
// fails with Fault::conflict where somebody else was faster.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/public_key.h"
#include "directory/directory.h"
#include "directory/dkim_key.h"
#include "net/task.h"
#include "net/world.h"
#include "signing/server_key.h"
#include "signing/settings.h"
#include "store/store.h"

namespace heliopost::signing {

using directory::DkimKey;

inline constexpr std::size_t signed_names_max = 400;  // in h=; verifiers (proto/dkim) read 512
inline constexpr std::size_t signed_header_max = std::size_t{256} << 10;  // as long as one that is judged
inline constexpr int load_rounds_max = 10;  // of load(), each undone by a change that came meanwhile
inline constexpr std::size_t keys_of_domain_max = 100;  // far above what rotation leaves behind

struct KeyInUse {
    DkimKey row;
    std::shared_ptr<const crypto::PrivateKey> opened;  // null: it signs no more, or there is trouble
    std::string trouble;                               // why it cannot sign
};

struct Snapshot {
    std::shared_ptr<const Settings> settings = std::make_shared<const Settings>();
    std::map<std::string, std::vector<KeyInUse>> domains;  // a domain's in the order of selectors

    const KeyInUse* find(const std::string& domain, const std::string& selector) const;
    // Those that sign the domain's mail now; empty where the settings say that none does.
    std::vector<const KeyInUse*> signing(const std::string& domain) const;
    // The RSA key that seals what the domain forwards (ARC); null: none does.
    const KeyInUse* sealing(const std::string& domain) const;
};

// All rows of keys in the store; what is broken is left out, and the log says so. Fails as the store does.
net::Task<Result<std::vector<DkimKey>>> read_keys(store::Store* store, const Log* log);

class Keys {
public:
    Keys(store::Store& store, directory::Directory& directory, net::World& world,
         std::string server_key_file);

    // Reads all keys, and the server key: made where it is not there and nothing was sealed with one. Again
    // after a reload: a server key that was put back is found. Fails as the store does, and with
    // Fault::temporary where keys or settings were changed each time while they were read.
    net::Task<Result<void>> load();

    std::shared_ptr<const Snapshot> snapshot() const;
    void change(Settings settings);

    // A new key, made. On the loop of `world`. Fault::not_found for a domain that is not ours, Fault::exists
    // where one of the kind waits for its record already, Fault::temporary without the server key.
    net::Task<Result<DkimKey>> create(net::World* world, std::string domain, DkimKey::Algorithm algorithm);
    // It signs from now on, and others of its kind sign no more: retiring.
    net::Task<Result<void>> activate(DkimKey key, Time now);
    // An active key is retiring, one that never signed is gone.
    net::Task<Result<void>> retire(DkimKey key, Time now);
    net::Task<Result<void>> end_retiring(DkimKey key, Time now);
    net::Task<Result<void>> forget(std::vector<DkimKey> keys);

private:
    using Change = std::pair<DkimKey, std::optional<DkimKey>>;  // from, to; nothing: erased
    net::Task<Result<void>> commit(std::vector<Change> changes);
    void publish(const std::vector<Change>& changes);
    bool take(std::vector<DkimKey> rows, const std::shared_ptr<const Snapshot>& read_under);
    void find_server_key(bool anything_sealed);
    KeyInUse opened(DkimKey row) const;  // under the mutex
    Result<std::shared_ptr<const ServerKey>> sealer();

    store::Store& store_;
    directory::Directory& directory_;
    net::World& world_;
    const std::string server_key_file_;
    mutable std::mutex mutex_;  // all below
    std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
    std::shared_ptr<const ServerKey> server_key_;
    std::string trouble_;  // why there is none
};

}  // namespace heliopost::signing
