#include "backup/vault.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "backup/restore.h"
#include "backup/take.h"

namespace heliopost::backup {
namespace {

namespace fs = std::filesystem;

const Progress go_on = [](std::uint64_t) { return Result<>(); };

struct Place {
    std::string path = (fs::temp_directory_path() / ("heliopost-vault-" + std::to_string(getpid()))).string();
    Place() {
        fs::remove_all(path);
        fs::create_directories(path + "/source");
    }
    ~Place() { fs::remove_all(path); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    std::string vault() const { return path + "/vault"; }
    void write(const std::string& name, const std::string& octets) const {
        std::ofstream(path + "/source/" + name, std::ios::binary | std::ios::trunc) << octets;
    }
    std::vector<Source> sources() const {
        return store_files(path + "/source").value_or(std::vector<Source>());
    }
};

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Manifest at(std::int64_t seconds) {
    Manifest manifest;
    manifest.taken = from_unix_milliseconds(seconds * 1000);
    return manifest;
}

std::set<std::string> objects(const Place& place) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(place.vault() + "/objects"))
        if (entry.is_regular_file()) names.insert(entry.path().string());
    return names;
}

std::unique_ptr<Vault> open_to_write(const Place& place, std::optional<Key> key = std::nullopt) {
    auto vault = Vault::open(place.vault(), Vault::Use::write, std::move(key));
    REQUIRE_MESSAGE(vault.has_value(), (vault ? "" : vault.error().text));
    return std::move(*vault);
}

}  // namespace

TEST_CASE("vault: backups share what did not change, each is restored as it was") {
    for (const bool sealed : {false, true}) {
        CAPTURE(sealed);
        const Place place;
        std::optional<Key> key;
        if (sealed) key.emplace(Secret(std::string(Secret::octets, 'k')));
        place.write("CURRENT", "MANIFEST-000001\n");
        place.write("000002.sst", std::string(3'000'000, 's'));
        place.write("LOG", "diary");
        std::string first, second;
        {
            const auto vault = open_to_write(place, key);
            auto taken = take(*vault, at(1), place.sources(), go_on);
            REQUIRE(taken.has_value());
            CHECK(taken->files_new == 2);
            first = taken->name;
            place.write("000003.blob", "canary");
            place.write("CURRENT", "MANIFEST-000004\n");
            taken = take(*vault, at(2), place.sources(), go_on);
            REQUIRE(taken.has_value());
            CHECK(taken->files_new == 2);
            CHECK(taken->manifest.files.size() == 3);
            second = taken->name;
        }
        const auto vault = Vault::open(place.vault(), Vault::Use::read, key);
        REQUIRE(vault.has_value());
        CHECK((*vault)->backups().value_or(std::vector<std::string>()) == std::vector{first, second});
        CHECK((*vault)->find("").value_or("") == second);
        CHECK((*vault)->find(first.substr(0, 15) + ".").value_or("none") == "19700101T000001.000Z");
        CHECK_FALSE((*vault)->find("1970").has_value());  // both
        const auto manifest = (*vault)->manifest(first);
        REQUIRE(manifest.has_value());
        const std::string store = place.path + "/restored";
        REQUIRE(restore_store(**vault, *manifest, store, go_on).has_value());
        CHECK(fs::exists(store + "/restoring/CURRENT"));
        REQUIRE(finish_restore(store).has_value());
        CHECK(read(store + "/CURRENT") == "MANIFEST-000001\n");
        CHECK(read(store + "/000002.sst") == std::string(3'000'000, 's'));
        CHECK_FALSE(fs::exists(store + "/000003.blob"));
        CHECK_FALSE(fs::exists(store + "/restoring"));
        CHECK_FALSE(restore_store(**vault, *manifest, store, go_on).has_value());  // it holds something
        for (const std::string& object : objects(place)) {
            CHECK((read(object).find("canary") != std::string::npos) <=
                  !sealed);  // clear text only where no key was given
            CHECK((fs::status(object).permissions() & fs::perms::all) ==
                  (fs::perms::owner_read | fs::perms::owner_write));
        }
        CHECK((fs::status(place.vault()).permissions() & fs::perms::all) == fs::perms::owner_all);
    }
}

TEST_CASE("vault: what is cut short never counts, and goes") {
    const Place place;
    place.write("CURRENT", "one");
    {
        const auto vault = open_to_write(place);
        REQUIRE(take(*vault, at(1), place.sources(), go_on).has_value());
    }
    const auto whole = objects(place);
    place.write("000002.sst", "two");
    place.write("000003.sst", "three");
    int calls = 0;
    const Progress stop = [&](std::uint64_t) -> Result<> {
        if (++calls == 8) return fail(Fault::temporary, "stopped");
        return {};
    };
    {
        const auto vault = open_to_write(place);
        CHECK_FALSE(take(*vault, at(2), place.sources(), stop).has_value());
    }
    CHECK(objects(place) == whole);
    // As a process that was killed leaves it.
    std::ofstream(place.vault() + "/incoming/1") << "half";
    const std::string left = place.vault() + "/objects/ab/" + std::string(64, 'a').replace(1, 1, "b");
    fs::create_directories(place.vault() + "/objects/ab");
    std::ofstream(left) << "unnamed";
    const auto vault = open_to_write(place);
    CHECK(fs::is_empty(place.vault() + "/incoming"));
    CHECK(vault->backups().value_or(std::vector<std::string>()).size() == 1);
    REQUIRE(vault->prune(100, backup_name(at(2).taken)).has_value());
    CHECK_FALSE(fs::exists(left));
    CHECK(objects(place) == whole);
}

