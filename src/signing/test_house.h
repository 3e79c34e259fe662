// House: a host with a domain, keys of it and a log that is kept, for the tests of this folder. Test only.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signing/test_keys.h"

namespace heliopost::signing {

using Algorithm = DkimKey::Algorithm;
using State = DkimKey::State;

struct House : store::TestHost {
    TestFolder folder;
    std::vector<std::string> lines;
    net::MemoryWorld* logging = &network.add_host(
        "b.example", {"192.0.2.2"}, [this](LogLevel, std::string_view line) { lines.emplace_back(line); });
    std::unique_ptr<directory::Directory> directory = directory::make_directory(*store, *world);
    std::unique_ptr<Keys> keys = open("server.key");

    House() {
        REQUIRE(run(directory->load()).has_value());
        REQUIRE(run(directory->add_domain("a.example")).has_value());
    }
    // As a start of the server does.
    std::unique_ptr<Keys> open(const std::string& key_file) {
        auto opened = std::make_unique<Keys>(*store, *directory, *logging, folder.file(key_file));
        REQUIRE(run(opened->load()).has_value());
        return opened;
    }
    DkimKey create(Algorithm algorithm = Algorithm::ed25519) {
        const auto made = run(keys->create(logging, "a.example", algorithm));
        REQUIRE(made.has_value());
        return *made;
    }
    void publish(const DkimKey& key) { network.zone().add_txt(record_name(key), record_text(key)); }
    std::string states() {  // "20261123e active, ..."
        std::string all;
        const auto now = keys->snapshot();
        for (const auto& [domain, of] : now->domains)
            for (const KeyInUse& key : of)
                all +=
                    (all.empty() ? "" : ", ") + key.row.selector + " " + std::string(name_of(key.row.state));
        return all;
    }
    std::size_t signing() { return keys->snapshot()->signing("a.example").size(); }
    std::size_t count(std::string_view text) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(lines, [&](const std::string& line) { return line.contains(text); }));
    }
    void change(std::chrono::seconds rotate_after, std::chrono::seconds overlap) {
        Settings settings;
        settings.rotate_after = rotate_after;
        settings.overlap = overlap;
        keys->change(settings);
    }
};

}  // namespace heliopost::signing
