#include "net/tls.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "base/assert.h"
#include "net/acceptor.h"
#include "net/fd_stream.h"
#include "net/test_loop.h"
#include "net/tls_reload.h"
#include "net/tls_server.h"

using namespace std::chrono_literals;

namespace heliopost::net {
namespace {

struct Certificates {
    TestFolder folder;
    CertificateFiles make(const std::string& file, const std::vector<std::string>& names, int days = 30) {
        const SelfSigned made = make_self_signed(names, days);
        return {folder.write(file + ".pem", made.certificate), folder.write(file + ".key", made.key)};
    }
};

using Server = std::shared_ptr<const TlsServer>;

Task<size_t> read_all(World* world, Stream* stream, std::span<char> into) {
    size_t have = 0;
    while (have < into.size()) {
        const size_t count = co_await stream->read_some(into.subspan(have), world->after(10s));
        if (count == 0) break;
        have += count;
    }
    co_return have;
}

// "STARTTLS\n" in the clear, then an echo until the end of TLS.
Task<void> serve_tls(World* world, std::unique_ptr<Stream> stream, Server tls, std::string* failure) {
    std::string command(9, '\0');
    co_await read_all(world, stream.get(), command);
    co_await stream->write("go", world->after(10s));
    try {
        co_await stream->start_tls_server(tls, world->after(10s));
    } catch (const Gone& gone) {
        *failure = gone.what();
        throw;
    }
    char buffer[5000];
    for (;;) {
        const size_t count = co_await stream->read_some(buffer, world->after(10s));
        if (count == 0) co_return;
        co_await stream->write({buffer, count}, world->after(10s));
    }
}

struct Client {
    TlsSession session;
    std::string failure;
    size_t equal = 0;
    std::string end;
};

Task<void> write_all(World* world, Stream* stream, const std::string* octets) {
    co_await stream->write(*octets, world->after(10s));
}

Task<void> dial_tls(World* world, Endpoint at, TlsClient tls, size_t octets, Client* client) {
    const std::unique_ptr<Stream> stream = co_await world->dial(at, {}, world->after(10s));
    co_await stream->write("STARTTLS\n", world->after(10s));
    std::string reply(2, '\0');
    co_await read_all(world, stream.get(), reply);
    try {
        co_await stream->start_tls_client(tls, world->after(10s));
    } catch (const Gone& gone) {
        client->failure = gone.what();
        co_return;
    }
    const auto session = stream->tls();
    ASSERT(session.has_value());
    client->session = *session;
    // Both directions at once, more than the buffers hold.
    const std::string sent = world->random_octets(octets);
    std::string got(octets, '\0');
    TaskGroup writer(*world, "writer");
    writer.spawn(write_all(world, stream.get(), &sent));
    co_await read_all(world, stream.get(), got);
    co_await writer.join(world->after(10s));
    client->equal = got == sent ? octets : 0;
}

struct Fixture : Certificates {
    TestLoop loop;
    std::string server_failure;