TEST_CASE("vault: prune keeps the newest, and what they need") {
    const Place place;
    const auto vault = open_to_write(place);
    for (int i = 1; i <= 4; ++i) {
        place.write("CURRENT", std::to_string(i));
        place.write("both.sst", "in all of them");
        REQUIRE(take(*vault, at(i), place.sources(), go_on).has_value());
    }
    CHECK(objects(place).size() == 5);
    const auto pruned = vault->prune(2, backup_name(at(4).taken));
    REQUIRE(pruned.has_value());
    CHECK(pruned->size() == 2);
    CHECK(objects(place).size() == 3);
    std::vector<std::string> checked;
    for (const std::string& name : vault->backups().value_or(std::vector<std::string>())) {
        const auto manifest = vault->manifest(name);
        REQUIRE(manifest.has_value());
        const auto verified = verify(*vault, *manifest, checked, go_on);
        REQUIRE(verified.has_value());
        CHECK(verified->damaged.empty());
    }
    // Nobody knows what a damaged manifest needs: nothing goes.
    const auto names = vault->backups().value_or(std::vector<std::string>());
    REQUIRE(names.size() == 2);
    std::ofstream(place.vault() + "/backups/" + names.front(), std::ios::trunc) << "{}";
    CHECK_FALSE(vault->prune(2, backup_name(at(4).taken)).has_value());
    CHECK(objects(place).size() == 3);
}

TEST_CASE("vault: prune removes nothing where the clock was ahead before, least of all what was just taken") {
    const Place place;
    const auto vault = open_to_write(place);
    std::vector<std::string> names;
    for (const int seconds : {5, 9, 8, 7}) {
        place.write("CURRENT", std::to_string(seconds));
        const auto taken = take(*vault, at(seconds), place.sources(), go_on);
        REQUIRE(taken.has_value());
        names.push_back(taken->name);
    }
    const std::string unnamed = place.vault() + "/objects/ab/ab" + std::string(62, '0');
    fs::create_directories(place.vault() + "/objects/ab");
    std::ofstream(unnamed) << "of a backup that was killed";
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
        const auto pruned = vault->prune(count, names.back());
        REQUIRE_FALSE(pruned.has_value());
        CHECK(pruned.error().text.contains(names[1] + ", of a later time than " + names.back()));
        CHECK(vault->backups().value_or(std::vector<std::string>()).size() == 4);
        CHECK(objects(place).size() == 4);
    }
    CHECK_FALSE(fs::exists(unnamed));
    // The administrator removes those of wrong time.
    for (const std::size_t wrong : {1UZ, 2UZ}) fs::remove(place.vault() + "/backups/" + names[wrong]);
    CHECK(vault->prune(1, names.back()).value_or(std::vector<std::string>()) == std::vector{names[0]});
    CHECK(vault->find("").value_or("") == names.back());
    CHECK(objects(place).size() == 1);
}

TEST_CASE("vault: an object that rots is found by verify, and mended by the next backup") {
    const Place place;
    place.write("CURRENT", "one");
    place.write("000002.sst", std::string(2'000'000, 'x'));
    const auto vault = open_to_write(place);
    const auto taken = take(*vault, at(1), place.sources(), go_on);
    REQUIRE(taken.has_value());
    const File& file = taken->manifest.files.front();
    REQUIRE(file.name == "000002.sst");
    const std::string object = place.vault() + "/objects/" + file.object.substr(0, 2) + "/" + file.object;
    {
        std::fstream damage(object, std::ios::in | std::ios::out | std::ios::binary);
        damage.seekp(1'000'000);
        damage.put('y');
    }
    std::vector<std::string> checked;
    auto verified = verify(*vault, taken->manifest, checked, go_on);
    REQUIRE(verified.has_value());
    REQUIRE(verified->damaged.size() == 1);
    CHECK(verified->damaged.front().find("000002.sst") != std::string::npos);
    CHECK_FALSE(restore_store(*vault, taken->manifest, place.path + "/restored", go_on).has_value());
    REQUIRE(take(*vault, at(2), place.sources(), go_on).has_value());
    checked.clear();
    verified = verify(*vault, taken->manifest, checked, go_on);
    REQUIRE(verified.has_value());
    CHECK(verified->damaged.empty());
}

TEST_CASE("vault: a directory of something else, another key, a second writer") {
    const Place place;
    place.write("CURRENT", "one");
    CHECK_FALSE(Vault::open(place.path + "/source", Vault::Use::write, std::nullopt).has_value());
    CHECK_FALSE(Vault::open(place.path + "/none", Vault::Use::read, std::nullopt).has_value());
    const auto key = [](char c) { return Key(Secret(std::string(Secret::octets, c))); };
    {
        const auto vault = open_to_write(place, key('k'));
        const auto second = Vault::open(place.vault(), Vault::Use::write, key('k'));
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().fault == Fault::exists);
    }
    CHECK_FALSE(Vault::open(place.vault(), Vault::Use::read, std::nullopt).has_value());
    CHECK_FALSE(Vault::open(place.vault(), Vault::Use::write, key('l')).has_value());
    CHECK(Vault::open(place.vault(), Vault::Use::read, key('k')).has_value());
}

TEST_CASE("take_place: one restore at a time, for its whole run") {
    const Place place;
    const std::string store = place.path + "/restored";
    {
        const auto held = take_place(store);
        REQUIRE(held.has_value());
        const auto second = take_place(store);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().fault == Fault::temporary);
        fs::create_directory(store + "/restoring");
        CHECK_FALSE(take_place(store).has_value());
    }
    CHECK(take_place(store).has_value());
    fs::remove(store + "/restoring");
    std::ofstream(store + "/mine") << "x";
    const auto full = take_place(store);
    REQUIRE_FALSE(full.has_value());
    CHECK(full.error().fault == Fault::exists);
}

}  // namespace heliopost::backup
