// TestKeys: a host with a domain and keys of it, for the tests of this folder and above. Test only.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "checks/dkim/verify.h"
#include "directory/directory.h"
#include "signing/keys.h"
#include "signing/life.h"
#include "signing/zone_line.h"
#include "store/test_host.h"

namespace heliopost::signing {

// A directory of its own, gone with it.
class TestFolder {
public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "heliopost-keys.XXXXXX").string();
        ASSERT(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~TestFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

// Makes a key of the domain and has it sign. An RSA key takes a tenth of a second: where the test needs one.
inline DkimKey make_active(store::TestHost& host, Keys& keys, const std::string& domain,
                           DkimKey::Algorithm algorithm = DkimKey::Algorithm::ed25519) {
    const auto made = host.run(keys.create(host.world, domain, algorithm));
    ASSERT(made.has_value());
    ASSERT(host.run(keys.activate(*made, host.world->now())).has_value());
    host.network.zone().add_txt(record_name(*made), record_text(*made));
    return *made;
}

// The verdicts on a whole message's signatures.
inline net::Task<std::vector<dkim_check::SignatureVerdict>> verify_whole(net::World* world,
                                                                         std::string message) {
    const std::size_t end = std::min(message.find("\r\n\r\n"), message.size() - 4) + 4;
    net::DnsBudget dns(world->resolver(), world->after(look_time_max));
    dkim_check::Verifier verifier(message.substr(0, end));
    verifier.feed(std::string_view(message).substr(end));
    co_return co_await verifier.finish(&dns, world->now());
}

}  // namespace heliopost::signing