    Endpoint serve(Server tls) {
        auto listener = std::move(*loop.world.listen(*parse_endpoint("127.0.0.1:0"), {}));
        const Endpoint at = listener->local();
        loop.tasks.spawn(accept_all(&loop.world, std::move(listener), ConnectionLimits({}), &loop.tasks,
                                    "tls", [this, tls](std::unique_ptr<Stream> stream) {
                                        return serve_tls(&loop.world, std::move(stream), tls,
                                                         &server_failure);
                                    }));
        return at;
    }
    Client dial(const Endpoint& at, const TlsClient& tls, size_t octets = 10) {
        Client client;
        loop.run(dial_tls(&loop.world, at, tls, octets, &client));
        return client;
    }
};

}  // namespace

TEST_CASE("TLS: STARTTLS in the middle of a stream, 3 MB both ways at once") {
    Fixture test;
    const auto tls = make_tls_server({test.make("mx", {"mx.a.example"})}, "smtp");
    REQUIRE(tls.has_value());
    const Client client = test.dial(test.serve(*tls), {.server_name = "mx.a.example"}, 3'000'000);
    CHECK(client.failure == "");
    CHECK(client.equal == 3'000'000);
    CHECK(client.session.version == "TLSv1.3");
    CHECK(client.session.server_name == "mx.a.example");
    CHECK_FALSE(client.session.verified);
}

TEST_CASE("TLS: a client verifies roots and name") {
    Fixture test;
    const CertificateFiles files = test.make("mx", {"mx.a.example", "*.b.example"});
    const Endpoint at = test.serve(*make_tls_server({files}, "smtp"));
    const auto verify = [&](const std::string& name, const std::string& roots) {
        return test.dial(at, {.verify = TlsClient::Verify::name, .server_name = name, .roots_file = roots});
    };
    CHECK(verify("mx.a.example", files.certificate).session.verified);
    CHECK(verify("www.b.example", files.certificate).session.verified);
    CHECK(verify("mx.c.example", files.certificate).failure.find("hostname mismatch") != std::string::npos);
    CHECK(verify("a.b.b.example", files.certificate).failure.find("hostname mismatch") != std::string::npos);
    CHECK(verify("mx.a.example", "").failure.find("self-signed certificate") != std::string::npos);
    CHECK(verify("", files.certificate).failure == "no name to verify the server by");
    CHECK(verify("mx.a.example", "/nowhere").failure.find("/nowhere") != std::string::npos);
}

TEST_CASE("TLS: the server chooses the certificate by SNI, case and wildcards included") {
    Fixture test;
    const CertificateFiles first = test.make("a", {"mx.a.example"});
    const CertificateFiles second = test.make("b", {"mx.b.example", "*.wild.example"});
    const Endpoint at = test.serve(*make_tls_server({first, second}, "smtp"));
    const auto verified = [&](const std::string& name, const CertificateFiles& by) {
        return test
            .dial(at, {.verify = TlsClient::Verify::name, .server_name = name, .roots_file = by.certificate})
            .session.verified;
    };
    CHECK(verified("mx.a.example", first));
    CHECK(verified("mx.b.example", second));
    CHECK(verified("MX.B.example", second));
    CHECK(verified("x.wild.example", second));
    // An unknown name gets the first certificate, which is of use to who verifies nothing.
    CHECK(test.dial(at, {.server_name = "unknown.example"}).equal == 10);
}

TEST_CASE("TLS: a handshake with something else fails on both ends") {
    Fixture test;
    const Endpoint at = test.serve(*make_tls_server({test.make("a", {"mx.a.example"})}, "smtp"));
    test.loop.run([](World* world, Endpoint to) -> Task<void> {
        const std::unique_ptr<Stream> stream = co_await world->dial(to, {}, world->after(10s));
        co_await stream->write("STARTTLS\n", world->after(10s));
        std::string reply(2, '\0');
        co_await read_all(world, stream.get(), reply);
        co_await stream->write("EHLO this.is.no.handshake\r\n", world->after(10s));
        try {
            char octet;
            while (co_await stream->read_some({&octet, 1}, world->after(10s)) > 0) continue;
        } catch (const Gone&) {
        }
    }(&test.loop.world, at));
    CHECK(test.server_failure.starts_with("TLS handshake failed: "));
}

namespace {

// A handshake in memory, with OpenSSL's own client: what our own client cannot be made to offer.
struct Offer {
    std::string alpn;  // in wire form
    int version_max = TLS1_3_VERSION;
    int version_min = TLS1_2_VERSION;
    const char* ciphers = nullptr;
    std::string server_name;
    SSL_SESSION* session = nullptr;
};

struct Handshaken {
    bool done = false;
    bool resumed = false;
    std::string alpn;
    std::shared_ptr<SSL_SESSION> session;
};

Handshaken shake_hands(const TlsServer& server, const Offer& offer) {
    const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), offer.version_min);
    SSL_CTX_set_max_proto_version(context.get(), offer.version_max);
    if (offer.ciphers != nullptr) SSL_CTX_set_cipher_list(context.get(), offer.ciphers);
    const SslPtr client(SSL_new(context.get()));
    const SslPtr serving = server.new_session();
    if (!offer.alpn.empty())
        SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(offer.alpn.data()),
                            static_cast<unsigned>(offer.alpn.size()));
    if (!offer.server_name.empty()) SSL_set_tlsext_host_name(client.get(), offer.server_name.c_str());
    if (offer.session != nullptr) SSL_set_session(client.get(), offer.session);
    BIO* one = nullptr;
    BIO* other = nullptr;
    BIO_new_bio_pair(&one, 0, &other, 0);
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(serving.get(), other, other);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(serving.get());
    for (int i = 0; i < 20; ++i) {
        SSL_do_handshake(client.get());
        SSL_do_handshake(serving.get());
    }
    ERR_clear_error();
    Handshaken made;
    made.done = SSL_is_init_finished(client.get()) == 1 && SSL_is_init_finished(serving.get()) == 1;
    char octet;
    size_t count = 0;
    SSL_read_ex(client.get(), &octet, 1, &count);  // takes the tickets of TLS 1.3
    made.resumed = SSL_session_reused(client.get()) == 1;
    const unsigned char* alpn = nullptr;
    unsigned alpn_size = 0;
    SSL_get0_alpn_selected(client.get(), &alpn, &alpn_size);
    if (alpn_size > 0) made.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
    made.session.reset(SSL_get1_session(client.get()), SSL_SESSION_free);
    SSL_shutdown(client.get());  // a session that ended without is not resumed
    SSL_shutdown(serving.get());
    ERR_clear_error();
    return made;
}

}  // namespace

TEST_CASE("TLS: ALPN is this service's or absent, behind SNI too; another is refused (ALPACA)") {
    Certificates certificates;
    const Server server = *make_tls_server(
        {certificates.make("a", {"a.example"}), certificates.make("b", {"b.example"})}, "imap");
    for (const std::string name : {"", "a.example", "b.example"}) {
        CAPTURE(name);
        CHECK(shake_hands(*server, {.server_name = name}).done);
        CHECK(shake_hands(*server, {.alpn = "\4imap", .server_name = name}).alpn == "imap");
        CHECK(shake_hands(*server, {.alpn = "\10http/1.1\4imap", .server_name = name}).alpn == "imap");
        CHECK_FALSE(shake_hands(*server, {.alpn = "\10http/1.1", .server_name = name}).done);
    }
}

TEST_CASE("TLS: versions and ciphers: RFC 9325 §3.1.1, §4.2") {
    Certificates certificates;
    const Server server = *make_tls_server({certificates.make("a", {"a.example"})}, "imap");
    const auto done = [&](int version, const char* ciphers) {
        return shake_hands(*server, {.version_max = version, .version_min = version, .ciphers = ciphers})
            .done;
    };
    CHECK(done(TLS1_3_VERSION, nullptr));
    CHECK(done(TLS1_2_VERSION, nullptr));
    CHECK(done(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
    CHECK_FALSE(done(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
    CHECK_FALSE(done(TLS1_1_VERSION, nullptr));
    CHECK_FALSE(done(TLS1_VERSION, nullptr));
}

TEST_CASE("TLS: a ticket resumes at its own service only") {
    Certificates certificates;
    const CertificateFiles files = certificates.make("a", {"a.example"});
    const Server imap = *make_tls_server({files}, "imap");
    const Server smtp = *make_tls_server({files}, "smtp");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        CAPTURE(version);
        const Handshaken first = shake_hands(*imap, {.version_max = version});
        REQUIRE(first.done);
        CHECK_FALSE(first.resumed);
        const Handshaken again = shake_hands(*imap, {.version_max = version, .session = first.session.get()});
        CHECK(again.done);
        CHECK(again.resumed);
        const Handshaken elsewhere =
            shake_hands(*smtp, {.version_max = version, .session = again.session.get()});
        CHECK_FALSE(elsewhere.resumed);
    }
}

TEST_CASE("TLS: what is wrong with the files is said with the file's name") {
    Certificates certificates;
    const CertificateFiles a = certificates.make("a", {"a.example"});
    const CertificateFiles b = certificates.make("b", {"b.example"});
    const std::string junk = certificates.folder.write("junk.pem", "no PEM\n");
    const auto error = [](const CertificateFiles& files) {
        const auto made = make_tls_server({files}, "imap");
        return made ? Error{Fault::internal, "no error"} : made.error();
    };
    const Error missing = error({certificates.folder.path("none.pem"), a.key});
    CHECK(missing.fault == Fault::not_found);
    CHECK(missing.text.find("none.pem") != std::string::npos);
    CHECK(error({junk, a.key}).text.find("junk.pem is no PEM certificate") != std::string::npos);
    CHECK(error({a.certificate, junk}).text.find("junk.pem is no PEM private key") != std::string::npos);
    const Error pair = error({a.certificate, b.key});
    CHECK(pair.fault == Fault::syntax);
    CHECK(pair.text.find("b.key does not belong to the certificate") != std::string::npos);
    const auto expired = make_tls_server({certificates.make("old", {"old.example"}, -1)}, "imap");
    REQUIRE(expired.has_value());
    REQUIRE(tls_warnings(**expired).size() == 1);
    CHECK(tls_warnings(**expired).front().find("old.pem has expired") != std::string::npos);
}

TEST_CASE(
    "TLS: certificates are read again when their files change, and kept when the new ones do not work") {
    Certificates certificates;
    const TestLog log;
    const CertificateFiles files = certificates.make("a", {"a.example"});
    auto watch = std::move(*CertificateWatch::open({files}, "imap", log.log));
    const Server first = watch->current();
    CHECK_FALSE(watch->check());
    CHECK(watch->current() == first);

    const SelfSigned next = make_self_signed({"a.example"}, 30);
    certificates.folder.write("a.pem", next.certificate);
    CHECK_FALSE(watch->check());  // the key is still the old one
    CHECK(watch->current() == first);
    CHECK(log.contains("does not belong to the certificate"));
    certificates.folder.write("a.key", next.key);
    CHECK(watch->check());
    CHECK(watch->current() != first);
    CHECK(shake_hands(*watch->current(), {}).done);
    CHECK(shake_hands(*first, {}).done);
    std::filesystem::remove(files.key);
    CHECK_FALSE(watch->check());
    CHECK(watch->current() != first);
}

TEST_CASE("TLS: other certificate files are taken at a word, and refused whole where one does not work") {
    Certificates certificates;
    const TestLog log;
    const CertificateFiles a = certificates.make("a", {"a.example"});
    const CertificateFiles b = certificates.make("b", {"b.example"});
    auto watch = std::move(*CertificateWatch::open({a}, "imap", log.log));
    const Server first = watch->current();
    CHECK(watch->take({a}) == false);
    CHECK(watch->current() == first);
    const auto refused = watch->take({a, {.certificate = b.certificate, .key = "/absent"}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text.contains("/absent"));
    CHECK(watch->current() == first);
    CHECK(watch->take({a, b}) == true);
    const Server both = watch->current();
    CHECK(both != first);
    CHECK(watch->take({a, b}) == false);
    // What the timer found broken is still told to who asks.
    certificates.folder.write("b.key", "nonsense");
    CHECK_FALSE(watch->check());
    CHECK_FALSE(watch->take({a, b}).has_value());
    CHECK(watch->current() == both);
    CHECK(watch->take({a}) == true);
}

}  // namespace heliopost::net
